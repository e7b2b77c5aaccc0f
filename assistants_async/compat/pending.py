"""Calls that are awaited for a value with pydantic's methods, and whose errors have openai-python's names."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from .._typing import override
from ..calls.call import Call
from ..calls.lazy_coroutine import LazyCoroutine
from ..response import Response
from .errors import translating
from .models import dressed, with_request_id
from .raw_responses import APIResponse, StreamedResponseManager, streamed

T_co = TypeVar("T_co", covariant=True)


class Pending(LazyCoroutine[T_co]):
    """A request that is not sent before it is awaited: a coroutine, as openai-python's methods return."""

    __slots__ = ("_call",)

    def __init__(self, call: Call[Any, Any]) -> None:
        self._call = call
        super().__init__()

    @property
    @override
    def _name(self) -> str:
        return self._call._name  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  a call within a call

    @override
    def _value(self) -> Coroutine[Any, Any, T_co]:
        return self._await()

    async def _await(self) -> T_co:
        with translating():
            answer: Response[Any] = await self._call.response()
        return with_request_id(self._made(answer.value), answer.http)

    def _made(self, value: Any) -> T_co:
        """Make the value to return of the native one."""
        made: T_co = dressed(value)
        return made

    async def raw(self) -> APIResponse[T_co]:
        """Await for the whole answer."""
        self._use()
        with translating():
            answer: Response[Any] = await self._call.response()
        return APIResponse(with_request_id(self._made(answer.value), answer.http), answer.http)

    def streamed(self) -> StreamedResponseManager[T_co]:
        """Enter for the answer at its head."""
        self._use()
        call = self._call
        return streamed(call, call._result)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the same

    @override
    def __del__(self, _warn: Any = None) -> None:
        """Leave the warning to the call inside, which was not used either."""
