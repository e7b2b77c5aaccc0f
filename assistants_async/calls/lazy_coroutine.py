"""A coroutine that is made when it is first awaited, and can be used once."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, TypeVar

from .._typing import override

T_co = TypeVar("T_co", covariant=True)


class LazyCoroutine(Coroutine[Any, Any, T_co]):
    """A coroutine that does nothing until it is awaited, once; `create_task` and the like take it.

    One that never is awaited warns with its name, as coroutines do.
    """

    __slots__ = ("__weakref__", "_coroutine", "_used")

    def __init__(self) -> None:
        """Begin unused; called last, since what could not be made to its end must not warn that it was not awaited."""
        self._coroutine: Coroutine[Any, Any, T_co] | None = None
        # None where a use was refused: still unused, and without a warning.
        self._used: bool | None = False

    @property
    @abstractmethod
    def _name(self) -> str:
        """Name for messages, such as `runs.create`."""

    @abstractmethod
    def _value(self) -> Coroutine[Any, Any, T_co]:
        """Make the coroutine that awaiting runs."""

    def _use(self) -> None:
        if self._used:
            raise RuntimeError(f"{self._name}: a call can be used only once, make a new one")
        self._used = True

    def _drop_warning(self) -> None:
        """Do not warn that the call was never awaited: an error has refused a use of it, and has said more."""
        self._used = self._used or None

    @override
    def __await__(self) -> Generator[Any, None, T_co]:
        if self._used:
            self._use()  # which refuses
        self._used = True
        return self._value().__await__()

    # As a task, asyncio steps the call itself; the coroutine inside is made at the first step.

    @override
    def send(self, value: Any, /) -> Any:
        """Step the call, as `asyncio.Task` does."""
        return self._inner().send(value)

    @override
    def throw(self, typ: Any, val: Any = None, tb: TracebackType | None = None, /) -> Any:  # noqa: ARG002  # the old form of throw()
        """Raise into the call, as `asyncio.Task` does to cancel it."""
        return self._inner().throw(typ if val is None else val)

    @override
    def close(self) -> None:
        """Give the call up, sent or not."""
        self._used = True
        if self._coroutine is not None:
            self._coroutine.close()

    def _inner(self) -> Coroutine[Any, Any, T_co]:
        if self._coroutine is None:
            self._use()
            self._coroutine = self._value()
        return self._coroutine

    def __del__(self, _warn: Any = warnings.warn) -> None:
        if getattr(self, "_used", None) is False:
            _warn(f"{self._name}() was never awaited", RuntimeWarning, stacklevel=2, source=self)
