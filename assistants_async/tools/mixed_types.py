"""Types of pydantic's inside types that msgspec reads: in lists, unions and members of classes.

Goals: each type is described and read by the library that knows it; the paths of errors are those of msgspec; a
type without anything of pydantic's is never read here.

Plan: a tree made from the type once, whose leaves are either pydantic's or msgspec's. msgspec cannot read a union
of two foreign classes, nor a class that has such a member, so the nodes above a leaf of pydantic's are read here.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, cast, get_args, get_origin

import msgspec

from .._typing import is_array, is_object
from ..models.decoding import rule_and_path
from .class_members import Member, has_members, members_of, takes_null
from .nulls import without_nulls
from .pydantic_types import is_pydantic

if TYPE_CHECKING:
    from .pydantic_adapter import PydanticAdapter

Schema = dict[str, Any]
_REF = "#/$defs/"
_annotated: Any = Annotated  # with marks that are known at run time alone


def has_pydantic(kind: Any, seen: frozenset[Any] = frozenset()) -> bool:
    """Find a type of pydantic's in a type, or in the members of the classes in it."""
    if is_pydantic(kind):
        return True
    if any(has_pydantic(part, seen) for part in get_args(kind)):
        return True
    cls = get_origin(kind) or kind
    if cls in seen or not has_members(cls):
        return False
    return any(has_pydantic(member.kind, seen | {cls}) for member in members_of(kind))


class MixedType(NamedTuple):
    """A type with parts of pydantic's."""

    kind: Any

    def schema_parts(self) -> tuple[Schema, dict[str, Schema]]:
        """Make the JSON schema of the type, and apart from it the schemas that it refers to; raises `TypeError`."""
        parts = _Parts()
        return _node(self.kind, {}).schema(parts), parts.schemas

    def reader(self) -> Callable[[Any], Any]:
        """Make the function that reads plain values as the type; it raises `msgspec.ValidationError` with the path."""
        node = _node(self.kind, {})
        return lambda value: node.read(value, "$")


class _Parts:
    """The schemas with names of one document; two that differ never have one name."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self.names: dict[int, str] = {}

    def free_name(self, name: str) -> str:
        """Return the name, or the first like it that is free."""
        chosen, number = name, 2
        while chosen in self.schemas:
            chosen, number = f"{name}_{number}", number + 1
        return chosen

    def adopt(self, schema: Schema, defs: Mapping[str, Schema]) -> Schema:
        """Take over a schema and what it refers to, which is renamed where its name is another's."""
        renamed = {name: self.free_name(name) for name, part in defs.items() if self.schemas.get(name, part) != part}
        self.schemas.update({renamed.get(name, name): _renamed(part, renamed) for name, part in defs.items()})
        return cast("Schema", _renamed(schema, renamed))


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    if not names:
        return node
    if is_array(node):
        return [_renamed(item, names) for item in node]
    if not is_object(node):
        return node
    changed = {key: _renamed(item, names) for key, item in node.items()}
    if isinstance(target := node.get("$ref"), str):
        name = target.removeprefix(_REF)
        changed["$ref"] = _REF + names.get(name, name)
    return changed


class _Plain(NamedTuple):
    """A type that msgspec describes and reads."""

    kind: Any

    def schema(self, parts: _Parts) -> Schema:
        (schema,), defs = msgspec.json.schema_components([self.kind], ref_template=_REF + "{name}")
        return parts.adopt(schema, defs)

    def read(self, value: Any, path: str) -> Any:
        try:
            return _converted(value, self.kind, path)
        except msgspec.ValidationError:
            return _converted(without_nulls(value, self.kind), self.kind, path)


class _Foreign(NamedTuple):
    """A type of pydantic's."""

    adapter: PydanticAdapter

    def schema(self, parts: _Parts) -> Schema:
        return parts.adopt(*self.adapter.json_schema())

    def read(self, value: Any, path: str) -> Any:
        return self.adapter.validated(value, path)


class _Union(NamedTuple):
    """A union: the first member that reads a value has it."""

    members: tuple[_Node, ...]

    def schema(self, parts: _Parts) -> Schema:
        return {"anyOf": [member.schema(parts) for member in self.members]}

    def read(self, value: Any, path: str) -> Any:
        errors: list[msgspec.ValidationError] = []
        for member in self.members:
            try:
                return member.read(value, path)
            except msgspec.ValidationError as error:
                errors.append(error)
        # The member that was left last is the one that was meant: its error has the longest path.
        raise max(errors, key=lambda error: rule_and_path(error)[1].count("."))


class _Container(NamedTuple):
    """A list, set, tuple or dict, whose own limits msgspec checks, and whose items are read one by one."""

    outer: Any
    """The type with any items."""
    items: tuple[_Node, ...]
    """The node of all items, or one for each place of a tuple."""
    fixed: bool

    def schema(self, parts: _Parts) -> Schema:
        schema = msgspec.json.schema(self.outer)
        inner = [node.schema(parts) for node in self.items]
        if self.fixed:
            return {**schema, "prefixItems": inner}
        return {**schema, "items" if schema["type"] == "array" else "additionalProperties": inner[0]}

    def read(self, value: Any, path: str) -> Any:
        _converted(value, self.outer, path)
        if is_object(value):
            return {key: self.items[0].read(item, f"{path}[...]") for key, item in value.items()}
        nodes = self.items if self.fixed else self.items * len(value)
        pairs = enumerate(zip(nodes, value, strict=True))
        read = [node.read(item, f"{path}[{place}]") for place, (node, item) in pairs]
        return _made(self.outer, read, path)


