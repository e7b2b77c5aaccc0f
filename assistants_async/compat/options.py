"""Values that openai-python's keywords may have: left out, time-outs, and the options of one request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from .._typing import TypedDict, override
from ..core.checks import positive_seconds
from ..core.requests.options import NO_TIMEOUT
from ..core.requests.options import Timeout as NativeTimeout


class NotGiven:
    """The type of a keyword that was left out; false in conditions."""

    __slots__ = ()

    def __bool__(self) -> Literal[False]:
        return False

    @override
    def __repr__(self) -> str:
        return "NOT_GIVEN"


class Omit(NotGiven):
    """The type of `omit`: as a header's value it takes a default header away."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return "omit"


# Any, since old code gives them for keywords of every type.
NOT_GIVEN: Any = NotGiven()
"""The value of a keyword that is not sent."""
not_given: Any = NOT_GIVEN
"""The newer name of `NOT_GIVEN`."""
omit: Any = Omit()
"""The newest name of a keyword that is not sent, and of a default header that is taken away."""


class HTTPTimeout(Protocol):
    """Anything with the four limits of httpx's `Timeout`."""

    @property
    def connect(self) -> float | None:
        """To connect."""
        ...

    @property
    def read(self) -> float | None:
        """Between bytes, the first one included."""
        ...

    @property
    def pool(self) -> float | None:
        """To wait for a free connection."""
        ...


class Timeout(msgspec.Struct, frozen=True):
    """Limits in seconds as httpx has them, None for none: those that are not given are the first one."""

    timeout: float | None = None
    """The limit of whatever is not given."""
    connect: Any = NOT_GIVEN
    """To connect."""
    read: Any = NOT_GIVEN
    """Between bytes, the first one included."""
    write: Any = NOT_GIVEN
    """Taken, and not used: what is sent waits as long as what is read."""
    pool: Any = NOT_GIVEN
    """To wait for a free connection."""

    def __post_init__(self) -> None:
        """Put the first limit where none was given."""
        for name in ("connect", "read", "write", "pool"):
            if isinstance(getattr(self, name), NotGiven):
                msgspec.structs.force_setattr(self, name, self.timeout)


TimeoutInput: TypeAlias = float | HTTPTimeout | NativeTimeout | None
"""Seconds for each of the four limits, an httpx `Timeout` or a native one, or None for no limit."""

DEFAULT_TIMEOUT = Timeout(600.0, connect=5.0)
"""The limits of a client, unless it is given others."""


def native_timeout(value: TimeoutInput) -> NativeTimeout:
    """Write a time-out as the native client has it: httpx knows no limit for a whole call."""
    if value is None:
        return NO_TIMEOUT
    if isinstance(value, NativeTimeout):
        return value
    if isinstance(value, (int, float)):
        positive_seconds("timeout", value)
        value = Timeout(value)
    # By its members, so that httpx's time-outs are taken without an import of it.
    if not hasattr(value, "read"):
        raise TypeError(f"timeout must be a number, a Timeout or None, not {type(value).__name__}")
    return NativeTimeout(connect=value.connect, pool=value.pool, head=value.read, idle=value.read, total=None)


class RequestOptions(TypedDict, total=False):
    """Keywords that every method takes beside its own."""

    extra_headers: Mapping[str, Any] | None
    """Headers of this call; `omit` takes a default one away."""
    extra_query: Mapping[str, object] | None
    """Query parameters of this call."""
    extra_body: Mapping[str, object] | None
    """Members of the body, over those of the keywords."""
    timeout: TimeoutInput
    """Limits of each request of this call."""


def is_given(value: object) -> bool:
    """Return True for a value to be sent: neither `NOT_GIVEN` nor `omit`."""
    return not isinstance(value, NotGiven)


def native_options(keywords: Mapping[str, Any], *, body: bool) -> dict[str, Any]:
    """Write the options of a call as those of a native view; `body` is False where a request has none."""
    changes: dict[str, Any] = {}
    headers, query = keywords.get("extra_headers"), keywords.get("extra_query")
    if headers:
        changes["headers"] = {name: value if is_given(value) else None for name, value in headers.items()}
    if query:
        changes["query"] = query
    if body and keywords.get("extra_body"):
        changes["extra_body"] = keywords["extra_body"]
    if is_given(limit := keywords.get("timeout", NOT_GIVEN)):
        changes["timeout"] = native_timeout(limit)
    return changes
