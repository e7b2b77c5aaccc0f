"""Keywords of an operation: checked against its TypedDict, then split into query and body.

Goals: the checked bytes are the sent bytes, byte for byte; dicts, models and tuples are accepted alike; one sentence
says which argument breaks which rule; a misspelt key is refused at every depth, though msgspec drops it.

Plan: compare keys first (a plan made once per TypedDict from `msgspec.inspect`), encode, then decode the encoded
JSON as the TypedDict with its limits, which costs about 2 µs, and throw the result away. Long JSON of few values is not
decoded: the values are checked as they are, by the same rules.
"""

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, cast

import msgspec
from msgspec import UNSET, inspect

from ..._typing import is_mapping, is_object, is_sequence
from ...errors import ValidationError, WrongProtocolError
from ...errors.old_names import keyword_hint
from ...models.base import Model
from ...models.decoding import Decoder, decoder_for, encode, encode_checked, rule_and_path
from .endpoint import Endpoint, ProtocolVersion
from .member_ids import with_ids
from .path_ids import Kinds
from .plain_values import check_finite, is_plain
from .rules import in_words, unencodable


class Field(msgspec.Struct, frozen=True):
    """One keyword in a plan of checks."""

    wire: str
    """Its name in the query, where it travels there."""
    query: bool
    protocol: ProtocolVersion | None
    """The only version that has it."""
    narrow: Any
    """The type that its value must fit in v1 besides its own."""
    nested: type | None
    """TypedDict of its object, or of each object in its list."""
    instead_of: str | None
    """The keyword that it replaces: exactly one of the two is given."""


class Plan(msgspec.Struct, frozen=True):
    """The checks of the keys of one TypedDict."""

    fields: Mapping[str, Field]
    query: Mapping[str, str]
    """Keywords that travel in the query, and their names there."""
    guarded: frozenset[str]
    """Keywords that only one version has, or whose values are objects."""
    required: frozenset[str]
    either: tuple[tuple[str, str], ...]
    """Keywords of which exactly one is given."""


@cache
def plan_for(params: type) -> Plan:
    """The plan of a TypedDict, read from its annotations once."""
    info = inspect.type_info(params)
    assert isinstance(info, inspect.TypedDictType)
    fields = {field.name: _field(field) for field in info.fields}
    return Plan(
        fields,
        query={name: field.wire for name, field in fields.items() if field.query},
        guarded=frozenset(name for name, field in fields.items() if field.protocol or field.nested),
        required=frozenset(field.name for field in info.fields if field.required),
        either=tuple((field.instead_of, name) for name, field in fields.items() if field.instead_of is not None),
    )


def _field(field: inspect.Field) -> Field:
    extra: dict[str, Any] = {}
    info = field.type
    while isinstance(info, inspect.Metadata):
        extra = {**cast("dict[str, Any]", info.extra or {}), **extra}
        info = info.type
    return Field(
        wire=extra.get("query", field.name),
        query="query" in extra,
        protocol=extra.get("protocol"),
        narrow=extra.get("v1"),
        nested=_nested(info),
        instead_of=extra.get("instead_of"),
    )


def _nested(info: inspect.Type) -> type | None:
    match info:
        case inspect.TypedDictType(cls=cls):
            return cls
        case inspect.Metadata(type=inner) | inspect.ListType(item_type=inner):
            return _nested(inner)
        case inspect.UnionType(types=types):
            return next((cls for cls in map(_nested, types) if cls is not None), None)
        case _:
            return None


def check(endpoint: Endpoint[Any, Any], values: Mapping[str, Any], protocol: ProtocolVersion) -> bytes:
    """Check keywords, and their JSON, by every rule that the documents state; return that JSON.

    Raises `TypeError` for keywords that are unknown or missing, `WrongProtocolError` for those of the other
    version, `ValidationError` for values.
    """
    params = endpoint.params
    if params is None:
        name = min(values)
        hint = keyword_hint(name, (), ids=endpoint.parameters)
        raise TypeError(f"{endpoint.name}() got an unexpected keyword argument {name!r}{hint}")
    _check_keys(endpoint, params, values, protocol)
    data = _convert(endpoint.name, decoder_for(params), values)
    if protocol == "v1":
        for name, field in plan_for(params).fields.items():
            if field.narrow is not None and values.get(name) is not None:
                _convert(endpoint.name, decoder_for(field.narrow), values[name], name)
    return data


def _check_keys(
    endpoint: Endpoint[Any, Any], params: type, values: Mapping[str, Any], protocol: ProtocolVersion, path: str = ""
) -> None:
    plan = plan_for(params)
    _check_names(endpoint, plan, values, path)
    # Most calls stop here: none of their keywords needs more than its name.
    if plan.guarded.isdisjoint(values):
        return
    for name, value in values.items():
        field = plan.fields[name]
        if field.protocol not in (None, protocol):
            raise WrongProtocolError(endpoint.name, path + name, protocol, str(field.protocol))
        if field.nested is None:
            continue
        if is_mapping(value):
            _check_keys(endpoint, field.nested, value, protocol, f"{path}{name}.")
        elif is_sequence(value):
            for place, item in enumerate(value):
                if is_mapping(item):
                    _check_keys(endpoint, field.nested, item, protocol, f"{path}{name}[{place}].")


