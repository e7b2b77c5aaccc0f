"""Requests against the table: keys, values and versions are held to the same rules as the client holds them to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from msgspec import inspect

from ..._typing import is_mapping, is_object, is_sequence
from ...core.requests.endpoint import Endpoint, ProtocolVersion
from ...core.requests.validation import check, plan_for
from ...errors import ValidationError, WrongProtocolError, printable
from ..errors import invalid
from ..storage.documents import TOOL_TYPES

# Every operation that has a TypedDict is checked with its keywords in it, whether they came in query, body or form.
Values = dict[str, Any]


def checked(endpoint: Endpoint[Any, Any], values: Values, protocol: ProtocolVersion) -> Values:
    """The same values, if they keep every rule; else raises the 400."""
    if endpoint.params is None:
        return values
    _check_keys(endpoint.params, values)
    try:
        check(endpoint, values, protocol)
    except WrongProtocolError as error:
        raise invalid(
            f"Unknown parameter: '{error.field}'. Protocol {error.wanted} has it, this request speaks {protocol}.",
            error.field,
            "unknown_parameter",
        ) from None
    except ValidationError as error:
        shown = printable(repr(error.value), 80)
        raise invalid(f"Invalid '{error.path}': {error.rule}, not {shown}.", error.path, "invalid_value") from None
    except TypeError:
        raise invalid("A value of your request cannot be written as JSON: it is not valid UTF-8.") from None
    _check_tools(values.get("tools") or (), protocol)
    return values


def take_stream(endpoint: Endpoint[Any, Any], body: Values) -> bool:
    """Take `stream` out of a body whose operation streams; it is no keyword of the client's."""
    stream = body.pop("stream", None) if endpoint.streams else None
    if stream is not None and not isinstance(stream, bool):
        raise invalid(f"Invalid 'stream': expected a boolean, not {printable(repr(stream), 80)}.", "stream")
    return bool(stream)


def from_query(endpoint: Endpoint[Any, Any], pairs: Iterable[tuple[str, str]]) -> Values:
    """Keywords that a query holds; what the operation does not know is ignored, such as `api-version`."""
    values: Values = {}
    if endpoint.params is None:
        return values
    known = {
        wire: name
        for name, field in plan_for(endpoint.params).fields.items()
        if field.query or not endpoint.takes_body
        for wire in (field.wire, name)
    }
    for wire, text in pairs:
        name = known.get(wire) or known.get(wire.removesuffix("[]"))
        if name is not None:
            _put(values, endpoint.params, name, text)
    return values


def from_form(params: type, pairs: Iterable[tuple[str, str]]) -> Values:
    """Keywords that form fields hold; `name[key]` is a member of an object."""
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
        case "integer" if text.lstrip("-").isdecimal() and len(text) < 20:
            values[name] = int(text)
        case _:
            values[name] = text


@cache
def _kinds(params: type) -> Mapping[str, str]:
    """Find the keywords that are integers or lists: in a query or form everything is text."""
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
    for name in values.keys() - plan.fields.keys():
        raise invalid(f"Unknown parameter: '{path}{name}'.", path + name, "unknown_parameter")
    for name in sorted(plan.required - values.keys()):
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
        if tool["type"] in TOOL_TYPES[protocol]:
            better = TOOL_TYPES[protocol][tool["type"]]
            path = f"tools[{place}].type"
            message = f"Invalid value: '{tool['type']}'. Protocol {protocol} has '{better}' instead."
            raise invalid(message, path, "invalid_value")
