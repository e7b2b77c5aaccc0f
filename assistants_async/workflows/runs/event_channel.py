"""The events of runs, from a stream or a drive, and the views of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..._typing import Generic, override
from ...calls.channel import Channel, Opener
from ...core.requests.options import ErrorHook
from ...core.runs.snapshot import Snapshot
from ...core.runs.status import error_of
from ...errors import StreamError, StreamInterruptedError
from ...errors.old_names import Listed, old_names
from ...models.events import (
    DONE_FRAME,
    FINISHED_MESSAGE,
    FINISHED_STEP,
    MessageDeltaEvent,
    MessageEvent,
    RunEvent,
    RunStepEvent,
    StreamEvent,
)
from ...models.messages import Message
from ...models.runs import Run
from ...models.steps import RunStep
from .event_handler import EventHandler, dispatch_events
from .views import SSEView, View

if TYPE_CHECKING:
    from ...core.streams.run_events import Frame
    from ...session.open_response import StreamWatch

E = TypeVar("E")
T = TypeVar("T", Message, RunStep)
V = TypeVar("V")


@old_names
class EventChannel(Channel[E], Listed, Generic[E]):
    """Events of runs, and views of them.

    A view (`text`, `runs`, `messages`, `steps`) reads the same stream, so use one at a time; one may go on where
    another stopped. The views that give the run's answer (`text`, `messages`, `partial`, `final_messages`) raise the
    `RunError` of a run that failed, expired, was cancelled or stopped short, after the part of the answer that came.
    The other views, and the events, show such a run and do not raise.
    """

    # The ends that raise out of the views that give the answer: none where the events raise already.
    _raise_on: Collection[str] = ()

    def __init__(self, name: str, opener: Opener | None, on_error: ErrorHook | None = None) -> None:
        super().__init__(name, opener, on_error)
        # Ids of the messages and steps that a view has yielded: the next view does not yield them again.
        self._yielded: set[str] | None = None
        self._frame: Any = None
        self.snapshot = Snapshot()
        """Run, messages and steps as far as they have come; a message is put together on access."""

    @property
    def run(self) -> Run | None:
        """The run as its last event showed it; None before its first."""
        return self.snapshot.run

    @override
    def _ready(self) -> E | None:
        try:
            for frame in self._frames:
                event = self._decode(frame)
                if event is not None:
                    self.items_delivered += 1
                    self._frame = frame
                    self.snapshot.add(event)
                    return event
        except StreamError as error:
            self._frames = iter(())
            self._fail(error)
        return None

    @override
    def _show_end(self, watch: StreamWatch) -> None:
        watch.shown(self.run, self.snapshot.messages)
        super()._show_end(watch)

    # Views: each event makes at most one thing; nothing is lost where a read is cancelled

    def text(self) -> AsyncIterator[str]:
        """Yield the run's text as it comes, each piece once, also where a message comes whole or ends with more."""
        return self._answer_view(self._text_of)

    def runs(self) -> AsyncIterator[Run]:
        """Yield the run each time its status changes: the v1 document's `Channel{RunObject}`."""
        return View(self, lambda event: event.data if isinstance(event, RunEvent) else None)

    def messages(self) -> AsyncIterator[Message]:
        """Yield each message once, when it is finished; at the end those that the server never finished."""

        def finished(event: object) -> Message | None:
            if isinstance(event, MessageEvent) and event.event in FINISHED_MESSAGE:
                return self._once(event.data)
            return None

        return self._answer_view(finished, lambda: (self._once(message) for message in self.snapshot.messages))

    def steps(self) -> AsyncIterator[RunStep]:
        """Yield each step once, when it has ended; at the end those that have not, as far as they have come."""

        def ended(event: object) -> RunStep | None:
            if isinstance(event, RunStepEvent) and event.event in FINISHED_STEP:
                return self._once(event.data)
            return None

        return View(self, ended, lambda: (self._once(step) for step in self.snapshot.steps))

    def partial(self) -> AsyncIterator[Any]:
        """Yield the JSON that the run writes as far as it has come, each time that there is more of it.

        For answers in a `response_format`: plain values, each a prefix of the next. Without JSON nothing is yielded.
        A text of more than 256 characters is read again each time that it has grown by a 256th of its length (past
        32 KiB by a 32nd), and at the end, so that the work stays linear.
        """
        from ...core.runs.partial_json import PartialJSON  # on use: its patterns take a while to be made

        last: Any = None
        texts: dict[str, PartialJSON] = {}

        def grown(event: object) -> Any:
            if type(event) is MessageDeltaEvent:
                text = texts.setdefault(event.data.id, PartialJSON())
                return value_of(event.data.id) if text.grow(len(event.text)) else None
            if isinstance(event, MessageEvent) and event.data.content:
                return value_of(event.data.id)
            return None

        def value_of(message_id: str) -> Any:
            nonlocal last
            message = self.snapshot.message(message_id).whole()
            if message.role == "user":
                return None
            value = self._answer_so_far(texts.setdefault(message_id, PartialJSON()).read(message.text))
            if value == last:
                return None
            last = value
            return value

        def left() -> Iterable[Any]:
            return (value_of(name) for name, text in texts.items() if text.is_behind)

        return self._answer_view(grown, left)

    def _answer_so_far(self, value: Any) -> Any:
        """Return the answer within the JSON that contains it."""
        return value

    def sse(self) -> AsyncIterator[bytes]:
        """Yield the events as server-sent events again, the closing one included, for a browser.

        A stream that fails ends with an error event in place of the closing one, and does not raise: `outcome` is
        then `"failed"`, and `on_error` is called. An error of the program's own, such as that of a hook, is raised
        after an error event that does not show it. `RunChannel.from_sse` reads all of them back.
        """
        from ...core.streams.run_events import frame_named, frame_of, frame_of_error  # on use: few serve a browser

        def written(event: object) -> bytes:
            if not isinstance(event, StreamEvent):
                return b""
            # The data as it came: models leave out members that no document names.
            frame = self.received()
            sent = None if frame is None else frame_named(frame)
            return frame_of(event, sent.data if sent is not None and sent.event == event.event else None)

        return SSEView(self, written, lambda: (DONE_FRAME,), frame_of_error)

    def received(self) -> Frame | None:
        """Return the frame that the last event came in; None where it was made here."""
        return cast("Frame", self._frame) if isinstance(self._frame, tuple) else None

    def _text_of(self, event: object) -> str:
        if type(event) is MessageDeltaEvent:
            return event.text
        if isinstance(event, MessageEvent) and event.data.role != "user":
            return event.data.text[self.snapshot.message(event.data.id).text_length_before :]
        return ""

    def _once(self, thing: T) -> T | None:
        self._yielded = self._yielded or set()
        if thing.id in self._yielded:
            return None
        self._yielded.add(thing.id)
        return thing

    # Ends

    async def until_done(self) -> None:
        """Read to the end of the stream."""
        async for _ in self:
            pass

    async def final_run(self) -> Run:
        """Read to the end, and return the run as it was then, also where its messages could not be requested."""
        try:
            await self.until_done()
        except StreamInterruptedError:
            if self.run is None or not self.run.is_terminal:
                raise
        run = self.run
        if run is None:
            raise StreamInterruptedError("the stream had no run event", items=self.items_delivered)
        return run

    async def final_messages(self) -> tuple[Message, ...]:
        """Read to the end, and return the messages of the run, in the order they began."""
        view: View[None] = self._answer_view(_nothing)
        async for _ in view:
            pass  # pragma: no cover  # nothing is picked
        return self.snapshot.messages

    async def wait_for(self, name: str) -> E:
        """Read up to an event of this name, such as `"thread.run.requires_action"`, and return it.

        Raises `StreamInterruptedError` where the stream ends well but without it.
        """
        async for event in self:
            if getattr(event, "event", None) == name:
                return event
        run = self.run
        raise StreamInterruptedError(
            f"the stream ended without {name}",
            items=self.items_delivered,
            run_id=run.id if run else None,
            thread_id=run.thread_id if run else None,
        )

    async def handle(self, handler: EventHandler) -> None:
        """Read to the end, calling the handler's methods; an error of a method ends the stream and is raised here."""
        await dispatch_events(self, handler)

    def _answer_view(
        self, pick: Callable[[object], V | None], rest: Callable[[], Iterable[V | None]] = tuple
    ) -> View[V]:
        """Make a view that gives the run's answer, so that the error of a run without one is raised."""
        self._want_answers()
        return View(self, pick, rest, self._check_run)

    def _want_answers(self) -> None:
        """Note that a view gives the run's answer, so that missing messages are requested."""

    async def _check_run(self) -> None:
        """Raise the error of a run that ended badly, where its stream was read to the end."""
        run = self.run
        if run is None or self.outcome != "completed":
            return
        self._error = error_of(run, self._raise_on, self.snapshot.steps)
        if self._error is not None:
            self._error.add_note(f"while streaming {self._name}")
            await self._more()


def _nothing(_: object) -> None:
    """Pick no event."""
