"""JSON schemas of Python types, plain or by the rules of strict mode, and values decoded by them.

Strict mode takes a part of JSON schema: every object closed, every member required, nothing open or of any type,
no keyword beside a `$ref`. Hosts differ in the limits (`minimum`, `pattern`, `format`, …) that they take, so these
are written into the description, and checked when the value is decoded.
"""

import functools
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from .._typing import Generic, is_array, is_object
from ..errors import AnswerDecodeError
from ..models.decoding import rule_and_path
from .nulls import without_nulls

if TYPE_CHECKING:
    from .mixed_types import MixedType

T = TypeVar("T")
Schema = dict[str, Any]

_DEFS = "#/$defs/"
_NAMED = ("properties", "$defs")
_LISTED = ("anyOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")

_TYPES: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}

# Keywords that every strict host takes.
_KEPT = frozenset(
    {
        "$defs",
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "description",
        "enum",
        "items",
        "properties",
        "required",
        "type",
    }
)
# Keywords that are written into the description instead.
_LIMITS: Mapping[str, str] = {
    "format": "format {}",
    "contentEncoding": "{} encoded",
    "pattern": "matches {}",
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "uniqueItems": "no item twice",
    "minProperties": "at least {} members",
    "maxProperties": "at most {} members",
    "default": "default {}",
    "examples": "examples {}",
}


class Loose(msgspec.Struct, frozen=True):
    """A place that keeps a schema from being strict."""

    path: str
    """The path, such as `"$.tags"`."""
    rule: str
    """The rule that it breaks."""


def schema_of(kind: Any, *, strict: bool = False) -> Schema:
    """Make the JSON schema of a type, with `$defs` for the types inside it that have names.

    Raises `TypeError` for a type that has no JSON, and, if strict, `ValueError` for one that is open.
    """
    schema = plain_schema(kind)
    if strict:
        loose = loose_place(schema)
        if loose is not None:
            raise ValueError(f"{loose.path} {loose.rule}, which strict mode cannot express: use strict=False")
        return strict_schema(schema)
    return schema


def plain_schema(kind: Any) -> Schema:
    """Make the plain JSON schema of a type: tidied, the root never a reference. Raises `TypeError`."""
    try:
        made, made_parts = _described(kind)
    except TypeError as error:
        raise TypeError(str(error).splitlines()[-1]) from None
    except KeyError as error:  # what msgspec makes of two types of one name in one module
        raise TypeError(f"there are two types of the name {error}") from None
    parts: dict[str, Schema] = {name: _mapped(part, _tidied) for name, part in made_parts.items()}
    root = _mapped(made, _tidied)
    if root.keys() == {"$ref"}:
        root = dict(parts[_target(root)])
    used: dict[str, Schema] = {}
    _collect(root, parts, used)
    return {**root, "$defs": used} if used else root


def _described(kind: Any) -> tuple[Schema, dict[str, Schema]]:
    mixed = mixed_type(kind)
    if mixed is not None:
        return mixed.schema_parts()
    (made,), parts = msgspec.json.schema_components([kind], ref_template=_DEFS + "{name}")
    return made, parts


def mixed_type(kind: Any) -> "MixedType | None":
    """Find a type of pydantic's, or one with such a part; None for any other, and where pydantic is not imported."""
    if "pydantic" not in sys.modules:
        return None
    from .mixed_types import MixedType, has_pydantic  # on use: most programs have no such type

    return MixedType(kind) if has_pydantic(kind) else None


def loose_place(schema: Schema) -> Loose | None:
    """Find the first place that strict mode does not allow; None where there is none."""
    return _loose(schema, schema.get("$defs", {}), "$", frozenset())


def strict_schema(schema: Schema) -> Schema:
    """Make a schema strict, one in which `loose_place` finds nothing.

    Members that may be left out become nullable and required: null means that they are left out.
    """
    return _mapped(schema, _stricter)


def decoded(kind: type[T], text: str) -> T:
    """Decode JSON text as a type, a null where a member may be left out read as leaving it out.

    Raises `msgspec.DecodeError`, `UnicodeEncodeError` or `RecursionError`.
    """
    # Plain first: nulls are dropped only where the value as it is does not fit.
    value = msgspec.json.decode(text)
    try:
        return msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError:
        return msgspec.convert(without_nulls(value, kind), kind, str_keys=True)


def text_reader(kind: type[T]) -> Callable[[str], T]:
    """Make the function that reads JSON text as a type, one of pydantic's too; it raises what `decoded` raises."""
    mixed = mixed_type(kind)
    if mixed is None:
        return functools.partial(decoded, kind)
    read = mixed.reader()
    return lambda text: read(msgspec.json.decode(text))


def fault(error: Exception) -> tuple[str, str]:
    """Read an error of `decoded`: the rule, and the path to the value that breaks it."""
    if isinstance(error, RecursionError):
        return "nested too deeply", "$"
    if isinstance(error, UnicodeEncodeError):
        return "no valid Unicode", "$"
    return rule_and_path(error)


