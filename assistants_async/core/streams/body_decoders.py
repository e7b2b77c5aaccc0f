"""Decoders that turn the bytes of an answer into items, chosen by its content type or by the caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from ..._typing import override
from ...errors import (
    ConnectionLostError,
    ItemDecodeError,
    StreamError,
    StreamEventError,
    StreamInterruptedError,
    StreamTruncatedError,
    TransportError,
)
from ...models.decoding import decoder_for
from ...models.events import RunEvent, StreamEvent
from ...models.kinds import check_kind
from ...models.pages import is_page, item_type, like
from ...models.runs import Run
from ...response import HTTPResponse
from ..requests.endpoint import Endpoint
from ..requests.options import BadItemHook, Framing, Options, OwnFraming
from ..responses.decode import in_band_error, unreadable
from .framer import PARTIAL_CAP, JSONFramer, OwnFramer
from .run_events import EventDecoder
from .sse import ServerSentEvent, SSEDecoder

S = TypeVar("S")

_FRAMINGS: dict[str, Framing] = {
    "application/json-seq": "json-seq",
    "application/x-ndjson": "lines",
    "application/ndjson": "lines",
    "application/jsonl": "lines",
    "application/x-jsonlines": "lines",
    "application/jsonlines": "lines",
    "application/json-lines": "lines",
    "text/event-stream": "sse",
}
"""Content types that do not mean JSON documents."""


_BLANK = b"\xef\xbb\xbf \t\r\n"
"""Bytes that are no part of a document: a byte order mark and white space."""


def framing_of(http: HTTPResponse, options: Options, default: Framing) -> Framing | Callable[[], OwnFraming]:
    """The framing that the caller chose, else the content type's, else that of the operation."""
    if options.framing != "auto":
        return options.framing
    kind = http.content_type
    return _FRAMINGS.get(kind, "json") if kind else default


class ItemBodyDecoder(Generic[S]):
    """JSON values in any framing, each decoded as one type."""

    __slots__ = ("_decode", "_framer", "_has_kind", "_items", "_needed", "_skip", "finished")

    def __init__(
        self,
        framer: JSONFramer | SSEDecoder,
        decode: Callable[[bytes], S],
        skip: BadItemHook | None,
        *,
        needed: bool = False,
        has_kind: bool = False,
    ) -> None:
        # A document must follow until something of it has come: an empty body is none.
        self._needed = needed
        self._framer = framer
        self._decode = decode
        self._skip = skip
        self._has_kind = has_kind
        self._items = 0
        self.finished = False

    def feed(self, data: bytes) -> list[Any]:
        """The raw items that a piece of the body completes."""
        if self._needed and data.strip(_BLANK):
            self._needed = False
        return list[Any](self._framer.feed(data))

    def finish(self) -> list[Any]:
        """Return the raw items that the end completes; raises `StreamTruncatedError` inside an item, or before any."""
        if self._needed:
            raise StreamTruncatedError("the body is empty", items=0, partial=b"")
        if isinstance(self._framer, JSONFramer):
            return list[Any](self._framer.finish())
        if rest := self._framer.finish():
            text = "the body ended inside an event"
            raise StreamTruncatedError(text, items=self._items, partial=rest[:PARTIAL_CAP])
        return []

    @property
    def error(self) -> Exception | None:
        """The error that the framer found behind the items that it returned, or an error object in place of a list."""
        error, around = self._framer.error, self._around
        if error is not None and around is not None and (told := in_band_error(around)) is not None:
            return StreamEventError(told, items=self._items)
        return error

    @property
    def end_marker_seen(self) -> bool:
        """True once a list's closing brace, or `[DONE]`, has arrived."""
        return self.finished or self._around is not None

    @property
    def _around(self) -> bytes | None:
        return self._framer.closed_envelope if isinstance(self._framer, JSONFramer) else None

    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """A cut inside an item is a truncation; between items, and of a silent server, the cause says it best."""
        if isinstance(cause, ConnectionLostError) and not self._needed:
            try:
                self.finish()
            except StreamTruncatedError as error:
                error.__cause__ = cause
                return error
            except StreamError:
                pass
        return cause

    def decode(self, frame: Any) -> S | None:
        """Decode one raw item, leaving out a bad one where the caller asked for that."""
        raw: bytes = frame.data if isinstance(frame, ServerSentEvent) else frame
        if self.finished or raw == b"[DONE]":
            self.finished = True
            return None
        try:
            item = self._decode(raw)
            named: Any = item
            if self._has_kind and named.object not in named.kinds:
                check_kind(item)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if (told := in_band_error(raw)) is not None:
                raise StreamEventError(told, items=self._items) from None
            bad = unreadable("item", raw, error, self._items)
            if self._skip is None:
                raise bad from error
            self._skip(bad)
            return None
        self._items += 1
        return item


