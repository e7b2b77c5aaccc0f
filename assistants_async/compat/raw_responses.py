"""Answers beside their values: what `with_raw_response` and `with_streaming_response` give."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from .._typing import override
from ..calls.call import Call
from ..calls.channel import Channel
from ..calls.download import Download
from ..models.decoding import decoder_for
from ..response import Headers, HTTPResponse
from ..session.tasks import in_thread
from .errors import translating
from .models import dressed
from .web import WebRequest, WebResponse

T = TypeVar("T")


class APIResponse(Generic[T]):
    """A whole answer: head, body and the value that it has."""

    def __init__(self, value: T, http: HTTPResponse) -> None:
        self._value = value
        self._http = http

    def parse(self) -> T:
        """Return the value of the answer."""
        return self._value

    @property
    def http_response(self) -> WebResponse:
        """The answer under httpx's names."""
        return WebResponse(self._http)

    @property
    def http_request(self) -> WebRequest:
        """The request that was answered."""
        return self.http_response.request

    @property
    def headers(self) -> Headers:
        """Response headers."""
        return self._http.headers

    @property
    def status_code(self) -> int:
        """Status code."""
        return self._http.status

    @property
    def request_id(self) -> str | None:
        """The server's own name of the request."""
        return self._http.request_id

    @property
    def method(self) -> str:
        """Request method."""
        return self._http.method

    @property
    def url(self) -> str:
        """The URL that answered."""
        return self._http.url

    @property
    def content(self) -> bytes:
        """The body."""
        return self._http.content

    @property
    def text(self) -> str:
        """The body as text."""
        return self.http_response.text

    @property
    def retries_taken(self) -> int:
        """The number of times that the request was sent again."""
        return self._http.attempts - 1

    @property
    def is_closed(self) -> bool:
        """True: the body was read."""
        return True

    @property
    def elapsed(self) -> timedelta:
        """Time from the first attempt to the end of the body."""
        return self.http_response.elapsed

    @override
    def __repr__(self) -> str:
        return f"<APIResponse [{self.status_code}] {type(self._value).__name__}>"


class StreamedResponse(Generic[T]):
    """An answer whose head has come; its body is read on demand, once, and kept by `read` and `parse`."""

    def __init__(self, channel: Channel[Any], result: Any) -> None:
        self._channel = channel
        self._result = result
        self._body: bytes | None = None

    @property
    def headers(self) -> Headers:
        """Response headers."""
        return self._channel.http.headers

    @property
    def status_code(self) -> int:
        """Status code."""
        return self._channel.http.status

    @property
    def request_id(self) -> str | None:
        """The server's own name of the request."""
        return self._channel.http.request_id

    @property
    def is_closed(self) -> bool:
        """True once the body was read, or given up."""
        return self._channel.outcome != "open"

    async def read(self) -> bytes:
        """Read the whole body."""
        # Kept, since old code calls `text()` and `json()` one after the other.
        if self._body is None:
            self._body = b"".join([piece async for piece in self.iter_bytes()])
        return self._body

    async def text(self) -> str:
        """Read the whole body as text."""
        return (await self.read()).decode("utf-8", "replace")

    async def json(self) -> Any:
        """Read the whole body as plain values."""
        return msgspec.json.decode(await self.read())

    async def parse(self) -> T:
        """Read the whole body, and return its value."""
        body = await self.read()
        result: Any = body if self._result is bytes else decoder_for(self._result).decode(body)
        value: T = dressed(result)
        return value

    def _pieces(self) -> AsyncIterator[bytes]:
        return self._channel

    async def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Yield the body as it comes, or in pieces of a size."""
        left = b""
        with translating():
            async for piece in self._pieces():
                if chunk_size is None:
                    yield piece
                    continue
                left += piece
                while len(left) >= chunk_size:
                    yield left[:chunk_size]
                    left = left[chunk_size:]
        if left:
            yield left

    async def iter_lines(self) -> AsyncIterator[str]:
        """Yield the body line by line."""
        left = b""
        async for piece in self.iter_bytes():
            # Split as bytes: a piece may end inside a character.
            *lines, left = (left + piece).split(b"\n")
            for line in lines:
                yield line.removesuffix(b"\r").decode("utf-8", "replace")
        if left:
            yield left.decode("utf-8", "replace")

    async def stream_to_file(self, file: str | PathLike[str]) -> None:
        """Write the body to a file as it comes."""
        # In threads: a disk may be slow, and other calls go on meanwhile.
        with await in_thread(lambda: Path(file).open("wb")) as opened:
            async for piece in self.iter_bytes():
                await in_thread(partial(opened.write, piece))

    async def close(self) -> None:
        """Let go of the connection."""
        await self._channel.aclose()


class StreamedResponseManager(Generic[T]):
    """Enter to send a request and have its answer at the head."""

    def __init__(self, response: StreamedResponse[T], channel: Channel[Any]) -> None:
        self._response = response
        self._channel = channel

    async def __aenter__(self) -> StreamedResponse[T]:
        with translating():
            await self._channel.__aenter__()
        return self._response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._channel.__aexit__(kind, error, trace)


def streamed(call: Call[Any, Any], result: Any) -> StreamedResponseManager[Any]:
    """Make what is entered for the answer of a call at its head."""
    # The body as it comes, whatever the call would make of it.
    plain: Call[Any, Any] = call if isinstance(call, Download) else call.with_options(framing="bytes")
    channel = Call[Any, Any].stream(plain)
    return StreamedResponseManager(StreamedResponse(channel, result), channel)


class RawResponses:
    """The methods of a namespace, and the namespaces in it, whose calls give whole answers."""

    def __init__(self, made: dict[str, Any]) -> None:
        self.__dict__.update(made)

    if TYPE_CHECKING:  # made above, one by one

        def __getattr__(self, name: str) -> Any: ...
