"""The transport: an interface, and its one implementation over aiohttp."""