class RawBodyDecoder:
    """The body's pieces as they come."""

    error = None
    end_marker_seen = False
    finished = False

    def feed(self, data: bytes) -> list[Any]:
        """The piece itself."""
        return [data]

    def finish(self) -> list[Any]:
        """Nothing more."""
        return []

    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """The connection's own error."""
        return cause

    def decode(self, frame: Any) -> bytes | None:
        """The piece itself."""
        piece: bytes = frame
        return piece


class RunEventBodyDecoder:
    """The server-sent events of a run."""

    __slots__ = ("_decode", "_decoder", "_framer")

    def __init__(self, options: Options) -> None:
        self._framer = SSEDecoder(options.max_item_bytes)
        self._decoder = EventDecoder(keep_unknown=options.keep_unknown)
        decode = self._decoder.decode
        self._decode: Callable[[Any], StreamEvent | None] = (
            decode if options.on_bad_item is None else _skipping(decode, options.on_bad_item)
        )

    @property
    def decode(self) -> Callable[[Any], StreamEvent | None]:
        """Reads one frame as an event; None for `done` and what comes after it."""
        return self._decode

    def feed(self, data: bytes) -> list[Any]:
        """The frames that a piece of the body completes."""
        return self._framer.blocks(data) or self._framer.feed(data)

    def finish(self) -> list[Any]:
        """Return nothing more; raises `StreamInterruptedError` for a body that ended before its run."""
        if (error := self._decoder.early_end()) is not None:
            raise error
        return []

    @property
    def error(self) -> Exception | None:
        """The framer's error behind the frames that it returned, or that of a `done` before the run's end."""
        return self._decoder.early_end() if self._decoder.done else self._framer.error

    @property
    def end_marker_seen(self) -> bool:
        """True after `done`."""
        return self._decoder.done

    @property
    def finished(self) -> bool:
        """True after a `done` that ends a run that had ended: what follows is not read."""
        return self._decoder.done and self._decoder.early_end() is None

    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """Return None for a cut after the run's end, which costs nothing, and else an error that names the run."""
        return _cut(self._decoder, cause)


def _cut(seen: EventDecoder, cause: TransportError) -> Exception | None:
    if seen.ended:
        return None
    error = seen.interrupted(str(cause))
    error.__cause__ = cause
    return error


