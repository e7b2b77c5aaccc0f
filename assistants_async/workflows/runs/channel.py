"""The channel of one run's events: its stream, and the events requested after it."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ..._typing import override
from ...calls.channel import BodyDecoder, ByteStream, Opener
from ...core.requests.options import ErrorHook
from ...core.runs.missed_events import lacks_answers
from ...core.runs.snapshot import Snapshot
from ...core.runs.status import ANSWERED, BAD_ENDS, RunEnd, checked_ends, end_of
from ...errors import StreamInterruptedError, TransportError
from ...models.events import RunEvent, StreamEvent
from ...models.runs import Run
from ...response import HTTPResponse
from .event_channel import EventChannel

if TYPE_CHECKING:
    from ...session.open_response import StreamWatch


class FollowUpStream(ByteStream, BodyDecoder[StreamEvent], Protocol):
    """The source of the events after a stream, and their decoder."""


class FollowUpMaker(Protocol):
    """The maker of the sources after a stream: `recovery.FollowUps`, which imports this module."""

    thread_id: str | None
    """The thread, where the request named it."""
    run_id: str | None
    """The run, where the request named it."""

    def after_cut(self, cut: StreamInterruptedError, http: HTTPResponse, known: Snapshot) -> FollowUpStream:
        """Make the source that takes the place of the rest of a stream."""
        ...

    def messages(
        self,
        run: Run,
        thread_id: str | None,
        http: HTTPResponse,
        known: Snapshot,
        *,
        end: RunEvent | None,
        end_marker_seen: bool,
    ) -> FollowUpStream:
        """Make the source of the messages that a stream did not have."""
        ...


class EndHolder:
    """The decoder of a run's stream, which keeps back the end of a completed run whose messages have not come.

    The messages are requested and delivered before that end, as from any other server.
    """

    def __init__(self, decoder: BodyDecoder[Any], known: Snapshot) -> None:
        self._decoder = decoder
        self._known = known
        self._decode = decoder.decode
        self.end: RunEvent | None = None
        """The event that is kept back."""

    def feed(self, data: bytes) -> list[Any]:
        """Return the frames that a piece of the body completes."""
        return self._decoder.feed(data)

    def finish(self) -> list[Any]:
        """Return the frames that the end of the body completes."""
        return self._decoder.finish()

    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """Make the error of a body that was cut, where anything was lost."""
        return self._decoder.on_disconnect(cause)

    def decode(self, frame: Any) -> StreamEvent | None:
        """Decode a frame; None for the end that is kept back."""
        event: StreamEvent | None = self._decode(frame)
        if type(event) is RunEvent and end_of(event.data) in ANSWERED and lacks_answers(self._known):
            self.end = event
            return None
        return event

    @property
    def error(self) -> Exception | None:
        """The error behind the frames there were."""
        return self._decoder.error

    @property
    def end_marker_seen(self) -> bool:
        """True after the stream's own end mark."""
        return self._decoder.end_marker_seen

    @property
    def finished(self) -> bool:
        """True where nothing more is read: what follows a run's end that has no messages may never come."""
        return self.end is not None or self._decoder.finished


class RunChannel(EventChannel[StreamEvent]):
    """The events of a streamed run, and views of them.

    An error event raises `StreamEventError`; a stream that ends before the run has ended, or required action,
    raises `StreamInterruptedError`. Leaving the block does not end the run at the server.
    """

    def __init__(
        self,
        name: str,
        opener: Opener,
        on_error: ErrorHook | None = None,
        follow_ups: Callable[[], FollowUpMaker] | None = None,
        *,
        recover: bool = False,
        raise_on: Collection[RunEnd] = BAD_ENDS,
    ) -> None:
        self._raise_on = raise_on if raise_on is BAD_ENDS else checked_ends(raise_on)
        super().__init__(name, opener, on_error)
        # Used once: for the rest of a stream that broke off, or for messages that did not come.
        self._follow_ups = follow_ups
        self._recover = recover
        self._may_have_follow_up = recover

    @override
    def _fail(self, error: Exception) -> None:
        if isinstance(error, StreamInterruptedError) and self._follow_ups is not None:
            follow_ups = self._follow_ups()
            error.run_id = error.run_id or follow_ups.run_id
            if error.run_id is not None:
                error.thread_id = error.thread_id or self._known_thread(follow_ups)
                # Without the thread a run cannot be retrieved.
                if self._recover and error.thread_id is not None:
                    source, _ = self._opened()
                    rest = None if source.watch is None else source.watch.recovery(error)
                    source.close()
                    self._follow(follow_ups.after_cut(error, source.http, self.snapshot), rest)
                    return
        super()._fail(error)

    @override
    def _has_follow_up(self) -> bool:
        """Request the messages of a completed run, once, where a view needs them and the stream had none."""
        end = self._decoder.end if self._recover and isinstance(self._decoder, EndHolder) else None
        run = self.run if end is None else end.data
        if self.outcome != "completed" or self._was_closed or self._follow_ups is None or run is None:
            return False
        if end is None and not (end_of(run) in ANSWERED and lacks_answers(self.snapshot)):
            return False
        follow_ups, seen = self._follow_ups(), self.terminal_marker_seen
        thread_id = run.thread_id or self._known_thread(follow_ups)
        self._follow(follow_ups.messages(run, thread_id, self.http, self.snapshot, end=end, end_marker_seen=seen))
        return True

    def _follow(self, follow_up: FollowUpStream, watch: StreamWatch | None = None) -> None:
        # Once: a follow-up that fails ends the channel.
        self._follow_ups, self._recover = None, False
        follow_up.watch = watch
        self._read_from(follow_up, follow_up)
        self.outcome = "open"

    def _known_thread(self, follow_ups: FollowUpMaker) -> str | None:
        thread = self.snapshot.thread
        return follow_ups.thread_id or (None if thread is None else thread.id)

    @override
    def _want_answers(self) -> None:
        self._may_have_follow_up = True

    @classmethod
    def from_sse(cls, chunks: AsyncIterable[bytes], *, raise_on: Collection[RunEnd] = BAD_ENDS) -> RunChannel:
        """Make a channel of bytes that `sse` made, or of any run's event stream, cut anyhow; enter it as usual.

        `raise_on` names the ends of the run that raise out of the views that give its answer, all four unless given.
        """
        from ...calls.chunk_stream import open_run_events  # on use: few read events from elsewhere

        return cls("from_sse", partial(open_run_events, chunks), raise_on=raise_on)
