"""Typing helpers that the oldest supported Python lacks, or that are slow to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ForwardRef, TypeGuard

if TYPE_CHECKING:
    from typing import Generic, TypedDict

    from typing_extensions import override
else:

    def override(method: Any) -> Any:
        """Mark a method as overriding its base's (PEP 698), for type checkers only."""
        return method

    class Generic:
        """Base of generic classes that are so for type checkers alone: `Call[Run, Run]` is `Call` at run time.

        `typing.Generic` takes 130 000 instructions a class at import, twice what the class itself takes.
        """

        __slots__ = ()

        def __class_getitem__(cls, parameters: object) -> type:
            """Return the class itself."""
            return cls

    class TypedDict(dict):
        """Base of the classes of keywords, in place of `typing.TypedDict`.

        msgspec and `get_type_hints` read them as they read one of `typing`. That one compiles each annotation when the
        class is made, 90 000 instructions each, which was a tenth of the import.
        """

        def __new__(cls, *pairs: Any, **keywords: Any) -> dict[str, Any]:
            """Make a plain dict, as a TypedDict does."""
            return dict(*pairs, **keywords)

        def __init_subclass__(cls, *, total: bool = True) -> None:
            own = cls.__annotations__  # as text, since the modules of keywords import `annotations`
            names, required = {}, set()
            for base in cls.__bases__:
                hints = base.__annotations__
                if base.__module__ != cls.__module__:  # its names are to be found there
                    hints = {name: _in_module(hint, base.__module__) for name, hint in hints.items()}
                names.update(hints)
                required.update(getattr(base, "__required_keys__", ()))
            for name, hint in own.items():
                if hint.startswith("Required[") or (total and not hint.startswith("NotRequired[")):
                    required.add(name)
            cls.__total__ = total
            cls.__required_keys__ = frozenset(required)
            cls.__annotations__ = {**names, **own}

    def _in_module(hint: Any, module: str) -> ForwardRef:
        return ForwardRef(hint, module=module) if type(hint) is str else hint


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


__all__ = ["Generic", "TypedDict", "is_array", "is_mapping", "is_object", "is_sequence", "override"]
