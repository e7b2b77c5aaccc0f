"""The key, and the header that carries it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Literal, TypeAlias

from .._typing import override
from ..core.requests.option_checks import check_function
from ..core.requests.options import header_safe
from ..core.requests.request import SentHeaders

KeySource = str | Callable[[], str | Awaitable[str]]
"""A key, or a function (sync or async) that returns one before each request."""

Wait: TypeAlias = "Callable[[Awaitable[object]], Awaitable[object]]"
"""A way to await something of the user's."""

Scheme = Literal["bearer", "api-key"]
"""`Authorization: Bearer …` (RFC 6750), or the `api-key` header of Azure."""


# Keys of a function that are remembered: calls under way may have sent any of the last few.
_KEPT = 8


class Credential:
    """A key that no repr, pickle or traceback shows."""

    __slots__ = ("_recent", "_scheme", "_source")

    def __init__(self, source: KeySource | None, scheme: Scheme = "bearer") -> None:
        if callable(source):
            check_function("api_key", source, 0)
        self._source = source if source is None or callable(source) else _checked(source)
        self._scheme = scheme
        self._recent: dict[str, None] = {} if not isinstance(self._source, str) else {self._source: None}

    @override
    def __repr__(self) -> str:
        return "Credential(none)" if self._source is None else "Credential([masked])"

    @override
    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a credential cannot be pickled: it would write the key out")

    @property
    def is_given(self) -> bool:
        """True where there is a key, or a function that returns one."""
        return self._source is not None

    @property
    def recent(self) -> tuple[str, ...]:
        """The keys that were sent last, to be masked where a server echoes one."""
        return tuple(self._recent)

    @property
    def renewable(self) -> bool:
        """True where the next request may have another key."""
        return callable(self._source)

    def fixed(self, headers: SentHeaders) -> SentHeaders | None:
        """These headers with the key's, if the key never changes; None where a function returns it, or without one."""
        if not isinstance(self._source, str):
            return None
        return SentHeaders({**headers, **dict([self._header(self._source)])})

    async def header(self, wait: Wait) -> tuple[str, str] | None:
        """Name and value of the header; None without a key. Raises `ValueError`, without the key, for a bad one.

        `wait` awaits what an async function gives.
        """
        source = self._source
        if not callable(source):
            return None if source is None else self._header(source)
        given: object = None
        try:
            # Called for every request: a token may have been renewed, and the function knows how long it lasts.
            given = source()
            given = _checked(await wait(given) if isawaitable(given) else given)
            self._recent.pop(given, None)
            self._recent[given] = None
            if len(self._recent) > _KEPT:
                del self._recent[next(iter(self._recent))]
            return self._header(given)
        finally:
            given = None  # what is refused may be the key with a mistake, and tracebacks may show locals

    def _header(self, key: str) -> tuple[str, str]:
        return ("authorization", f"Bearer {key}") if self._scheme == "bearer" else ("api-key", key)


def _checked(key: object) -> str:
    kind = type(key).__name__
    is_text = isinstance(key, str)
    # A key read from a file often ends in a newline.
    key = key.strip() if isinstance(key, str) else ""
    if len(key.split()) == 1 and header_safe(key):
        return key
    key = ""  # tracebacks may show locals
    if not is_text:
        raise TypeError(f"api_key must be a str or a function that returns one, not {kind}")
    raise ValueError("api_key must be one word of printable characters, and not empty")
