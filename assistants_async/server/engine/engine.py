"""The scheduler of runs: each active run has at most one task, which calls the responder and paces its answer.

A thread has at most one active run. A run that waits for outputs has no task, only a timer for its expiry.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any

from ..storage.collection import Document
from ..storage.due_times import DueTimes
from ..storage.ids import IdFactory
from ..storage.search import Found
from ..storage.store import Store
from .actions import AskApproval, CallPiece, CallTools, Ended, Fail, Incomplete, Piece, RefusalPiece, Say, Stall, Used
from .active_run import ActiveRun
from .event_feed import Feed
from .pieces import Outcome, SmallAction, take
from .responder import Backend, Responder, actions_of
from .tokens import tokens
from .turn import Dialect

_log = logging.getLogger(__name__)

# How often a run looks at a clock that is not the system's.
_LOOK = 0.01
# Events between two turns of the loop, where nothing else waits.
_BATCH = 64
# Seconds for which a closing server waits for responders that do not end at once.
_CLOSE = 0.5
_CAP = "max_completion_tokens"


class Engine:
    """Drives runs through their life."""

    def __init__(
        self,
        store: Store,
        names: IdFactory,
        responder: Responder,
        *,
        file_search: Callable[[Document, str], list[Found]],
        clock: Callable[[], float],
        pace: float,
        speed: float,
        dialect: Dialect | None = None,
    ) -> None:
        self._file_search = file_search
        self._store = store
        self._names = names
        self._responder = responder
        self._clock = clock
        self._pace = pace
        self._speed = speed
        self._dialect: Dialect | None = dialect
        self._ticks = 0
        self._lives: dict[str, ActiveRun] = {}
        self._work: dict[str, asyncio.Task[None]] = {}
        self._due = DueTimes()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # ... what the handlers ask for ...

    def active(self, thread_id: str) -> Document | None:
        """The active run of a thread."""
        life = self._lives.get(thread_id)
        return None if life is None else life.run

    def start(self, run: Document, feed: Feed | None, *, thread: Document | None = None) -> None:
        """Take a new run into the world; `thread` is given where it was made with the run."""
        life = self._lives[run["thread_id"]] = ActiveRun(run, self._store, self._names, self._clock, self._dialect)
        self._listen(life, feed)
        # Before the first turn: a run may expire while its responder has not begun.
        self._due.add(run["thread_id"], run["expires_at"])
        if thread is not None:
            life.emit("thread.created", "thread", thread)
        life.emit("thread.run.created", "run", run)
        life.emit("thread.run.queued", "run", run)
        self._arm(life)
        self._begin(life, self._turn(life))

    def waiting_for(self, run: Document) -> list[str]:
        """Ids of the calls that a run waits for; empty where it waits for none."""
        life = self._life(run)
        return life.call_ids() if life is not None and run["status"] == "requires_action" else []

    def submit(self, run: Document, answers: Mapping[str, Any], feed: Feed | None) -> None:
        """Give a waiting run an output or a decision for each of its calls."""
        life = self._lives[run["thread_id"]]
        self._listen(life, feed)
        life.answer(answers)
        self._begin(life, self._turn(life))

    def cancel(self, run: Document) -> None:
        """Stop an active run: it is `cancelling` now, and `cancelled` a pace later."""
        life = self._lives[run["thread_id"]]
        # In two steps, as the vendor does it: clients must cope with `cancelling`.
        life.move("cancelling", required_action=None)
        self._begin(life, self._cancel(life))

    def drop(self, thread_id: str) -> None:
        """Forget the active run of a thread that is being deleted; its readers see the end of their streams."""
        life = self._lives.get(thread_id)
        if life is not None:
            life.close_feeds()
            self._release(life)

    def expire(self) -> None:
        """End the runs whose time has come."""
        for thread_id in self._due.take(self._clock()):
            self._end(self._lives[thread_id], "expired")

    def reset(self) -> None:
        """Drop every run at once; readers see their streams cut."""
        for life in list(self._lives.values()):
            for feed in life.feeds:
                feed.cut()
            self._release(life)

    async def close(self) -> None:
        """Drop every run and wait for their tasks."""
        self.reset()
        if self._tasks:
            done, left = await asyncio.wait(self._tasks, timeout=_CLOSE)
            for task in done:
                if not task.cancelled():
                    task.exception()  # seen, so that asyncio does not warn of it
            if left:
                _log.warning("%d responders refuse their cancellation and are left behind", len(left))
                self._tasks -= left
        if isinstance(self._responder, Backend):
            await self._responder.close()

    # ... a turn ...

    async def _turn(self, life: ActiveRun) -> None:
        await asyncio.sleep(self._pace)
        life.move("in_progress", started_at=life.run["started_at"] or life.now)
        await asyncio.sleep(self._pace)
        over = False
        try:
            if life.searches and not (isinstance(self._responder, Backend) and self._responder.calls_search):
                life.search(self._file_search(life.run, life.turn().last_user_text))
            while (outcome := await self._answer(life)) == "again":
                pass
            over = outcome != "completed"
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # the responder is the user's code: its run fails, the server goes on
            if isinstance(error, asyncio.CancelledError) and not self._runs(life):
                raise  # the run was taken away; else the responder made the error itself
            _log.exception("the responder failed")
            if self._runs(life):
                self._end(life, "failed", last_error={"code": "server_error", "message": _words_of(error)})
        if not over and self._runs(life):
            self._end(life, "completed")

    async def _answer(self, life: ActiveRun) -> Outcome:
        """Ask the responder once and do what it says, up to the end of its answer."""
        async with aclosing(actions_of(self._responder, life.turn())) as actions:
            async for action in actions:
                if not self._runs(life):
                    return "waiting"
                outcome = await self._act(life, action)
                if outcome != "open":
                    return outcome
        if not self._runs(life) or (life.draft is None and life.step is None):
            return "completed"
        return await self._take(life, Ended())  # pieces without an end: it is where they end

    async def _act(self, life: ActiveRun, action: object) -> Outcome:
        """Do one action, and say how the turn is then."""
        match action:
            case Say(text=text):
                return "waiting" if await self._say(life, text) else "open"
            case Piece() | RefusalPiece() | CallPiece() | Used() | Ended():
                return await self._take(life, action)
            case CallTools():
                await self._call(life, ((None, name, arguments) for name, arguments in action.pairs()))
            case AskApproval():
                await self._call(life, action.triples())
            case Fail(code=code, message=message, text=text):
                code, message = life.said.check(code), life.said.check(message)
                await self._open(life, text)
                self._end(life, "failed", last_error={"code": code, "message": message})
            case Incomplete(reason=reason, text=text):
                reason = life.said.check(reason)
                await self._open(life, text)
                self._end(life, "incomplete", incomplete_details={"reason": reason})
            case Stall(text=text):
                await self._open(life, text)
                # Never set: the run stays as it is until it expires, is cancelled or is deleted.
                await asyncio.Event().wait()
            case _:
                raise TypeError(f"expected an action such as Say(…), not {action!r}")
        return "waiting"

    async def _take(self, life: ActiveRun, action: SmallAction) -> Outcome:
        """Do one small action; a run whose answer was cut short ends here."""
        outcome = take(life, action, lambda query: self._file_search(life.run, query))
        if outcome in ("length", "content_filter"):
            reason = _CAP if outcome == "length" else outcome
            self._end(life, "incomplete", incomplete_details={"reason": reason})
        else:
            await self._tick()
        return outcome

    async def _say(self, life: ActiveRun, text: str | AsyncIterable[str]) -> bool:
        cap = life.run.get(_CAP)
        left: int | None = None if cap is None else max(0, cap - life.written)
        if isinstance(text, str):
            life.said.check(text)
        life.open_message()
        async with aclosing(_pieces(text)) as pieces:
            async for piece in pieces:
                if not self._runs(life):
                    return True
                if left == 0:
                    self._end(life, "incomplete", incomplete_details={"reason": _CAP})
                    return True
                left = None if left is None else left - 1
                life.write(piece)
                await self._tick()
        if not self._runs(life):
            return True
        life.close_message()
        return False

    async def _open(self, life: ActiveRun, text: str) -> None:
        if life.said.check(text):
            life.open_message()
            for piece in tokens(text):
                life.write(piece)
                await self._tick()

    async def _call(self, life: ActiveRun, calls: Iterable[tuple[str | None, str, str]]) -> None:
        """Call functions, or tools of MCP servers, and wait for the client."""
        life.open_calls()
        for server, name, arguments in calls:
            if server is None:
                life.begin_call("", name, own=False)
            else:
                life.begin_mcp_call(server, name)
            await self._tick()
            for piece in tokens(life.said.check(arguments)):
                life.append_arguments(piece)
                await self._tick()
        life.require_action()

    async def _tick(self) -> None:
        # A turn of the loop for each event made it 9.5 times as dear as one written by hand (2026-11). Events that
        # are there at once go out together; a responder that never waits still lets others have their turn.
        self._ticks += 1
        if self._speed or self._ticks % _BATCH == 0:
            await asyncio.sleep(self._speed)

    async def _cancel(self, life: ActiveRun) -> None:
        await asyncio.sleep(self._pace)
        self._end(life, "cancelled")

    # ... bookkeeping ...

    def _life(self, run: Document) -> ActiveRun | None:
        life = self._lives.get(run["thread_id"])
        return life if life is not None and life.run is run else None

    def _runs(self, life: ActiveRun) -> bool:
        # A responder may have swallowed the cancellation that took its run away.
        return self._life(life.run) is life and life.run["status"] == "in_progress"

    def _listen(self, life: ActiveRun, feed: Feed | None) -> None:
        if feed is not None:
            life.feeds.append(feed)

    def _begin(self, life: ActiveRun, work: Coroutine[Any, Any, None]) -> None:
        thread_id: str = life.run["thread_id"]
        self._stop(thread_id)
        task = self._work[thread_id] = asyncio.get_running_loop().create_task(work)
        # The loop holds tasks weakly, and a closing server has to wait for those whose run is gone.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop(self, thread_id: str) -> None:
        task = self._work.pop(thread_id, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _end(self, life: ActiveRun, status: str, **changes: Any) -> None:
        self._release(life)
        life.end(status, **changes)

    def _release(self, life: ActiveRun) -> None:
        thread_id: str = life.run["thread_id"]
        self._stop(thread_id)
        del self._lives[thread_id]
        self._due.discard(thread_id)
        self._timers.pop(thread_id).cancel()

    def _arm(self, life: ActiveRun) -> None:
        # A clock of the caller's may stand still, or jump at any time.
        left = life.run["expires_at"] - self._clock()
        delay = max(left, 0.01) if self._clock is time.time else _LOOK
        self._timers[life.run["thread_id"]] = asyncio.get_running_loop().call_later(delay, self._ring, life)

    def _ring(self, life: ActiveRun) -> None:
        self.expire()
        if self._life(life.run) is not None:
            self._arm(life)


def _words_of(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  an error of the user's own may not even have a text
        said = "(an error without a text)"
    # As long as any sentence needs; no error message has to be written as JSON that cannot be.
    return f"the responder raised {type(error).__name__}: {said[:1000]}".encode("utf-8", "backslashreplace").decode()


async def _pieces(text: str | AsyncIterable[str]) -> AsyncGenerator[str, None]:
    if isinstance(text, str):
        for piece in tokens(text) or [""]:
            yield piece
        return
    async with AsyncExitStack() as stack:
        if inspect.isasyncgen(text):
            await stack.enter_async_context(aclosing(text))
        async for piece in text:
            yield piece
