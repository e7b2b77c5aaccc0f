"""The dialect of a server: Foundry's own paths, query and members of requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from ..._typing import is_array, is_object
from ..errors import APIError, invalid

_PROJECT = "/api/projects/{project}"
_HOLDERS = frozenset({"thread", "messages", "additional_messages", "file_search"})
"""Members whose values may have members of Foundry's deeper inside."""
_OWN: Mapping[str, frozenset[str]] = {
    "tool_resources": frozenset({"azure_ai_search", "mcp"}),
    "code_interpreter": frozenset({"data_sources"}),
    "vector_stores": frozenset({"name", "configuration"}),
    "attachments": frozenset({"data_source"}),
}
"""Foundry's members, by the name of the member around them."""
_NAMES = frozenset({"tool_approvals", *_HOLDERS, *_OWN})


def check_version(request: web.Request) -> None:
    """Raise Foundry's 400 for a request without an `api-version`; any version passes."""
    if not request.query.get("api-version"):
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise APIError(400, message, code="MissingApiVersionParameter")


def check_plain(operation: str, values: Mapping[str, Any]) -> None:
    """Raise the 400 for a member that only Foundry takes: the client sends such members to any server."""
    found = None if _NAMES.isdisjoint(values) else next(_foundrys(operation, values), None)
    if found is not None:
        raise invalid(f"Unknown parameter: '{found}'.", found, "unknown_parameter")
    # Foundry takes approvals in place of outputs, so the table cannot require them.
    if operation == "submitToolOuputsToRun" and "tool_outputs" not in values:
        name = "tool_outputs"
        raise invalid(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def prefix_of(prefixes: tuple[str, ...], dialect: str | None) -> tuple[tuple[str, ...], str]:
    """Return the paths at which the API is mounted, and the path of the base URL."""
    if dialect == "foundry":
        return (_PROJECT,), _PROJECT.format(project="p")
    return prefixes, prefixes[0]


def _foundrys(operation: str, values: Mapping[str, Any]) -> Iterator[str]:
    if "tool_approvals" in values:
        yield "tool_approvals"
    if operation == "createRun" and "tool_resources" in values:
        yield "tool_resources"
    yield from _within(values, "", "")


def _within(value: Any, holder: str, path: str) -> Iterator[str]:
    """Yield the paths of Foundry's members in the value of a member `holder`."""
    if is_array(value):
        for place, item in enumerate(value):
            yield from _within(item, holder, f"{path[:-1]}[{place}].")
    elif is_object(value):
        for name, item in value.items():
            if name in _OWN.get(holder, ()):
                yield path + name
            elif name in _OWN or name in _HOLDERS:
                yield from _within(item, name, f"{path}{name}.")
