"""The session of one client: attempts, limits, credentials and hooks around each request."""
