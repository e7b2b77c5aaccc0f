"""Pages of lists."""

from __future__ import annotations

from typing import Any


def ids(items: Any) -> list[str]:
    """The ids of some items."""
    return [item.id for item in items]
