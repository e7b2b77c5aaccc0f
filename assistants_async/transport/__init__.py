"""The transport: an interface, and its implementations over aiohttp and, in `lean`, without it."""
