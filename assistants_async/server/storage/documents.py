"""The documents of each object in each version: its members in the specification's order, with their defaults.

The server's own documents hold the members of both versions; `render` picks those that a version has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from ...core.requests.endpoint import ProtocolVersion
from .interface import Document

ABSENT = object()
"""Default of a member that is left out unless it has a value."""

_AUTO_TRUNCATION = {"type": "auto", "last_messages": None}

_ASSISTANT: Document = {
    "id": None,
    "object": "assistant",
    "created_at": None,
    "name": None,
    "description": None,
    "model": None,
    "instructions": None,
    "tools": [],
}
_RUN: Document = {
    "id": None,
    "object": "thread.run",
    "created_at": None,
    "thread_id": None,
    "assistant_id": None,
    "status": None,
    "required_action": None,
    "last_error": None,
    "expires_at": None,
    "started_at": None,
    "cancelled_at": None,
    "failed_at": None,
    "completed_at": None,
    "incomplete_details": None,
    "model": None,
    # Not nullable in the schema, though the vendor's examples have null.
    "instructions": "",
    "tools": [],
    "metadata": {},
    "usage": None,
    "temperature": 1.0,
    "top_p": 1.0,
    "max_prompt_tokens": None,
    "max_completion_tokens": None,
    "truncation_strategy": _AUTO_TRUNCATION,
    "tool_choice": "auto",
    "response_format": "auto",
}
_STEP: Document = {
    "id": None,
    "object": "thread.run.step",
    "created_at": None,
    "assistant_id": None,
    "thread_id": None,
    "run_id": None,
    "type": None,
    "status": None,
    "step_details": None,
    "last_error": None,
    "expired_at": None,
    "cancelled_at": None,
    "failed_at": None,
    "completed_at": None,
    "metadata": {},
    "usage": None,
}
_MESSAGE: Document = {
    "id": None,
    "object": "thread.message",
    "created_at": None,
    "thread_id": None,
    "status": "completed",
    "incomplete_details": None,
    "completed_at": None,
    "incomplete_at": None,
    "role": None,
    "content": [],
    "assistant_id": None,
    "run_id": None,
}
_THREAD: Document = {"id": None, "object": "thread", "created_at": None}
_FILE: Document = {
    "id": None,
    "object": "file",
    "bytes": None,
    "created_at": None,
    "filename": None,
    "purpose": None,
    # Programs written with openai-python wait for this state before they use a file.
    "status": "processed",
}
_ASSISTANT_FILE: Document = {"id": None, "object": "assistant.file", "created_at": None, "assistant_id": None}
_MESSAGE_FILE: Document = {"id": None, "object": "thread.message.file", "created_at": None, "message_id": None}
_VECTOR_STORE: Document = {
    "id": None,
    "object": "vector_store",
    "created_at": None,
    "name": "",
    "description": ABSENT,
    "usage_bytes": 0,
    "file_counts": None,
    "status": None,
    "expires_after": ABSENT,
    "expires_at": None,
    "last_active_at": None,
    "metadata": {},
}
_STORE_FILE: Document = {
    "id": None,
    "object": "vector_store.file",
    "usage_bytes": 0,
    "created_at": None,
    "vector_store_id": None,
    "status": None,
    "last_error": None,
    "chunking_strategy": None,
    "attributes": {},
}
_BATCH: Document = {
    "id": None,
    "object": "vector_store.files_batch",
    "created_at": None,
    "vector_store_id": None,
    "status": None,
    "file_counts": None,
}
_UPLOAD: Document = {
    "id": None,
    "object": "upload",
    "bytes": None,
    "created_at": None,
    "filename": None,
    "purpose": None,
    "status": None,
    "expires_at": None,
    "file": ABSENT,
}
_PART: Document = {"id": None, "object": "upload.part", "created_at": None, "upload_id": None}
_DELTA: Document = {"id": None, "object": None, "delta": None}

_RESOURCES: Document = {"tool_resources": {}, "metadata": {}}
_SAMPLING: Document = {"temperature": 1.0, "top_p": 1.0, "response_format": "auto"}
_FILE_IDS: Document = {"file_ids": [], "metadata": {}}

SHAPES: Mapping[str, Mapping[ProtocolVersion, Mapping[str, Any]]] = {
    "assistant": {"v1": {**_ASSISTANT, **_FILE_IDS}, "v2": {**_ASSISTANT, **_RESOURCES, **_SAMPLING}},
    "thread": {"v1": {**_THREAD, "metadata": {}}, "v2": {**_THREAD, **_RESOURCES}},
    "message": {"v1": {**_MESSAGE, **_FILE_IDS}, "v2": {**_MESSAGE, "attachments": [], "metadata": {}}},
    "run": {"v1": {**_RUN, "file_ids": []}, "v2": {**_RUN, "parallel_tool_calls": True, "tool_resources": ABSENT}},
    "step": {"v1": _STEP, "v2": _STEP},
    "file": {"v1": _FILE, "v2": {**_FILE, "expires_at": ABSENT}},
    "assistant_file": {"v1": _ASSISTANT_FILE},
    "message_file": {"v1": _MESSAGE_FILE},
    "vector_store": {"v2": _VECTOR_STORE},
    "store_file": {"v2": _STORE_FILE},
    "batch": {"v2": _BATCH},
    "upload": {"v2": _UPLOAD},
    "part": {"v2": _PART},
    "delta": {"v1": _DELTA, "v2": _DELTA},
}
"""Members of each kind of object by version."""

TOOL_TYPES: Mapping[ProtocolVersion, Mapping[str, str]] = {
    "v1": {"file_search": "retrieval"},
    "v2": {"retrieval": "file_search"},
}
"""The type of a tool of the other version, as shown in this one."""

SEARCH_TOOLS = frozenset({"file_search", "retrieval"})
"""The types of the tool that searches files, of both versions."""

# Version 1 knows no end "incomplete": "the run will end with status `complete`. See `incomplete_details`".
_STATUSES: Mapping[ProtocolVersion, Mapping[str, str]] = {"v1": {"incomplete": "completed"}, "v2": {}}
_EVENTS: Mapping[ProtocolVersion, Mapping[str, str]] = {
    "v1": {"thread.run.incomplete": "thread.run.completed"},
    "v2": {},
}


class _Plan(NamedTuple):
    """The members of one shape, worked out once."""

    blank: Document
    """The shape with its defaults; null for those that are left out."""
    filled: tuple[tuple[str, Any], ...]
    """Members with a default other than null."""
    has_tools: bool


@cache
def _plan(kind: str, protocol: ProtocolVersion) -> _Plan:
    shape = SHAPES[kind][protocol]
    blank = {name: None if default is ABSENT else default for name, default in shape.items()}
    filled = tuple((name, default) for name, default in shape.items() if default is not None)
    return _Plan(blank, filled, "tools" in shape)


def render(kind: str, document: Document, protocol: ProtocolVersion) -> Document:
    """Return a document as a version shows it; its members are shared, not copied."""
    plan = _plan(kind, protocol)
    # Merged and then cut takes two thirds of the time of picking each member (2026-11).
    shown: Document = {**plan.blank, **document}
    for name in document.keys() - plan.blank.keys():
        del shown[name]
    # A null stands for the default, as does a member that an older store does not have.
    for name, default in plan.filled:
        if shown[name] is None:
            if default is ABSENT:
                del shown[name]
            else:
                shown[name] = default
    # An assistant made in one version may be read in the other, which names the search tool differently.
    if plan.has_tools:
        shown["tools"] = _tools(shown["tools"], protocol)
    if protocol == "v1" and kind in {"step", "delta"}:
        shown = _with_retrievals(shown) if kind == "step" else {**shown, "delta": _with_retrievals(shown["delta"])}
    if kind == "run":
        shown["status"] = _STATUSES[protocol].get(shown["status"], shown["status"])
    return shown


def _with_retrievals(holder: Document) -> Document:
    """Return a step, or the changes of one, with version 1's searches, which say nothing of their results."""
    details: Document = holder.get("step_details") or {}
    calls: Sequence[Document] = details.get("tool_calls") or ()
    if not any(call["type"] == "file_search" for call in calls):
        return holder
    shown = [_retrieval(call) if call["type"] == "file_search" else call for call in calls]
    return {**holder, "step_details": {**details, "tool_calls": shown}}


