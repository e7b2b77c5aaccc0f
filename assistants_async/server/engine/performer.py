"""Does what a responder says: its actions become changes of the run, paced and bounded."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import AsyncExitStack, aclosing
from typing import Any, Protocol

from ..storage.search import Found
from .actions import AskApproval, CallPiece, CallTools, Ended, Fail, Incomplete, Piece, RefusalPiece, Say, Stall, Used
from .active_run import ActiveRun
from .pieces import Outcome, end_answer, take
from .responder import Responder, actions_of
from .tokens import tokens

# Events between two turns of the loop, where nothing else waits.
_BATCH = 64
_CAP = "max_completion_tokens"


class RunControl(Protocol):
    """The worker of a run, as the performer of its actions sees it."""

    @property
    def runs(self) -> bool:
        """True while the run is in progress, and this worker's."""
        ...

    async def search(self, query: str) -> list[Found]:
        """Search the vector stores of the run."""
        ...

    async def wait_for_client(self) -> None:
        """Let go of a run that asks for the client's answer."""
        ...

    async def end(self, status: str, **changes: Any) -> None:
        """Take the run to its last status."""
        ...


class Performer:
    """Performs the actions of one turn after the other on a run."""

    def __init__(self, life: ActiveRun, responder: Responder, control: RunControl, *, speed: float) -> None:
        self._life = life
        self._responder = responder
        self._control = control
        self._speed = speed
        self._ticks = 0

    async def answer(self) -> Outcome:
        """Ask the responder once and do what it says, up to the end of its answer."""
        async with aclosing(actions_of(self._responder, self._life.turn())) as actions:
            async for action in actions:
                if not self._control.runs:
                    return "waiting"
                outcome = await self._act(action)
                if outcome != "open":
                    return outcome
        if not self._control.runs or (self._life.draft is None and self._life.step is None):
            return "completed"
        return await self._end_answer(Ended())  # pieces without an end: it is where they end

    async def _act(self, action: object) -> Outcome:
        """Do one action, and say how the turn is then."""
        match action:
            case Piece() | RefusalPiece() | CallPiece() | Used():
                take(self._life, action)
                await self._tick()
                return "open"
            case Ended():
                return await self._end_answer(action)
            case Say(text=text):
                return "waiting" if await self._say(text) else "open"
            case CallTools():
                await self._call(((None, name, arguments) for name, arguments in action.pairs()))
            case AskApproval():
                await self._call(action.triples())
            case Fail(code=code, message=message, text=text):
                code, message = self._life.said.check(code), self._life.said.check(message)
                await self._open(text)
                await self._control.end("failed", last_error={"code": code, "message": message})
            case Incomplete(reason=reason, text=text):
                reason = self._life.said.check(reason)
                await self._open(text)
                await self._control.end("incomplete", incomplete_details={"reason": reason})
            case Stall(text=text):
                await self._open(text)
                # Never set: the run stays as it is until it expires, is cancelled or is deleted.
                await asyncio.Event().wait()
            case _:
                raise TypeError(f"expected an action such as Say(…), not {action!r}")
        return "waiting"

    async def _end_answer(self, ended: Ended) -> Outcome:
        """End an answer; a run whose answer was cut short ends here."""
        outcome = await end_answer(self._life, ended, self._control.search)
        if outcome in ("length", "content_filter"):
            reason = _CAP if outcome == "length" else outcome
            await self._control.end("incomplete", incomplete_details={"reason": reason})
        elif outcome == "waiting":
            await self._control.wait_for_client()
        return outcome

    async def _say(self, text: str | AsyncIterable[str]) -> bool:
        cap = self._life.run.get(_CAP)
        left: int | None = None if cap is None else max(0, cap - self._life.written)
        if isinstance(text, str):
            self._life.said.check(text)
        self._life.open_message()
        async with aclosing(_pieces(text)) as pieces:
            async for piece in pieces:
                if not self._control.runs:
                    return True
                if left == 0:
                    await self._control.end("incomplete", incomplete_details={"reason": _CAP})
                    return True
                left = None if left is None else left - 1
                self._life.write(piece)
                await self._tick()
        if not self._control.runs:
            return True
        self._life.close_message()
        return False

    async def _open(self, text: str) -> None:
        if self._life.said.check(text):
            self._life.open_message()
            for piece in tokens(text):
                self._life.write(piece)
                await self._tick()

    async def _call(self, calls: Iterable[tuple[str | None, str, str]]) -> None:
        """Call functions, or tools of MCP servers, and wait for the client."""
        self._life.open_calls()
        for server, name, arguments in calls:
            if server is None:
                self._life.begin_call("", name, own=False)
            else:
                self._life.begin_mcp_call(server, name)
            await self._tick()
            for piece in tokens(self._life.said.check(arguments)):
                self._life.append_arguments(piece)
                await self._tick()
        self._life.require_action()
        await self._control.wait_for_client()

    async def _tick(self) -> None:
        # A turn of the loop for each event made it 9.5 times as dear as one written by hand (2026-11). Events that
        # are there at once go out together; a responder that never waits still lets others have their turn.
        self._ticks += 1
        if self._speed or self._ticks % _BATCH == 0:
            await asyncio.sleep(self._speed)


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
