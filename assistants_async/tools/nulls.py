"""Reading null as "left out" where a member may be left out but not be null.

Strict mode has no members that may be left out: a model that wants to leave one out sends null.
"""

from __future__ import annotations

from typing import Any

from msgspec import inspect

from .._typing import is_array, is_object

_Fields = inspect.StructType | inspect.DataclassType | inspect.TypedDictType
_Items = inspect.ListType | inspect.SetType | inspect.FrozenSetType | inspect.VarTupleType


def without_nulls(value: Any, kind: Any) -> Any:
    """Return a value of decoded JSON without the nulls that mean a member left out."""
    return _cleared(value, inspect.type_info(kind))


def _cleared(value: Any, info: inspect.Type) -> Any:
    match info:
        case inspect.Metadata(type=inner):
            return _cleared(value, inner)
        case inspect.UnionType(types=types):
            return next((_cleared(value, each) for each in types if _fits(value, each)), value)
        case inspect.StructType() | inspect.DataclassType() | inspect.TypedDictType() if is_object(value):
            return _members(value, info)
        case inspect.DictType(value_type=item) if is_object(value):
            return {key: _cleared(part, item) for key, part in value.items()}
        case inspect.TupleType(item_types=items) if is_array(value) and len(items) == len(value):
            return [_cleared(part, item) for part, item in zip(value, items, strict=True)]
        case (
            inspect.ListType(item_type=item)
            | inspect.SetType(item_type=item)
            | inspect.FrozenSetType(item_type=item)
            | inspect.VarTupleType(item_type=item)
        ) if is_array(value):
            return [_cleared(part, item) for part in value]
        case _:
            return value


def _members(value: dict[str, Any], info: _Fields) -> dict[str, Any]:
    fields = {field.encode_name: field for field in info.fields}
    kept: dict[str, Any] = {}
    for key, part in value.items():
        field = fields.get(key)
        if field is None:
            kept[key] = part
        # Only where null is no value of the member: elsewhere it is what the model wrote.
        elif part is not None or field.required or _takes_null(field.type):
            kept[key] = _cleared(part, field.type)
    return kept


def _fits(value: Any, info: inspect.Type) -> bool:
    """Return True where the value fits only this member of a union, by its kind or its tag."""
    # By its tag where it has one: all members of the union are objects then.
    if isinstance(info, inspect.StructType) and info.tag_field is not None:
        return is_object(value) and value.get(info.tag_field) == info.tag
    if isinstance(info, (_Fields, inspect.DictType)):
        return is_object(value)
    return isinstance(info, (_Items, inspect.TupleType)) and is_array(value)


def _takes_null(info: inspect.Type) -> bool:
    match info:
        case inspect.Metadata(type=inner):
            return _takes_null(inner)
        case inspect.UnionType(types=types):
            return any(map(_takes_null, types))
        case inspect.LiteralType(values=values):
            return None in values
        case _:
            return isinstance(info, (inspect.NoneType, inspect.AnyType))
