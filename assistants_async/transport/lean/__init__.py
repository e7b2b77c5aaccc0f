"""The lean transport: HTTP/1.1 over asyncio's own connections and httptools, without aiohttp."""