class AnswerFormat(Generic[T]):
    """A type that an answer must have: the `response_format` that asks for it, and the reader of the answer."""

    __slots__ = ("_read", "_wrapped", "kind", "response_format")

    def __init__(self, kind: type[T], *, name: str | None = None, strict: bool | None = None) -> None:
        try:
            schema = plain_schema(kind)
        except TypeError as error:
            raise TypeError(f"an answer cannot have the type {kind!r}: {error}") from None
        self.kind = kind
        """The type."""
        self._wrapped = schema.get("type") != "object"
        answer: Any = kind
        if self._wrapped:  # the root of an answer must be an object
            answer = msgspec.defstruct("Answer", [("value", kind)], kw_only=True)
            schema = plain_schema(answer)
        if strict is None:
            strict = loose_place(schema) is None
        wanted = {
            "name": _format_name(kind) if name is None else name,
            "strict": strict,
            "schema": schema_of(answer, strict=strict),
        }
        self._read: Callable[[str], Any] = text_reader(answer)
        self.response_format: dict[str, Any] = {"type": "json_schema", "json_schema": wanted}
        """Value for `runs.create(response_format=…)`; `strict` unless the type has open parts."""

    def partial(self, value: Any) -> Any:
        """Take the answer so far out of the plain value of its text so far."""
        return value.get("value") if self._wrapped and is_object(value) else value

    def decode(self, text: str) -> T:
        """Read an answer; raises `AnswerDecodeError` with the path."""
        try:
            value = self._read(text)
        except (ValueError, RecursionError) as error:
            rule, path = fault(error)
            raise AnswerDecodeError(rule, path=path, text=text) from None
        answer: T = value.value if self._wrapped else value
        return answer


def answer_format(kind: type[T], *, name: str | None = None, strict: bool | None = None) -> AnswerFormat[T]:
    """Ask for answers of a type: a Struct, dataclass, TypedDict or model of pydantic's; any other is a member `value`.

    `strict` is as strict as the type allows unless given. Raises `TypeError` for a type that has no JSON,
    `ValueError` with `strict=True` for one that is open.
    """
    return AnswerFormat(kind, name=name, strict=strict)


def _format_name(kind: Any) -> str:
    # Names of generic classes have brackets, which the protocol refuses.
    return re.sub(r"[^A-Za-z0-9_-]+", "_", getattr(kind, "__name__", "answer"))[:64]


def _mapped(node: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Change each schema within a schema, innermost first."""
    node = dict(node)
    for key in _NAMED:
        if is_object(node.get(key)):
            node[key] = {name: _mapped(part, change) for name, part in node[key].items()}
    for key in _LISTED:
        if is_array(node.get(key)):
            node[key] = [_mapped(part, change) for part in node[key]]
    for key in _SINGLE:
        if is_object(node.get(key)):
            node[key] = _mapped(node[key], change)
    return change(node)


def _tidied(node: Schema) -> Schema:
    node = {key: value for key, value in node.items() if key not in ("title", "discriminator")}
    if "enum" in node and "type" not in node:  # which strict mode wants beside it
        kinds = sorted({_TYPES[type(value)] for value in node["enum"]})
        node["type"] = kinds[0] if len(kinds) == 1 else kinds
    return node


def _parts(node: Schema) -> list[tuple[str, Schema]]:
    """Yield the schemas directly inside one, each with the step of the path that leads to it."""
    parts = [(f".{name}", part) for name, part in node.get("properties", {}).items()]
    parts += [("", part) for key in _LISTED for part in node.get(key, ())]
    return parts + [("[]", node[key]) for key in _SINGLE if is_object(node.get(key))]


def _target(node: Schema) -> str:
    return str(node["$ref"]).removeprefix(_DEFS)


def _collect(node: Schema, parts: Mapping[str, Schema], used: dict[str, Schema]) -> None:
    # Only what the root leads to: strict hosts refuse definitions without use.
    if "$ref" in node and _target(node) not in used:
        used[_target(node)] = parts[_target(node)]
        _collect(parts[_target(node)], parts, used)
    for _, part in _parts(node):
        _collect(part, parts, used)


def _loose(node: Schema, defs: Mapping[str, Schema], path: str, seen: frozenset[str]) -> Loose | None:
    if "$ref" in node:
        name = _target(node)
        # A recursive type comes back to its own definition.
        return None if name in seen else _loose(defs[name], defs, path, seen | {name})
    kind = node.get("type")
    if kind is None and "anyOf" not in node:
        return Loose(path, "may be anything")
    if kind == "object" and ("properties" not in node or node.get("additionalProperties")):
        return Loose(path, "has keys of any name")
    if kind == "array" and "prefixItems" in node:
        return Loose(path, "has items of different types by their place")
    if kind == "array" and "items" not in node:
        return Loose(path, "has items that may be anything")
    found = (_loose(part, defs, path + step, seen) for step, part in _parts(node))
    return next((loose for loose in found if loose is not None), None)


def _stricter(node: Schema) -> Schema:
    limits = [text.format(_shown(node[key])) for key, text in _LIMITS.items() if node.get(key) is not None]
    node = {key: value for key, value in node.items() if key in _KEPT}
    if limits:
        words = "; ".join(limits)
        node["description"] = f"{node['description']} ({words})" if node.get("description") else words
    if "$ref" in node and "description" in node:
        # Strict mode allows no keyword beside a `$ref`.
        node["anyOf"] = [{"$ref": node.pop("$ref")}]
    if "properties" in node:
        required = node.get("required", ())
        node["properties"] = {
            name: part if name in required else _nullable(part) for name, part in node["properties"].items()
        }
        node["required"] = list(node["properties"])
        node["additionalProperties"] = False
    return node


def _nullable(node: Schema) -> Schema:
    if node.get("type") == "null" or None in node.get("enum", ()):
        return node
    branches = node.get("anyOf")
    if branches is None:
        inner = {key: value for key, value in node.items() if key != "description"}
        branches = [inner]
    elif any(_nullable(branch) is branch for branch in branches):
        return node
    described = {"description": node["description"]} if "description" in node else {}
    return {**described, "anyOf": [*branches, {"type": "null"}]}


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
