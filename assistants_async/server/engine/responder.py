"""The forms of a responder, which answers the turns of runs in values."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing

from .actions import Action
from .turn import Turn

Answer = Action | Iterable[Action] | AsyncIterable[Action]
"""The actions of a responder for one turn. The run completes after the last action, unless one ended it."""
Responder = Callable[[Turn], Awaitable[Answer] | AsyncIterable[Action]]
"""An async function (or async generator function) of a turn. What it raises fails the run.

It runs on the server's event loop: code that blocks belongs into `asyncio.to_thread`, or nobody is served meanwhile.
"""


class Backend(ABC):
    """A responder with models behind it, which the server asks about more than turns."""

    @abstractmethod
    def __call__(self, turn: Turn) -> AsyncIterable[Action]:
        """Answer one turn."""

    @property
    @abstractmethod
    def calls_search(self) -> bool:
        """True where the model itself calls the search of a run, so that the engine does not search ahead of it."""

    @abstractmethod
    def accepts(self, model: str) -> bool:
        """Return True for a model whose runs can be answered."""

    @abstractmethod
    async def models(self) -> Mapping[str, int | None]:
        """Return the models with the tokens that fit into each; raises `AssistantsError` where nobody answers."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of all connections: the server is closing."""


async def actions_of(responder: Responder, turn: Turn) -> AsyncGenerator[Action, None]:
    """Ask a responder and yield its actions one by one; an async generator of its own is closed with this one."""
    asked = responder(turn)
    answer = await asked if inspect.isawaitable(asked) else asked
    if isinstance(answer, Action):
        yield answer
    elif isinstance(answer, AsyncIterable):
        async with AsyncExitStack() as stack:
            if inspect.isasyncgen(answer):
                await stack.enter_async_context(aclosing(answer))
            async for action in answer:
                yield action
    else:
        for action in answer:
            yield action
