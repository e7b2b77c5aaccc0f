"""The size of one part of an upload, and its limit."""

from __future__ import annotations

from ...errors import ValidationError

PART_SIZE = 16 * 2**20
"""Bytes of a part by default."""
PART_LIMIT = 64 * 2**20
"""Most bytes of a part, as the documents have it."""


def check_part(operation: str, size: int | None) -> None:
    """Refuse a part that is past the documents' limit; the size of some is known only at their end."""
    if size is not None and size > PART_LIMIT:
        raise ValidationError(operation, "data", f"expected at most {PART_LIMIT} bytes", size)
