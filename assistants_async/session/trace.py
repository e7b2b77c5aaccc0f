"""Telling a `trace` callback what goes over the wire, with credentials masked and bodies as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..core.requests.options import Trace
from ..core.requests.request import PreparedRequest, is_secret
from ..response import Headers, HTTPResponse


def trace_request(trace: Trace, outgoing: PreparedRequest) -> None:
    """Tell of a request: `TEXT`, a `HEADER OUT` for each header, `DATA OUT` where there is a body."""
    trace("TEXT", f"{outgoing.operation}: {outgoing.method} {outgoing.url}, attempt {outgoing.attempt}")
    _trace_headers(trace, "HEADER OUT", outgoing.headers.items())
    if isinstance(outgoing.body, bytes):
        trace("DATA OUT", outgoing.body.decode("utf-8", "replace"))
    elif outgoing.body is not None:
        trace("DATA OUT", f"<{outgoing.body.content_type}, {outgoing.body.length} bytes>")


def trace_head(trace: Trace, status: int, reason: str, headers: Headers) -> None:
    """Tell of the head of an answer: `TEXT`, a `HEADER IN` for each header."""
    trace("TEXT", f"{status} {reason}")
    _trace_headers(trace, "HEADER IN", headers.pairs)


def trace_body(trace: Trace, http: HTTPResponse) -> None:
    """Tell of the body of an answer: `DATA IN`."""
    trace("DATA IN", http.content.decode("utf-8", "replace"))


def stream_tracer(trace: Trace) -> Callable[[bytes], None]:
    """Make a function that traces the body of a stream: `DATA IN` for each piece as it is read, no character cut."""
    from codecs import getincrementaldecoder  # on use

    decode = getincrementaldecoder("utf-8")("replace").decode

    def tell(piece: bytes) -> None:
        if text := decode(piece, not piece):
            trace("DATA IN", text)

    return tell


def _trace_headers(trace: Trace, kind: str, pairs: Iterable[tuple[str, str]]) -> None:
    for name, value in pairs:
        trace(kind, f"{name}: {'[masked]' if is_secret(name) else value}")
