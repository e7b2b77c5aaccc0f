"""`aioresponses`, mended for every aiohttp that the client supports.

aioresponses 0.7.9 breaks with aiohttp 3.14 in two ways (its issues 289 and 292): responses need a `stream_writer`,
and bodies of more than 128 KiB pause a protocol that has no parser.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import msgspec
from aiohttp import ClientResponse, StreamReader
from aiohttp.client_proto import ResponseHandler
from aioresponses import aioresponses, core

_WANTS_WRITER = "stream_writer" in inspect.signature(ClientResponse.__init__).parameters


class _Response(ClientResponse):
    def __init__(self, *args: Any, **keywords: Any) -> None:
        if _WANTS_WRITER:
            keywords.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(*args, **keywords)


def _reader(loop: Any = None) -> StreamReader:
    # With a limit that no body reaches, the reader never pauses the protocol.
    return StreamReader(ResponseHandler(loop=loop), limit=2**62, loop=loop)


@contextmanager
def mocked(**options: Any) -> Generator[aioresponses, None, None]:
    """Enter an `aioresponses` with the given options, mended while the block runs."""
    with (
        patch.object(core, "ClientResponse", _Response),
        patch.object(core, "stream_reader_factory", _reader),
        aioresponses(**options) as mock,
    ):
        yield mock


def json_of(call: Any) -> Any:
    """Return the JSON body of a request in one of the lists of `mock.requests`; None for a request without a body."""
    body = call.kwargs.get("data")
    return None if body is None else msgspec.json.decode(body)
