"""Checks of requests by the table: the server applies the client's own rules to keys, values and versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from msgspec import inspect

from ..._typing import is_mapping, is_object, is_sequence
from ...core.requests.endpoint import Endpoint, ProtocolVersion
from ...core.requests.validation import check, plan_for
from ...errors import ValidationError, WrongProtocolError, printable
from ..errors import APIError, invalid
from ..storage.documents import TOOL_TYPES

# The keywords of one request: those of its query, and of its body or form.
Values = dict[str, Any]


def checked(endpoint: Endpoint[Any, Any], values: Values, protocol: ProtocolVersion) -> Values:
    """Return the values unchanged; raises the 400 for the first that breaks a rule."""
    if endpoint.params is None:
        return values
    try:
        check(endpoint, values, protocol)
    except (WrongProtocolError, ValidationError, TypeError) as error:
        # Names come first, and most requests have no wrong one.
        _check_keys(endpoint.params, values)
        raise _refusal(error, protocol) from None
    _check_tools(values.get("tools") or (), protocol)
    return values


def _refusal(error: WrongProtocolError | ValidationError | TypeError, protocol: ProtocolVersion) -> APIError:
    """Return the 400 for values whose names are right."""
    match error:
        case WrongProtocolError():
            text = f"'{error.field}' is in protocol {error.wanted} only; this request speaks {protocol}."
            return invalid(f"Unknown parameter: {text}", error.field, "unknown_parameter")
        case ValidationError():
            shown = printable(repr(error.value), 80)
            return invalid(f"Invalid '{error.path}': {error.rule}, not {shown}.", error.path, "invalid_value")
        case _:
            return invalid("A value of your request cannot be written as JSON: it is not valid UTF-8.")


def take_stream(endpoint: Endpoint[Any, Any], body: Values) -> bool:
    """Remove `stream` from the body of an operation that streams, and return its value."""
    stream = body.pop("stream", None) if endpoint.streams else None
    if stream is not None and not isinstance(stream, bool):
        raise invalid(f"Invalid 'stream': expected a boolean, not {printable(repr(stream), 80)}.", "stream")
    return bool(stream)


def from_query(endpoint: Endpoint[Any, Any], pairs: Iterable[tuple[str, str]]) -> Values:
    """Read the keywords in a query; unknown ones, such as `api-version`, are ignored."""
    values: Values = {}
    if endpoint.params is None:
        return values
    known = _query_names(endpoint.params, endpoint.takes_body)
    for wire, text in pairs:
        # The vendor's clients write a list as `include[]=a&include[]=b`.
        name = known.get(wire) or known.get(wire.removesuffix("[]"))
        if name is not None:
            _put(values, endpoint.params, name, text)
    return values


@cache
def _query_names(params: type, takes_body: bool) -> Mapping[str, str]:
    """Return the keywords that a query may have, by their names there and by their own."""
    return {
        wire: name
        for name, field in plan_for(params).fields.items()
        if field.query or not takes_body
        for wire in (field.wire, name)
    }


def from_form(params: type, pairs: Iterable[tuple[str, str]]) -> Values:
    """Read the keywords in form fields; `name[key]` is a member of an object."""
    values: Values = {}
    for name, text in pairs:
        outer, bracket, inner = name.partition("[")
        if not bracket:
            _put(values, params, name, text)
            continue
        member = values.setdefault(outer, {})
        if not is_object(member):
            raise invalid(f"Invalid '{name}': '{outer}' was given as a text before.", name, "invalid_value")
        field = plan_for(params).fields.get(outer)
        _put(member, field.nested if field and field.nested else params, inner.removesuffix("]"), text)
    return values


def _put(values: Values, params: type, name: str, text: str) -> None:
    match _kinds(params).get(name):
        case "list":
            values[name] = [*values.get(name, ()), text]
        # A longer number is past 64 bits: as text, it breaks the rule of its keyword.
        case "integer" if text.lstrip("-").isdecimal() and len(text) < 20:
            values[name] = int(text)
        case _:
            values[name] = text


@cache
def _kinds(params: type) -> Mapping[str, str]:
    """Return the kind of each keyword; in a query or form every value is text."""
    info = inspect.type_info(params)
    assert isinstance(info, inspect.TypedDictType)
    return {field.name: _kind(field.type) for field in info.fields}


def _kind(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata(type=inner):
            return _kind(inner)
        case inspect.IntType():
            return "integer"
        case inspect.ListType():
            return "list"
        case _:
            return "text"


def _check_keys(params: type, values: Mapping[str, Any], path: str = "") -> None:
    plan = plan_for(params)
    if not values.keys() <= plan.fields.keys():
        name = next(iter(values.keys() - plan.fields.keys()))
        raise invalid(f"Unknown parameter: '{path}{name}'.", path + name, "unknown_parameter")
    if not values.keys() >= plan.required:
        name = min(plan.required - values.keys())
        raise invalid(f"Missing required parameter: '{path}{name}'.", path + name, "missing_required_parameter")
    for name, value in values.items():
        nested = plan.fields[name].nested
        if nested is None:
            continue
        if is_mapping(value):
            _check_keys(nested, value, f"{path}{name}.")
        elif is_sequence(value):
            for place, item in enumerate(value):
                if is_mapping(item):
                    _check_keys(nested, item, f"{path}{name}[{place}].")


def _check_tools(tools: Iterable[Mapping[str, Any]], protocol: ProtocolVersion) -> None:
    for place, tool in enumerate(tools):
        # The check above lets the types of both versions pass.
        if tool["type"] in TOOL_TYPES[protocol]:
            better = TOOL_TYPES[protocol][tool["type"]]
            path = f"tools[{place}].type"
            message = f"Invalid value: '{tool['type']}'. Protocol {protocol} has '{better}' instead."
            raise invalid(message, path, "invalid_value")
