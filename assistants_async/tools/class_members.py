"""Members of a class that JSON objects are read as: a Struct, dataclass or TypedDict."""

from __future__ import annotations

import dataclasses
import types
from typing import Annotated, Any, NamedTuple, NotRequired, Required, Union, get_args, get_origin, get_type_hints

import msgspec


class Member(NamedTuple):
    """A member of a class."""

    name: str
    """Its name in Python."""
    wire: str
    """Its name in JSON."""
    kind: Any
    """Its type."""
    required: bool
    """True where it has no default."""


def has_members(cls: Any) -> bool:
    """Find a Struct, dataclass or TypedDict."""
    if not isinstance(cls, type):
        return False
    made: Any = cls
    # A TypedDict has no type of its own at run time: its keys give it away.
    return issubclass(cls, msgspec.Struct) or dataclasses.is_dataclass(made) or hasattr(made, "__required_keys__")


def members_of(kind: Any) -> list[Member]:
    """List the members of a class that JSON may give, their types those of its arguments where it is generic."""
    cls: Any = get_origin(kind) or kind
    if issubclass(cls, msgspec.Struct):
        return [Member(each.name, each.encode_name, each.type, each.required) for each in msgspec.structs.fields(kind)]
    values = dict(zip(getattr(cls, "__parameters__", ()), get_args(kind), strict=False))
    hints = {name: values.get(hint, hint) for name, hint in get_type_hints(cls, include_extras=True).items()}
    if dataclasses.is_dataclass(cls):
        missing = dataclasses.MISSING
        return [
            Member(each.name, each.name, hints[each.name], each.default is missing and each.default_factory is missing)
            for each in dataclasses.fields(cls)
            # A field without `init` is not given by JSON, but made by the class.
            if each.init
        ]
    return [_key(name, hint, required=name in cls.__required_keys__) for name, hint in hints.items()]


def _key(name: str, hint: Any, *, required: bool) -> Member:
    """Read a key of a TypedDict: its mark goes first, which `__required_keys__` misses in annotations as text."""
    mark = get_origin(hint)
    if mark in (Required, NotRequired):
        return Member(name, name, get_args(hint)[0], mark is Required)
    return Member(name, name, hint, required)


def takes_null(kind: Any) -> bool:
    """Return True for a type that null is a value of."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return takes_null(args[0])
    return kind in (None, type(None), Any) or (origin in (Union, types.UnionType) and any(map(takes_null, args)))
