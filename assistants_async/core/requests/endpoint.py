"""The rows of the table of operations: one row says all that sending and decoding need to know."""

from __future__ import annotations

from functools import cache
from typing import Generic, Literal, TypeVar

import msgspec

from ..._typing import override

T = TypeVar("T")
S = TypeVar("S")

ProtocolVersion = Literal["v1", "v2"]
"""A version of the protocol, chosen by the header `OpenAI-Beta: assistants=…`."""

Method = Literal["GET", "POST", "DELETE"]


class Endpoint(msgspec.Struct, Generic[T, S], frozen=True, kw_only=True):
    """One operation of the documents; `T` is what awaiting it gives, `S` what its stream yields."""

    operation: str
    """The document's operationId, such as `"createRun"`."""
    name: str
    """The method that calls it, such as `"runs.create"`."""
    method: Method
    path: str
    """Path template below the base URL, such as `"/threads/{thread_id}/runs"`."""
    result: type[T]
    item: type[S]
    params: type | None = None
    """TypedDict of its keywords: the query of a GET, the body of a POST."""
    protocols: tuple[ProtocolVersion, ...] = ("v1", "v2")
    """The versions that have it."""
    idempotent: bool = True
    """True where sending it twice does the same as sending it once, so that an ambiguous failure may be retried."""
    form: str | None = None
    """The name of the part that carries the file, where the body is `multipart/form-data`."""
    page_parameter: str | None = None
    """For a list that pages by token: the query parameter that a page's `next_page` goes back in."""
    streams: bool = False
    """True where `"stream": true` in its body turns the answer into server-sent events."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the ids in the path, parents first."""
        return split_path(self.path)[1]

    @property
    def takes_body(self) -> bool:
        """True where its keywords travel in the body."""
        return self.method == "POST" and self.params is not None

    @override
    def __str__(self) -> str:
        return f"{self.name}: {self.method} {self.path}"


@cache
def split_path(path: str) -> tuple[str, tuple[str, ...]]:
    """Split a path template into a `%`-format and the names that fill it, in order."""
    pieces = path.split("{")
    names = tuple(piece.partition("}")[0] for piece in pieces[1:])
    return "%s".join([pieces[0], *(piece.partition("}")[2] for piece in pieces[1:])]), names