class _Class:
    """A Struct, dataclass or TypedDict with members of pydantic's."""

    def __init__(self, kind: Any) -> None:
        self.cls: Any = get_origin(kind) or kind
        self.members: dict[str, tuple[Member, _Node]] = {}
        config: Any = getattr(self.cls, "__struct_config__", None)
        self.tag: tuple[str, Any] | None = None
        if config is not None and config.tag is not None:
            self.tag = (config.tag_field, config.tag)
        self.closed = config is not None and config.forbid_unknown_fields

    def schema(self, parts: _Parts) -> Schema:
        name = parts.names.get(id(self))
        if name is None:
            name = parts.names[id(self)] = parts.free_name(self.cls.__name__)
            parts.schemas[name] = {}  # taken, for what is found inside
            parts.schemas[name] = self._object(parts)
        return {"$ref": _REF + name}

    def _object(self, parts: _Parts) -> Schema:
        properties = {name: node.schema(parts) for name, (_, node) in self.members.items()}
        required = [name for name, (member, _) in self.members.items() if member.required]
        if self.tag is not None:
            properties = {self.tag[0]: {"enum": [self.tag[1]]}, **properties}
            required.insert(0, self.tag[0])
        schema: Schema = {"type": "object", "properties": properties, "required": required}
        text = self.cls.__dict__.get("__doc__") or ""
        if text and not text.startswith(f"{self.cls.__name__}("):  # what a dataclass writes for itself
            schema["description"] = " ".join(text.split())
        return {**schema, "additionalProperties": False} if self.closed else schema

    def read(self, value: Any, path: str) -> Any:
        if not is_object(value):
            _converted(value, dict[str, Any], path)
        rest = dict(value)
        if self.tag is not None:
            name, tag = self.tag
            if name not in rest:
                raise _error(f"Object missing required field `{name}`", path)
            if (given := rest.pop(name)) != tag:
                raise _error(f"Invalid value {given!r}", f"{path}.{name}")
        read: dict[str, Any] = {}
        for name, (member, node) in self.members.items():
            if name not in rest:
                if member.required:
                    raise _error(f"Object missing required field `{name}`", path)
                continue
            item = rest.pop(name)
            if item is not None or member.required or takes_null(member.kind):
                read[member.name] = node.read(item, f"{path}.{name}")
        if rest and self.closed:
            raise _error(f"Object contains unknown field `{min(rest)}`", path)
        return _made(self._new, read, path)

    def _new(self, members: dict[str, Any]) -> Any:
        return self.cls(**members)


_Node = _Plain | _Foreign | _Union | _Container | _Class


def _node(kind: Any, classes: dict[Any, _Class]) -> _Node:
    """Make the node of a type; a class that contains itself finds its own node in `classes`."""
    if is_pydantic(kind):
        from .pydantic_adapter import PydanticAdapter  # on use: it imports pydantic

        return _Foreign(PydanticAdapter(kind))
    # The largest part that msgspec reads alone is one node: it is the faster of the two.
    if not has_pydantic(kind):
        return _Plain(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        inner = _node(args[0], classes)
        if isinstance(inner, _Container):
            return inner._replace(outer=_annotated[(inner.outer, *args[1:])])
        return inner
    if origin in (Union, types.UnionType):
        members = tuple(_node(part, classes) for part in args if part is not msgspec.UnsetType)
        return members[0] if len(members) == 1 else _Union(members)
    if has_members(origin or kind):
        if kind not in classes:
            made = classes[kind] = _Class(kind)
            made.members = {member.wire: (member, _node(member.kind, classes)) for member in members_of(kind)}
        return classes[kind]
    return _container(kind, classes)


def _container(kind: Any, classes: dict[Any, _Class]) -> _Container:
    origin, args = get_origin(kind), get_args(kind)
    if not isinstance(origin, type):
        raise TypeError(f"a type of pydantic's cannot be read inside {kind!r}")
    if issubclass(origin, tuple):
        if args[-1] is Ellipsis:
            return _Container(tuple[Any, ...], (_node(args[0], classes),), fixed=False)
        placed: Any = tuple
        return _Container(placed[(Any,) * len(args)], tuple(_node(part, classes) for part in args), fixed=True)
    if issubclass(origin, Mapping):
        keyed: Any = dict
        return _Container(keyed[args[0], Any], (_node(args[1], classes),), fixed=False)
    return _Container(cast("Any", origin)[Any], (_node(args[0], classes),), fixed=False)


def _error(rule: str, path: str) -> msgspec.ValidationError:
    return msgspec.ValidationError(f"{rule} - at `{path}`")


def _converted(value: Any, kind: Any, path: str) -> Any:
    try:
        return msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError as error:
        text = str(error)
        rule, inner = rule_and_path(error)
        rule = text[: len(rule)]  # as msgspec wrote it
        raise _error(rule, path + inner.removeprefix("$")) from None


def _made(make: Any, values: Any, path: str) -> Any:
    """Make an object of values that have been read; an error of its own checks counts as a broken rule."""
    try:
        return msgspec.convert(values, make) if get_origin(make) is not None else make(values)
    except (TypeError, ValueError) as error:
        raise _error(str(error), path) from None
