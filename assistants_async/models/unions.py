"""The union member for what this version does not know."""

from __future__ import annotations

from typing import Any

from .._typing import override
from .base import Tagged
from .decoding import UNKNOWN


class Unknown(Tagged, frozen=True, kw_only=True, tag=UNKNOWN):
    """A union member of a `type` that this version does not know, or in a shape it cannot read, kept as it came.

    Servers add tools, content parts and step details of their own. Sending one back sends `raw`, unchanged.
    """

    raw: dict[str, Any]
    """The member as received."""

    @property
    @override
    def type(self) -> str:
        """The server's tag; empty where it sent none."""
        return str(self.raw.get("type") or "")
