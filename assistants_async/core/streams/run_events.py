"""Server-sent events of a run, read as typed events: the meaning of each frame, and the end of a complete stream."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, cast, get_type_hints

import msgspec

from ..._typing import is_object
from ...errors import AssistantsError, StreamEventError, StreamInterruptedError, printable
from ...models.decoding import decoder_for
from ...models.events import (
    DONE_EVENT,
    ERROR_EVENT,
    EVENTS,
    TERMINAL_EVENTS,
    KnownEvent,
    RunEvent,
    StreamEvent,
    UnknownEvent,
)
from ...models.kinds import check_kind
from ...models.runs import Run
from ..responses.decode import in_band_error, unreadable
from .sse import DEFAULT_EVENT, Block, ServerSentEvent

_DONE = b"[DONE]"
_DONE_NAMES = (DONE_EVENT, DONE_EVENT.encode())
_MESSAGE = 2000  # characters of an error's message that are written
_ENDS = TERMINAL_EVENTS | {"thread.run.requires_action"}

Frame = ServerSentEvent | Block
"""The item that `SSEDecoder` makes of one block."""

# The name of an event; decodes its payload by the letter, and as leniently as can be; makes the event; the kinds that
# its payload may name, and True for an event of the run. Looked up once, not at each event.
_Reader = tuple[
    str, Callable[[bytes], Any], Callable[[bytes], Any], Callable[[str, Any], KnownEvent], Collection[str], bool
]
_Readers = dict[str | bytes, _Reader]
_readers: _Readers = {}
# Readers by the names of the events; the second ones keep what the models do not name.
_keeping_readers: _Readers = {}


def _reader_of(key: str | bytes, readers: _Readers) -> _Reader | None:
    name = key.decode("utf-8", "replace") if isinstance(key, bytes) else key
    kind = EVENTS.get(name)
    if kind is None:
        return None
    payload: type[Any] = get_type_hints(kind)["data"]
    decoder = decoder_for(payload)
    make = cast("Callable[[str, Any], KnownEvent]", kind)
    strict, lenient = decoder.decode_strict, decoder.decode
    if readers is _keeping_readers:
        strict = lenient = decoder.decode_keeping
    reader = readers[key] = (name, strict, lenient, make, payload.kinds, kind is RunEvent)
    return reader


def frame_named(frame: Frame) -> ServerSentEvent:
    """A frame with its name as text."""
    if isinstance(frame, ServerSentEvent):
        return frame
    return ServerSentEvent(frame[0].decode("utf-8", "replace") or DEFAULT_EVENT, frame[1])


class EventDecoder:
    """Frames to events, one at a time, in order; it remembers what a caller needs when the stream breaks off."""

    __slots__ = ("_known", "_readers", "done", "ended", "items", "last_event", "run")

    def __init__(self, *, keep_unknown: bool = False) -> None:
        self._readers = _keeping_readers if keep_unknown else _readers
        self.items = 0
        """The number of events made so far."""
        self.run: Run | None = None
        """The run as the last of its events showed it."""
        self.last_event: str | None = None
        """Name of the last event."""
        self.ended = False
        """True after a run event that promises nothing more: an end, or a call for action."""
        self.done = False
        """True after the closing `done`."""
        self._known = False

    def early_end(self) -> StreamInterruptedError | None:
        """Make the error of a body that ended before its run, with `done` or without; None where the run had ended.

        A server that sends no run events can only say by `done` that it has sent all: that counts if it sent anything.
        """
        if self.ended or (self.done and self.run is None and self._known):
            return None
        if self.run is None:
            return self.interrupted("the stream ended before its run: it had no run event")
        return self.interrupted(f"the stream ended before its run, which was {printable(str(self.run.status), 80)}")

    def interrupted(self, message: str) -> StreamInterruptedError:
        """Make the error of a stream that breaks off here: it names the run, as far as that is known."""
        run = self.run
        return StreamInterruptedError(
            message,
            items=self.items,
            run_id=run.id if run else None,
            thread_id=run.thread_id if run else None,
            last_event=self.last_event,
        )

    def decode(self, frame: Frame, *, inside: bool = False) -> StreamEvent | None:
        """Read one frame, or one found `inside` another; None for the closing `done` and for all that comes after it.

        Raises `StreamEventError` for an error event in any of its shapes, and `ItemDecodeError` for a payload that
        is not what its name promises. An unknown name makes an `UnknownEvent`.
        """
        if self.done:
            return None
        key, data = frame[0], frame[1]
        reader = self._readers.get(key)
        if reader is None:
            # Found without its name as text: each stream has one.
            if data == _DONE and key in _DONE_NAMES:
                self.done = True
                return None
            reader = _reader_of(key, self._readers)
        if reader is None:
            return self._unnamed(frame_named(frame), inside=inside)
        name, strict, lenient, make, kinds, is_run = reader
        try:
            # Strict first: data as the documents have it then costs one decode and nothing more.
            payload = strict(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            payload = self._lenient(name, data, lenient)
        if payload.object not in kinds and payload.object is not None:
            self._check(name, data, payload)
        event: StreamEvent = make(name, payload)
        self.items += 1
        self.last_event = name
        self._known = True
        if is_run:
            self.run = payload
            # A server that runs the tools itself goes on after `requires_action`.
            self.ended = name in _ENDS
        return event

    def add(self, run: Run) -> RunEvent:
        """Take a run that came as an object, and return it as the event of its status."""
        event = event_of_run(run)
        self.items += 1
        self.last_event = event.event
        self.run = run
        self.ended = event.event in _ENDS
        return event

    def _check(self, name: str, data: bytes, payload: Any) -> None:
        try:
            check_kind(payload)
        except msgspec.ValidationError as error:
            raise unreadable(f"event {name}", data, error, self.items) from error

    def _lenient(self, name: str, data: bytes, decode: Callable[[bytes], Any]) -> Any:
        try:
            return decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if (reported := in_band_error(data)) is not None:
                raise StreamEventError(reported, items=self.items) from None
            raise unreadable(f"event {name}", data, error, self.items) from error

    def _unnamed(self, frame: ServerSentEvent, *, inside: bool) -> StreamEvent | None:
        """Frames that are not in the table: the closing one, errors, frames named inside, and what servers invent."""
        name, data, _, _ = frame
        if name == DONE_EVENT or data.strip() == _DONE:
            self.done = True
            return None
        if name == ERROR_EVENT:
            raise StreamEventError(in_band_error(data, whole=True) or {}, items=self.items)
        # An error may come under any name, or none, so the data of every unknown frame is looked at.
        body = _loads(data)
        if is_object(body):
            if (error := in_band_error(data)) is not None:
                raise StreamEventError(error, items=self.items)
            # Some servers put the name and the data of an event into one JSON object.
            inner = body.get("event")
            if isinstance(inner, str) and "data" in body and not inside:
                payload = body["data"]
                raw = payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)
                return self.decode(ServerSentEvent(inner, raw), inside=True)
        self.items += 1
        self.last_event = name
        return UnknownEvent(name, data)


def _loads(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def event_of_run(run: Run) -> RunEvent:
    """Make the event of a run's status, for servers that answer a stream with one JSON run."""
    return RunEvent(f"thread.run.{run.status}", run)


