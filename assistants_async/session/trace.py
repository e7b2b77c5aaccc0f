"""Showing what goes over the wire, to a `trace` callback and to the log, with every credential masked."""

from __future__ import annotations

import logging
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..core.requests.options import Trace
from ..core.requests.request import PreparedRequest, Request, is_secret
from ..errors import AssistantsError, StatusError, printable
from ..response import HTTPResponse
from ..transport.interface import RawResponse

if TYPE_CHECKING:
    from .masking import Masker


def trace_request(trace: Trace, outgoing: PreparedRequest, masker: Masker) -> None:
    """Show a request: `TEXT`, a `HEADER OUT` for each header, `DATA OUT` where there is a body."""
    url = masker.text(outgoing.url)
    trace("TEXT", f"{outgoing.operation}: {outgoing.method} {url}, attempt {outgoing.attempt}")
    _trace_headers(trace, "HEADER OUT", outgoing.headers.items(), masker)
    if isinstance(outgoing.body, bytes):
        trace("DATA OUT", masker.text(outgoing.body.decode("utf-8", "replace")))
    elif outgoing.body is not None:
        trace("DATA OUT", f"<{outgoing.body.content_type}, {outgoing.body.length} bytes>")


def show_head(
    log: logging.Logger, request: Request, attempt: int, head: RawResponse, trace: Trace | None, masker: Masker
) -> None:
    """Log the head of an answer, and show it to `trace`: `TEXT`, a `HEADER IN` for each header."""
    request_id = printable(masker.text(head.headers.get("x-request-id", "-")), 80)
    log.debug("%s: %d, attempt %d, request %s", request.endpoint, head.status, attempt, request_id)
    if trace is not None:
        trace("TEXT", f"{head.status} {masker.text(head.reason)}")
        _trace_headers(trace, "HEADER IN", head.headers.pairs, masker)


def log_retry(log: logging.Logger, request: Request, attempt: int, delay: float, failure: AssistantsError) -> None:
    """Log that an attempt failed, why, and when the next one comes."""
    # Of an answer the status alone: its words may be what the user wrote.
    cause = failure.status if isinstance(failure, StatusError) else failure
    text = "%s: attempt %d failed, next in %.3f s: %s: %s"
    log.debug(text, request.endpoint, attempt, delay, type(failure).__name__, cause)


def trace_body(trace: Trace, http: HTTPResponse, masker: Masker) -> None:
    """Show the body of an answer: `DATA IN`."""
    trace("DATA IN", masker.text(http.content.decode("utf-8", "replace")))


def stream_tracer(trace: Trace, masker: Masker) -> Callable[[bytes], None]:
    """Make the function that shows the body of a stream: `DATA IN` for each piece, no character and no key cut."""
    # Incremental, since a piece of the body may end in the middle of a character.
    decode = getincrementaldecoder("utf-8")("replace").decode
    held = ""

    def show(piece: bytes) -> None:
        nonlocal held
        text = held + decode(piece, not piece)
        end = masker.beginning(text) if piece else len(text)
        held = text[end:]
        if end:
            trace("DATA IN", masker.text(text[:end]))

    return show


def _trace_headers(trace: Trace, kind: str, pairs: Iterable[tuple[str, str]], masker: Masker) -> None:
    for name, value in pairs:
        trace(kind, f"{name}: {'[masked]' if is_secret(name) else masker.text(value)}")
