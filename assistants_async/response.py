"""The response as values that errors, the core and callers share.

Nothing here does I/O or keeps a socket, so every value can be stored, compared and pickled.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar, overload

import msgspec

from ._typing import override

T = TypeVar("T")


class Headers(Mapping[str, str]):
    """Response headers: case-insensitive, in the order sent, repeated fields kept.

    Indexing gives the first value of a name; `get_all` gives every one (RFC 9110, 5.2).
    """

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        # Both are made on first access: nobody reads a header of most answers.
        self._pairs = pairs
        self._index: dict[str, str] | None = None

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every field in the order sent, name and value."""
        if not isinstance(self._pairs, tuple):
            # A tuple from now on: an iterable may be read only once, or change.
            self._pairs = tuple(self._pairs)
        return self._pairs

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return Headers, (self.pairs,)

    @property
    def _first(self) -> dict[str, str]:
        if self._index is None:
            self._index = {}
            for name, value in self.pairs:
                # The first of a repeated field: indexing gives one value.
                self._index.setdefault(name.lower(), value)
        return self._index

    @override
    def __getitem__(self, name: str) -> str:
        return self._first[name.lower()]

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: str | T) -> str | T: ...

    @override
    def get(self, name: str, /, default: object = None) -> object:
        """First value of a name; `default` where there is none."""
        wanted = name.lower()
        if self._index is not None:
            return self._index.get(wanted, default)
        # Of an answer mostly one header is read, or none: a look is a third of the work of an index.
        for key, value in self.pairs:
            if key.lower() == wanted:
                return value
        return default

    @override
    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._first

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    @override
    def __len__(self) -> int:
        return len(self._first)

    @override
    def __repr__(self) -> str:
        return f"Headers({list(self.pairs)!r})"

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value of a repeated field, in the order sent; empty when it is absent."""
        wanted = name.lower()
        return tuple(value for key, value in self.pairs if key.lower() == wanted)


def media_type(content_type: str) -> str:
    """Return the media type of a `content-type`, without parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


class HTTPResponse(msgspec.Struct, frozen=True):
    """An answer of the server beside its decoded value: head, body and how it was had.

    It keeps no request headers, so no credential can be read from it.
    """

    status: int
    """Status code, such as 200."""
    reason: str
    """Reason phrase; empty where the server sent none."""
    headers: Headers
    """Response headers, repeated fields kept."""
    content: bytes
    """The body; empty for a stream, whose bytes go to the reader instead."""
    method: str
    """Request method."""
    url: str
    """The URL that answered, with its query."""
    attempts: int = 1
    """The number of times the request was sent for this answer."""
    elapsed: float = 0.0
    """Seconds from the first attempt to the end of the body (of the head, for a stream)."""

    @property
    def request_id(self) -> str | None:
        """The server's own name of this request (`x-request-id`), to quote when asking its operator."""
        # Azure's gateway has a name of its own for the same.
        return self.headers.get("x-request-id") or self.headers.get("apim-request-id")

    @property
    def content_type(self) -> str:
        """Media type without parameters, in lower case; empty where the server sent none (RFC 9110, 8.3)."""
        return media_type(self.headers.get("content-type", ""))

    @override
    def __repr__(self) -> str:
        return f"<HTTPResponse {self.status} {self.method} {len(self.content)} bytes>"


class Response(NamedTuple, Generic[T]):
    """A decoded value with the answer it came in."""

    value: T
    """The value that awaiting the call gives; None where `raise_for_status=False` let an error status through."""
    http: HTTPResponse
    """Status, headers, body bytes, request id, attempts and time."""