def frame_of(event: StreamEvent, raw: bytes | None = None) -> bytes:
    """Write an event as a server-sent event, with the data that it came with where those are at hand."""
    if raw is None:
        raw = event.raw if isinstance(event, UnknownEvent) else event.data.to_json()
    # A line end inside the data would end its field: each line becomes a field of its own.
    lines = b"\n".join(b"data: " + line for line in raw.split(b"\n"))
    return b"event: %b\n%b\n\n" % (event.event.encode(), lines)


def frame_of_error(error: Exception) -> bytes:
    """Write an error as the event that ends a stream badly.

    Its members are those of the documents; other clients look for the same inside `error`.
    """
    members: dict[str, str | None]
    if isinstance(error, AssistantsError):
        words = error.message if isinstance(error, StreamEventError) else ""
        members = {
            "message": printable(words or str(error), _MESSAGE),
            "type": _shown(error, "type") or type(error).__name__,
            "param": _shown(error, "param"),
            "code": _shown(error, "code"),
        }
    else:  # an error of the program's own is nothing for those who read its stream
        members = {"message": "internal error", "type": "server_error", "param": None, "code": None}
    return b"event: %b\ndata: %b\n\n" % (ERROR_EVENT.encode(), msgspec.json.encode({**members, "error": members}))


def _shown(error: AssistantsError, name: str) -> str | None:
    value = getattr(error, name, None)
    return printable(value) if isinstance(value, str) else None
