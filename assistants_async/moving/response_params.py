"""An assistant as the parameters of `responses.create`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._typing import is_array, is_object

Note = Callable[[str], None]
"""Takes a sentence about what has no counterpart."""

_SAME = ("model", "instructions", "temperature", "top_p")
_RANKERS = ("auto", "default-2024-11-15")


def response_params(assistant: Mapping[str, Any], note: Note) -> dict[str, Any]:
    """Make the parameters; tools and members without a counterpart are noted and left out."""
    params = {name: assistant[name] for name in _SAME if assistant.get(name) is not None}
    if assistant.get("metadata"):
        params["metadata"] = assistant["metadata"]
    if assistant.get("reasoning_effort"):
        params["reasoning"] = {"effort": assistant["reasoning_effort"]}
    form = _text_format(assistant.get("response_format"), note)
    if form is not None:
        params["text"] = {"format": form}
    tools = list(_tools(assistant, note))
    if tools:
        params["tools"] = tools
    for name in ("name", "description", "file_ids"):
        if assistant.get(name):
            note(f"{name} {assistant[name]!r} has no counterpart")
    return params


def _text_format(form: object, note: Note) -> dict[str, Any] | None:
    """Return the format of answers; None for the usual one."""
    kind = form.get("type") if is_object(form) else form
    if kind in (None, "auto", "text"):
        return None
    if kind == "json_object":
        return {"type": kind}
    schema = form.get("json_schema") if is_object(form) else None
    if kind != "json_schema" or not is_object(schema) or not is_object(schema.get("schema")):
        note(f"response_format {kind!r} has no counterpart")
        return None
    names = ("name", "schema", "description", "strict")
    return {"type": kind, **{name: schema[name] for name in names if schema.get(name) is not None}}


def _tools(assistant: Mapping[str, Any], note: Note) -> Iterator[dict[str, Any]]:
    resources = assistant.get("tool_resources")
    for tool in assistant.get("tools") or ():
        kind = tool.get("type")
        own = resources.get(kind) if is_object(resources) else None
        resource: Mapping[str, Any] = own if is_object(own) else {}
        if kind == "function":
            yield _function(tool.get("function") or {})
        elif kind == "code_interpreter":
            yield {"type": kind, "container": {"type": "auto", "file_ids": list(resource.get("file_ids") or ())}}
        elif kind == "file_search" and is_array(resource.get("vector_store_ids")) and resource["vector_store_ids"]:
            yield _file_search(tool.get("file_search") or {}, resource["vector_store_ids"], note)
        elif kind == "file_search":
            note("its file_search is left out: it has no vector store")
        elif kind == "mcp":
            yield {name: value for name, value in tool.items() if value not in (None, [])}
        else:
            note(f"tool {kind!r} has no counterpart")


def _function(function: Mapping[str, Any]) -> dict[str, Any]:
    made = {"type": "function", "name": function.get("name") or "", "parameters": function.get("parameters")}
    # Absent means strict there, and not strict here.
    made["strict"] = bool(function.get("strict"))
    if function.get("description"):
        made["description"] = function["description"]
    return made


def _file_search(options: Mapping[str, Any], stores: list[Any], note: Note) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "file_search", "vector_store_ids": stores}
    if options.get("max_num_results") is not None:
        made["max_num_results"] = options["max_num_results"]
    ranking: Mapping[str, Any] = options.get("ranking_options") or {}
    kept = {name: value for name, value in ranking.items() if name in ("ranker", "score_threshold")}
    if kept.get("ranker") not in (None, *_RANKERS):
        note(f"ranker {kept['ranker']!r} of file_search has no counterpart")
        del kept["ranker"]
    if kept:
        made["ranking_options"] = kept
    return made
