"""Nulls in request bodies: many clients send one for every member that is not set.

A null stays where the documents let a member be null, since there it has a meaning: in a change, "no value from
now on". Everywhere else the member counts as absent. The caller's own maps (metadata, JSON schemas) stay as they are.
An empty list counts as absent as well where a member need not be there, but has at least one item where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, cast

from msgspec import inspect

from ..._typing import is_array, is_object
from ...core.requests.endpoint import ProtocolVersion


class _Member(NamedTuple):
    nullable: bool
    filled: bool
    """Optional, and a list that is never empty."""
    protocol: ProtocolVersion | None
    """The only version that has the member."""
    objects: tuple[type, ...]
    """Types of the objects in the member, or in its list."""


def without_nulls(params: type, values: Mapping[str, Any], protocol: ProtocolVersion) -> dict[str, Any]:
    """Copy a body without the nulls and empty lists that have no meaning, at every depth."""
    members = _members(params)
    kept: dict[str, Any] = {}
    for name, value in values.items():
        member = members.get(name)
        if value == [] and member is not None and member.filled:
            # The vendor took it, and agents of that time send `file_ids: []` with each message.
            continue
        if value is not None:
            kept[name] = value if member is None else _inner(value, member.objects, protocol)
        elif member is not None and member.nullable and member.protocol in (None, protocol):
            kept[name] = None
    return kept


def _inner(value: Any, objects: tuple[type, ...], protocol: ProtocolVersion) -> Any:
    if not objects:
        return value
    if is_array(value):
        return [_inner(item, objects, protocol) for item in value]
    if is_object(value):
        cls = _type_named(objects, value.get("type"))
        return value if cls is None else without_nulls(cls, value, protocol)
    return value


def _type_named(objects: tuple[type, ...], tag: Any) -> type | None:
    """Find the type with this `type`; a type without a tag is taken where it is the only one."""
    for cls in objects:
        own = _tag_of(cls)
        if own is not None and own == tag:
            return cls
    # Of several nobody can say which is meant: the object is kept with its nulls.
    plain = [cls for cls in objects if _tag_of(cls) is None]
    return plain[0] if len(plain) == 1 else None


# Kept: msgspec looks at the annotations of all nested types anew, 4 ms of each POST with an object in it (2026-11).
@cache
def _tag_of(cls: type) -> Any:
    return getattr(inspect.type_info(cls), "tag", None)


@cache
def _members(cls: type) -> Mapping[str, _Member]:
    info = inspect.type_info(cls)
    assert isinstance(info, (inspect.TypedDictType, inspect.StructType))
    return {field.name: _member(field.type, required=field.required) for field in info.fields}


def _member(info: inspect.Type, *, required: bool) -> _Member:
    protocol: ProtocolVersion | None = None
    while isinstance(info, inspect.Metadata):
        protocol = cast("dict[str, Any]", info.extra or {}).get("protocol", protocol)
        info = info.type
    alternatives = list(_alternatives(info))
    return _Member(
        filled=not required and isinstance(info, inspect.CollectionType) and bool(info.min_length),
        nullable=any(isinstance(one, inspect.NoneType) for one in alternatives),
        protocol=protocol,
        objects=tuple(one.cls for one in alternatives if isinstance(one, (inspect.TypedDictType, inspect.StructType))),
    )


def _alternatives(info: inspect.Type) -> Iterator[inspect.Type]:
    match info:
        case inspect.Metadata(type=inner):
            yield from _alternatives(inner)
        case inspect.ListType(item_type=inner):
            # A null in a list is no member: the list itself may still not be null.
            yield from (one for one in _alternatives(inner) if not isinstance(one, inspect.NoneType))
        case inspect.UnionType(types=types):
            for one in types:
                yield from _alternatives(one)
        case _:
            yield info