def _check_names(endpoint: Endpoint[Any, Any], plan: Plan, values: Mapping[str, Any], path: str) -> None:
    fields, operation = plan.fields, endpoint.name
    for name in values:  # mostly few: comparing views of keys would take longer
        if name not in fields:
            unknown = min(map(str, values.keys() - fields.keys()))
            raise TypeError(_unexpected(operation, path, unknown, plan, () if path else endpoint.parameters))
    for name in plan.required:
        if name not in values:
            missing = min(plan.required - values.keys())
            raise TypeError(f"{operation}() missing required keyword argument: {path + missing!r}")
    for one, other in plan.either:
        given = [name for name in (one, other) if name in values]
        if len(given) != 1:
            raise ValidationError(operation, path + other, f"expected exactly one of `{one}` and `{other}`", given)


def _unexpected(operation: str, path: str, name: str, plan: Plan, ids: Collection[str]) -> str:
    if name == "stream":
        return f"{operation}() takes no 'stream': use {operation}(…).stream()"
    hint = keyword_hint(name, plan.fields, path, ids)
    return f"{operation}() got an unexpected keyword argument {path + name!r}{hint}"


# Bytes of JSON from which on it is quicker to check plain values as they are, which does not read a long text.
_LONG = 4096
_SCALARS = frozenset({str, int, float, bool, type(None)})
_UNENCODABLE = (TypeError, ValueError, OverflowError, RecursionError)


def _convert(operation: str, decoder: Decoder[Any], values: Any, prefix: str = "") -> bytes:
    # The sent bytes are the checked ones, but for members that no document has.
    try:
        data, checked = encode_checked(values)
    except _UNENCODABLE as error:
        raise _no_json(operation, values, error) from None
    is_read = not (len(data) > _LONG and data is checked and is_plain(values))
    try:
        if is_read or not decoder.fits(values):
            decoder.decode_request(checked)
    except msgspec.ValidationError as error:
        rule, path = rule_and_path(error)
        path = path.removeprefix("$").removeprefix(".")
        if is_object(values) and (path.endswith("[...]") or "` in `" in str(error)[-len(path) - 12 :]):
            path = _key_at(decoder, values, path.removesuffix("[...]")) or path
        join = "." if prefix and path and not path.startswith("[") else ""
        if b"null" in data and is_object(values):
            check_finite(operation, values)
        given = _at(values, path)
        # An error shows the value, and headers of MCP servers are credentials.
        if b'"headers"' in data:
            given = "[masked]" if "headers" in path else _masked(given)
        rule = in_words(rule, decoder.type, path)
        raise ValidationError(operation, prefix + join + path or "arguments", rule, given) from None
    if is_read and b"null" in data:  # what NaN and infinity are written as
        check_finite(operation, values)
    return data


def _key_at(decoder: Decoder[Any], values: Mapping[str, Any], name: str) -> str | None:
    """The path to the pair that breaks a rule in a map of one keyword: msgspec names the map alone."""
    pairs = values.get(name)
    for key, value in pairs.items() if is_mapping(pairs) else ():
        try:
            decoder.decode_request(encode({**values, name: {key: value}}))
        except msgspec.ValidationError:
            return f"{name}.{key}"
    return None


def _at(values: Any, path: str) -> Any:
    """The value at a path of msgspec's, as far as its steps can be followed: `[...]`, of a map, cannot."""
    for step in re.findall(r"[^.\[\]]+", path):
        try:
            values = values[int(step)] if is_sequence(values) else values[step]
        except (LookupError, TypeError):
            return getattr(values, step, values)
    return values


def _masked(value: Any) -> Any:
    """Copy a value without its headers, such as those with which MCP servers are called: they are credentials."""
    if isinstance(value, Model):
        value = value.to_dict()
    if is_mapping(value):
        return {name: "[masked]" if name == "headers" else _masked(item) for name, item in value.items()}
    return [_masked(item) for item in value] if is_sequence(value) else value


def encoded(operation: str, values: Any) -> bytes:
    """Encode keywords as JSON; raises `TypeError` for a value that is no JSON."""
    try:
        return encode(values)
    except _UNENCODABLE as error:
        raise _no_json(operation, values, error) from None


def _no_json(operation: str, values: Any, error: Exception) -> TypeError | ValidationError:
    """Make the error of keywords that cannot be encoded, which names the place where that can be found."""
    found = unencodable(values)
    if found is None:
        return TypeError(f"{operation}(): {error}")
    path, value = found
    if isinstance(value, str):
        return ValidationError(operation, path, "expected text without lone surrogates", value)
    return TypeError(f"{operation}(): {f'{path}: {type(value).__name__} is no value of JSON' if path else error}")


def normalise(operation: str, values: Mapping[str, Any], kinds: Kinds) -> dict[str, Any]:
    """Leave out what is `UNSET`, and put ids where objects were given for them."""
    for value in values.values():
        if type(value) not in _SCALARS:
            break
    else:  # as mostly: a fourth of the instructions of what follows
        return dict(values)
    try:
        return {
            name: value if type(value) in _SCALARS else with_ids(operation, name, value, kinds, name)
            for name, value in values.items()
            if value is not UNSET
        }
    except RecursionError:  # of a dict that has itself in it, which the encoder refuses
        return {name: value for name, value in values.items() if value is not UNSET}


def split(endpoint: Endpoint[Any, Any], values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split keywords into query parameters, by their wire names, and members of the body."""
    if endpoint.params is None:
        return values, {}
    plan = plan_for(endpoint.params)
    if endpoint.method != "POST":
        fields = plan.fields
        # Unchecked keywords have no field: they travel under the name that they were given.
        return {fields[name].wire if name in fields else name: value for name, value in values.items()}, {}
    for name in plan.query:  # mostly one or none: views and sets would take longer
        if name in values:
            break
    else:
        return {}, values
    query = {wire: values[name] for name, wire in plan.query.items() if name in values}
    return query, {name: value for name, value in values.items() if name not in plan.query}
