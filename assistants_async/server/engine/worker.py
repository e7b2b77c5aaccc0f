"""The work on one claimed run, from its claim to its end. It has at most one task at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from ..storage.ids import IdFactory
from ..storage.interface import Claim, ClaimLostError, Document, Key, PageQuery, Store, StoreError
from ..storage.kinds import ACTIVE
from ..storage.search import Found
from .active_run import ActiveRun
from .journal import CancelledMeanwhileError, ChangesRefusedError, Journal, JournalClosedError
from .lost_runs import REFUSED, failure_of
from .performer import Performer
from .responder import Backend, Responder
from .thread_items import read_thread
from .turn import Dialect

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The things that all workers of an engine share."""

    store: Store
    names: IdFactory
    responder: Responder
    file_search: Callable[[Store, Document, Sequence[str], str], Awaitable[list[Found]]]
    clock: Callable[[], float]
    pace: float
    speed: float
    dialect: Dialect | None


class Worker:
    """Works on one run until it has ended, or waits for the client."""

    def __init__(
        self,
        settings: WorkerSettings,
        claim: Claim,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        done: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self.claim = claim
        """Its right to change the run."""
        self._spawn = spawn
        self._done = done
        self._task: asyncio.Task[None] | None = None
        self._life: ActiveRun | None = None
        self._failure: Document | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once the run has ended here."""
        self._commits = 0
        self._is_refused = False
        self._is_over = False

    def start(self) -> None:
        """Begin to work."""
        self._begin(self._work)

    def cancel(self) -> None:
        """Cancel the run: it is `cancelling` already, and `cancelled` a pace later."""
        life = self._life
        # Where it is just being read, it shows that it is to be cancelled; where it is being written in another status,
        # the journal finds that out.
        if life is not None and life.run["status"] in ("queued", "in_progress"):
            life.journal.run = {**life.run, "status": "cancelling", "required_action": None}
            self._begin(self._cancel)

    def drop(self) -> None:
        """Let go of the run as it is."""
        self._stop()
        self._release()

    async def expire(self) -> None:
        """End the run: its time has come."""
        if self._life is not None and self._life.run["status"] == "requires_action":
            return  # it is just being let go of: whoever looks next ends it, and its open step
        self._stop()
        try:
            life = self._life or await self._load()
            if life is not None:
                await self.end("expired")
        except ClaimLostError as error:
            self._lose(error)

    # ... one task ...

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        self._stop()
        self._task = self._spawn(self._guarded(work))

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            # Called here: a coroutine that is made before would warn where the task is cancelled before it begins.
            await work()
        except ClaimLostError as error:
            self._lose(error)
        except StoreError as error:
            # The claim runs out, and whoever gets the run then does what is due for a lost one.
            _log.warning("run %s is given up: %s", self.claim.run_id, error)
            self.drop()
        except Exception as error:  # noqa: BLE001  logged, and the run ends
            # Else its lease would be renewed for ever, with nobody at work.
            _log.exception("the work on run %s broke off", self.claim.run_id)
            refusal = ChangesRefusedError()
            refusal.__cause__ = error
            self._lose(refusal)

    def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _release(self) -> None:
        if not self._is_over:
            self._is_over = True
            if not self.ended.done():
                self.ended.set_result(None)
            if self._life is not None:
                self._life.journal.close()
            self._done(self.claim.run_id)

    def _lose(self, error: ClaimLostError) -> None:
        if isinstance(error, JournalClosedError):
            return  # the one who closed it has seen to the run
        was_refused, self._is_refused = self._is_refused, isinstance(error, ChangesRefusedError)
        if was_refused and self._is_refused:
            _log.error("run %s is given up: the store refuses its end too: %s", self.claim.run_id, error.__cause__)
            self.drop()
        elif (self._is_refused or isinstance(error, CancelledMeanwhileError)) and self._life is not None:
            if self._is_refused:
                _log.error("run %s fails: the store refuses its answer: %s", self.claim.run_id, error.__cause__)
            self._life.journal.close()
            self._commits = self._life.journal.number
            self._life = None
            self._begin(self._work)
        else:
            self.drop()

    async def _load(self) -> ActiveRun | None:
        """Make the run from its documents; None where it is gone."""
        settings, claim = self._settings, self.claim
        store = settings.store
        stored = await store.get(Key("run", claim.thread_id, claim.run_id))
        if stored is None:
            self._release()
            return None
        # A run that has never begun has no steps.
        has_begun = stored.document["started_at"] is not None
        page = await store.page("step", claim.thread_id, PageQuery(ref=claim.run_id)) if has_begun else None
        steps = [] if page is None else [row.document for row in page.rows]
        journal = Journal(store, claim, stored, self._lose, number=self._commits)
        # A run that had begun before has made its search, with whatever result.
        has_searched = has_begun and not claim.lost
        life = self._life = ActiveRun(
            journal, steps, settings.names, settings.clock, settings.dialect, has_searched=has_searched
        )
        if steps and steps[-1]["status"] == "in_progress":
            await self._reopen(life, steps[-1])
        self._failure = REFUSED if self._is_refused else failure_of(claim, steps)
        return life

    async def _reopen(self, life: ActiveRun, step: Document) -> None:
        details = step["step_details"]
        if step["type"] != "message_creation":
            life.reopen(step, None, ())
            return
        store, message_id = self._settings.store, details["message_creation"]["message_id"]
        stored = await store.get(Key("message", self.claim.thread_id, message_id))
        deltas = [
            event.document["delta"]
            for event in await store.events(self.claim.run_id, 0)
            if event.kind == "delta" and event.document["id"] == message_id
        ]
        life.reopen(step, None if stored is None else stored.document, deltas)

    async def _work(self) -> None:
        life = await self._load()
        if life is None:
            return
        if life.run["status"] == "cancelling":
            await self._cancel()
        elif life.run["expires_at"] <= self._settings.clock():
            await self.end("expired")
        elif self._failure is not None:
            await self.end("failed", last_error=self._failure)
        else:
            await self._turn(life)

    async def _cancel(self) -> None:
        await asyncio.sleep(self._settings.pace)
        await self.end("cancelled")

    # ... a turn ...

    async def _turn(self, life: ActiveRun) -> None:
        settings = self._settings
        await asyncio.sleep(settings.pace)
        life.move("in_progress", started_at=life.run["started_at"] or life.now)
        await asyncio.sleep(settings.pace)
        over = False
        try:
            life.view = await read_thread(settings.store, life.run)
            responder = settings.responder
            if life.searches and not (isinstance(responder, Backend) and responder.calls_search):
                life.search(await self.search(life.turn().last_user_text))
            performer = Performer(life, responder, self, speed=settings.speed)
            while (outcome := await performer.answer()) == "again":
                pass
            over = outcome != "completed"
        except (KeyboardInterrupt, SystemExit, GeneratorExit, ClaimLostError, StoreError):
            raise
        except BaseException as error:  # the responder is the user's code: its run fails, the server goes on
            if isinstance(error, asyncio.CancelledError) and not self.runs:
                raise  # the run was taken away; else the responder made the error itself
            _log.exception("the responder failed")
            if self.runs:
                await self.end("failed", last_error={"code": "server_error", "message": _words_of(error)})
        if not over and self.runs:
            await self.end("completed")

    # ... for the performer ...

    @property
    def runs(self) -> bool:
        """True while the run is in progress, and this worker's."""
        # A responder may have swallowed the cancellation that took its run away.
        return not self._is_over and self._life is not None and self._life.run["status"] == "in_progress"

    async def search(self, query: str) -> list[Found]:
        """Search the vector stores of the run, and the files that protocol v1 gives along."""
        assert self._life is not None
        run = self._life.run
        file_ids = [*(run.get("file_ids") or ()), *self._life.view.file_ids]
        return await self._settings.file_search(self._settings.store, run, file_ids, query)

    async def wait_for_client(self) -> None:
        """Let go of a run that asks for the client's answer."""
        assert self._life is not None
        self._task = None
        await self._life.journal.flush()
        self._release()

    async def end(self, status: str, **changes: Any) -> None:
        """Take the run to its last status; one that has ended, and is being written, stays as it is."""
        assert self._life is not None
        self._stop()
        if self._life.run["status"] in ACTIVE:
            self._life.end(status, **changes)
        await self._life.journal.flush()
        self._release()


def _words_of(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  an error of the user's own may not even have a text
        said = "(an error without a text)"
    # As long as any sentence needs; no error message has to be written as JSON that cannot be.
    return f"the responder raised {type(error).__name__}: {said[:1000]}".encode("utf-8", "backslashreplace").decode()