class RunBodyDecoder(ItemBodyDecoder[StreamEvent]):
    """Runs as JSON, from a server that does not stream: the run may only have been queued."""

    __slots__ = ("_decoder", "_early_end")

    def __init__(
        self, framer: JSONFramer | SSEDecoder, skip: BadItemHook | None, *, keep_unknown: bool = False
    ) -> None:
        self._decoder = seen = EventDecoder()
        self._early_end: StreamInterruptedError | None = None
        runs = decoder_for(Run)
        read = runs.decode_keeping if keep_unknown else runs.decode

        def event_of(raw: bytes) -> StreamEvent:
            run = read(raw)
            check_kind(run)
            return seen.add(run)

        super().__init__(framer, event_of, skip)

    @override
    def finish(self) -> list[Any]:
        """Return the runs that the end completes; a last run that has not ended leaves an error behind them."""
        try:
            frames = super().finish()
        except StreamTruncatedError as error:
            raise self._decoder.interrupted(str(error)) from error
        decode = super().decode
        found = [event for frame in frames if (event := decode(frame)) is not None]
        self._early_end = self._decoder.early_end()
        return found

    @property
    @override
    def error(self) -> Exception | None:
        """The framer's error, or that of a body that ended before its run."""
        return super().error or self._early_end

    @override
    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """Return None for a cut after the run's end, which costs nothing, and else an error that names the run."""
        return _cut(self._decoder, cause)

    @override
    def decode(self, frame: Any) -> StreamEvent | None:
        """Read one run as an event, unless `finish` has."""
        return frame if isinstance(frame, RunEvent) else super().decode(frame)


def _skipping(decode: Callable[[Any], S | None], skip: BadItemHook) -> Callable[[Any], S | None]:
    """Leave out what cannot be decoded."""

    def decode_or_skip(frame: Any) -> S | None:
        try:
            return decode(frame)
        except ItemDecodeError as error:
            skip(error)
            return None

    return decode_or_skip


def _framer(framing: Framing | Callable[[], OwnFraming], limit: int, *, elements: bool) -> JSONFramer | SSEDecoder:
    if callable(framing):
        return OwnFramer(framing(), limit)
    if framing == "sse":
        return SSEDecoder(limit)
    # Imported on use: most clients stream runs alone, and the patterns of JSON take a while to be made.
    from .json_framers import ConcatenatedJSON, JSONLines, JSONSequence, ListElements

    match framing:
        case "lines":
            return JSONLines(limit)
        case "json-seq":
            return JSONSequence(limit)
        case _:
            return ListElements(limit) if elements else ConcatenatedJSON(limit)


def _of_page(decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Refuse what is no page: every member has a default, so an error object, too, would read as an empty one."""

    def decode_page(raw: bytes) -> Any:
        page = decode(raw)
        if not page.data and "data" not in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]):
            raise msgspec.ValidationError("Object missing required field `data`")
        return page

    return decode_page


def item_reading(
    endpoint: Endpoint[Any, Any], http: HTTPResponse, options: Options, result: Any, *, pages: bool = False
) -> ItemBodyDecoder[Any] | RawBodyDecoder:
    """The reading of a plain call: elements of a list, one object, or the bytes of a file."""
    framing = framing_of(http, options, "json")
    if framing == "bytes" or (endpoint.result is bytes and options.framing == "auto"):
        return RawBodyDecoder()
    if options.resolve_type is not None:
        result = like(endpoint.result, options.resolve_type(endpoint.operation, http) or result)
    listed = is_page(result)
    elements = listed and not pages
    own = result is not endpoint.result
    decoder = decoder_for((item_type(result) if own else endpoint.item) if elements else result)
    lenient = decoder.decode_keeping if options.keep_unknown else decoder.decode
    decode = decoder.decode_strict if options.strict else lenient
    if listed and pages:
        decode = _of_page(decode)
    needed = framing == "json" and http.method != "DELETE"
    framer = _framer(framing, options.max_item_bytes, elements=elements)
    return ItemBodyDecoder(framer, decode, options.on_bad_item, needed=needed, has_kind=decoder.has_kind)


def run_reading(http: HTTPResponse, options: Options) -> RunEventBodyDecoder | RunBodyDecoder:
    """Choose the decoder of a streamed run: of events, or of the run alone that a server without streams answers."""
    framing = framing_of(http, options, "sse")
    if framing == "sse":
        return RunEventBodyDecoder(options)
    framer = _framer(framing, options.max_item_bytes, elements=False)
    return RunBodyDecoder(framer, options.on_bad_item, keep_unknown=options.keep_unknown)
