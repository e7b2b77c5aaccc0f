"""Messages: citations rendered as names, attached files saved to disk."""
