"""The union member for what this version does not know."""

from __future__ import annotations

from typing import Any, cast

from .._typing import override
from .base import Tag, Tagged
from .decoding import UNKNOWN

_Tag = Tag["\x7funknown"]
# Type checkers narrow a union by `type` only where every class in it has a literal, and this is one of no server's.


class Unknown(Tagged[_Tag], frozen=True, kw_only=True, tag=UNKNOWN):
    """A union member of a `type` that this version does not know, or in a shape it cannot read, kept as it came.

    Servers add tools, content parts and step details of their own. Sending one back sends `raw`, unchanged.
    Find one by `isinstance(part, Unknown)`, and compare its tag in `raw`: type checkers refuse to compare `type`
    with a tag that the documents do not have.
    """

    raw: dict[str, Any]
    """The member as received."""

    @property
    @override
    def type(self) -> _Tag:
        """The server's tag; empty where it sent none."""
        return cast("_Tag", str(self.raw.get("type") or ""))
