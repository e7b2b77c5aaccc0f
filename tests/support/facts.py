"""Models and keywords beside the schemas of the documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

from assistants_async.models.unions import Unknown
from tests.support.places import FACTS as FACTS_FILE

FACTS: dict[str, dict[str, dict[str, Any]]] = json.loads(FACTS_FILE.read_text())
VERSIONS = ("v1", "v2")


def schema_of(version: str, name: str) -> dict[str, Any] | None:
    """Give the schema of an object in one version of the documents."""
    found: dict[str, Any] | None = FACTS[version]["schemas"].get(name)
    return found


def reached(version: str, roots: set[str]) -> set[str]:
    """Give the names of all schemas that these lead to."""
    names: set[str] = set()
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name in names:
            continue
        names.add(name)
        for member in FACTS[version]["schemas"][name]["properties"].values():
            todo.extend(member.get("objects", []))
    return names


def members(kind: type) -> dict[str, inspect.Field]:
    """Give the members of a model by their names on the wire."""
    info = inspect.type_info(kind)
    assert isinstance(info, (inspect.StructType, inspect.TypedDictType))
    return {field.encode_name: field for field in info.fields}


def tags(kinds: tuple[type, ...]) -> set[str]:
    """Give the tags of the members of a union."""
    return {
        info.tag
        for info in map(inspect.type_info, kinds)
        if isinstance(info, inspect.StructType) and isinstance(info.tag, str)
    }


def leaves(info: inspect.Type) -> Iterator[inspect.Type]:
    """The alternatives of a type, not those of its items."""
    match info:
        case inspect.Metadata(type=inner):
            yield from leaves(inner)
        case inspect.UnionType(types=types):
            for inner in types:
                yield from leaves(inner)
        case _:
            yield info


def classes(info: inspect.Type) -> set[type]:
    """The classes of the objects in a type, also those in its lists."""
    found: set[type] = set()
    for leaf in leaves(info):
        if isinstance(leaf, (inspect.StructType, inspect.TypedDictType)):
            found.add(leaf.cls)
        elif isinstance(leaf, (inspect.ListType, inspect.VarTupleType)):
            found |= classes(leaf.item_type)
    return found - {Unknown}


def literals(info: inspect.Type) -> set[Any]:
    """Give the values that a type names."""
    return {value for leaf in leaves(info) if isinstance(leaf, inspect.LiteralType) for value in leaf.values}


def is_open(info: inspect.Type) -> bool:
    """True for a type that takes any text besides its own values."""
    return any(isinstance(leaf, inspect.StrType) for leaf in leaves(info))


def takes_none(info: inspect.Type) -> bool:
    """True for a type that takes None."""
    return any(isinstance(leaf, inspect.NoneType) for leaf in leaves(info))


def properties(name: str) -> dict[str, list[dict[str, Any]]]:
    """Each property of a schema with its facts in the versions that have it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for version in VERSIONS:
        for member, fact in (schema_of(version, name) or {"properties": {}})["properties"].items():
            found.setdefault(member, []).append(fact)
    return found
