"""Bytes to a server and back, past any HTTP client."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

from assistants_async.server import AssistantsServer


async def send(server: AssistantsServer, first: bytes, *more: bytes) -> bytes:
    """Send bytes, further ones after each answer's head, and read until the server closes or has answered all."""
    url = urlsplit(server.base_url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    read = b""
    try:
        writer.write(first)
        for piece in more:
            read += await reader.readuntil(b"\r\n\r\n")
            writer.write(piece)
        if not more and first.endswith((b"\r\n\r\n", b"}")):
            # A whole request is answered on an open connection.
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return head + await reader.readexactly(length)
        with contextlib.suppress(ConnectionError):
            read += await reader.read()
        return read
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
