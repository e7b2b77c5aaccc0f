"""An embedded server in its own thread, for tests of any kind: sync, async, or in another event loop."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from ..server import Action, AssistantsServer, RequestRecord, Responder, ScriptedResponder, Turn
from ..server.engine.responder import Backend, actions_of
from ..server.engine.script import ScriptEntry


class ServerThread:
    """An `AssistantsServer` that runs beside the test; enter it, or call `start` and `close`.

    It takes the keywords of `AssistantsServer`. Errors that its responder raises are in `errors`; the runs fail.
    """

    def __init__(self, **settings: Any) -> None:
        self.errors: list[Exception] = []
        """Errors that the responder raised, oldest first."""
        responder = settings.get("responder")
        if responder is not None and not isinstance(responder, Backend):
            settings["responder"] = _recording(responder, self.errors)
        self._server = AssistantsServer(**settings)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def base_url(self) -> str:
        """Base URL for a client in any language."""
        return self._server.base_url

    @property
    def requests(self) -> Sequence[RequestRecord]:
        """The latest requests, oldest first."""
        found: Sequence[RequestRecord] = self._call(lambda: self._server.requests)
        return found

    @property
    def server(self) -> AssistantsServer:
        """The server itself: await none of its methods, since it runs in another thread."""
        return self._server

    def reset(self) -> None:
        """Forget every object and request."""
        self._call(self._server.reset)

    def start(self) -> None:
        """Start the thread and return once the server listens; raises `RuntimeError` the second time."""
        if self._stop is not None or self._thread is not None:
            raise RuntimeError("the server was started before; make a new one")
        up: Future[None] = Future()
        # A daemon: a test that forgets to close it must not keep the interpreter from ending.
        self._thread = threading.Thread(target=self._run, args=(up,), name="assistants-server", daemon=True)
        self._thread.start()
        # Waits for the result: a port that is taken becomes an error of this call.
        up.result()

    def close(self) -> None:
        """Close the server and wait for its thread; a second call does nothing."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, up: Future[None]) -> None:
        asyncio.run(self._serve(up))

    async def _serve(self, up: Future[None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with self._server:
                up.set_result(None)
                await self._stop.wait()
        except BaseException as error:
            if up.done():
                raise
            up.set_exception(error)

    def _call(self, function: Callable[[], Any]) -> Any:
        """Call a function in the thread of the server: no other thread may touch its state."""
        if self._loop is None or self._thread is None:
            return function()

        async def called() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result()


def scripted(script: Iterable[ScriptEntry] | None) -> dict[str, Responder]:
    """Return the keywords of a server that answers from a script; none without one."""
    return {} if script is None else {"responder": ScriptedResponder(script)}


def _recording(responder: Responder, errors: list[Exception]) -> Responder:
    """Wrap a responder, and add its errors to a list."""

    async def respond(turn: Turn) -> AsyncIterator[Action]:
        try:
            async for action in actions_of(responder, turn):
                yield action
        except Exception as error:
            errors.append(error)
            raise

    assert inspect.isasyncgenfunction(respond)
    return respond
