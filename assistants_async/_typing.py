"""Typing helpers that the oldest supported Python lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: Any) -> Any:
        """Mark a method as overriding its base's (PEP 698), for type checkers only."""
        return method


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Check that decoded JSON is an object."""
    return type(value) is dict


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Check that decoded JSON is an array."""
    return type(value) is list


def is_mapping(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Check that a caller's value is a mapping."""
    return isinstance(value, Mapping)


def is_sequence(value: Any) -> TypeGuard[Sequence[Any]]:
    """Check that a caller's value is a list or tuple."""
    return isinstance(value, (list, tuple))


__all__ = ["is_array", "is_mapping", "is_object", "is_sequence", "override"]