def _retrieval(call: Document) -> Document:
    return {**{name: call[name] for name in call if name != "file_search"}, "type": "retrieval", "retrieval": {}}


INCLUDED = "step_details.tool_calls[*].file_search.results[*].content"
"""The value of `include[]` that adds the texts that a search found."""


def without_content(step: Document) -> Document:
    """Return a step without the texts that its search found: they come only where a request wants them."""
    details = step["step_details"]
    # Most steps have no search, and need no copy.
    if not any(call["type"] == "file_search" for call in details.get("tool_calls") or ()):
        return step
    calls = [_bare(call) if call["type"] == "file_search" else call for call in details["tool_calls"]]
    return {**step, "step_details": {**details, "tool_calls": calls}}


def _bare(call: Document) -> Document:
    search = call["file_search"]
    # One that an import brought may have none.
    if not search.get("results"):
        return call
    results = [{name: value for name, value in one.items() if name != "content"} for one in search["results"]]
    return {**call, "file_search": {**search, "results": results}}


def event_name(event: str, protocol: ProtocolVersion) -> str:
    """Return the name that a version has for an event."""
    return _EVENTS[protocol].get(event, event)


def deleted(object: str, id: str) -> Document:
    """Make the answer to a deletion."""
    return {"id": id, "object": object, "deleted": True}


def given(values: Mapping[str, Any], names: Sequence[str]) -> Document:
    """Pick members of a request, as far as it has them."""
    return {name: values[name] for name in names if name in values}


def _tools(tools: Sequence[Mapping[str, Any]], protocol: ProtocolVersion) -> list[Mapping[str, Any]]:
    types = TOOL_TYPES[protocol]
    return [{"type": types[tool["type"]]} if tool["type"] in types else tool for tool in tools]
