"""Decoders of streamed runs: server-sent events, or the run alone from a server that does not stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..._typing import override
from ...errors import ItemDecodeError, StreamInterruptedError, StreamTruncatedError, TransportError
from ...models.decoding import decoder_for
from ...models.events import RunEvent, StreamEvent
from ...models.kinds import check_kind
from ...models.runs import Run
from ..requests.options import BadItemHook, Options
from .framer import JSONFramer
from .item_decoders import ItemBodyDecoder
from .run_events import EventDecoder
from .sse import SSEDecoder

S = TypeVar("S")


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
        # Whole blocks of the usual form first, which is nearly every piece: a third of the cost of `feed`.
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
    # Servers may close without a `done`: after the end of the run nothing is missing.
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
        # Decoded here and not later: only the runs themselves show whether the body came to its end.
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
