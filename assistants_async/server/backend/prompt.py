"""A turn of a run to the body of a chat completion: pure; raises `PromptError` for a run that cannot be sent.

Plan: the thread becomes units, each a message or a round of tool calls, since the calls of a round are invalid without
their outputs; truncation keeps or drops whole units, and the rest follows the system text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._typing import is_object
from ..engine.turn import ToolOutput, ToolRound, TurnFile, TurnItem
from ..storage.documents import SEARCH_TOOLS
from .images import put_images
from .settings import BackendSettings
from .units import Unit, estimate, newest, within

SEARCH_NAME = "file_search"
"""Name of the function by which a model searches the files of a run."""

# The engine makes citations of these marks.
_CITE = (
    "Search results begin with a mark such as 【0:1†notes.md】. "
    "Where an answer uses a result, put that mark, unchanged, right behind the sentence that uses it."
)
_SEARCH_TOOL: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": SEARCH_NAME,
        "description": "Search the files of this conversation and of the assistant for passages that answer questions.",
        "parameters": {
            "type": "object",
            "properties": {
                "queries": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Questions or key words, up to five.",
                }
            },
            "required": ["queries"],
            "additionalProperties": False,
        },
    },
}
_PASSED = ("temperature", "top_p", "reasoning_effort")


class PromptError(Exception):
    """A run that cannot be sent to the model; it ends `failed` with this code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """`"invalid_prompt"` or `"server_error"`."""
        self.message = message
        """The reason in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A run and its thread, as far as a prompt needs them."""

    run: Mapping[str, Any]
    """The whole object of the run."""
    items: Sequence[TurnItem]
    """Messages and rounds of tool calls, oldest first."""
    file: Callable[[str], TurnFile | None]
    """Looks a file up; None for one that is gone."""
    found: Sequence[str] = ()
    """Texts of an injected search, each with its mark."""
    prompt_used: int = 0
    """Prompt tokens of the run's earlier rounds."""
    completion_used: int = 0
    """Completion tokens of the run's earlier rounds."""
    rounds: int = 0
    """Number of the run's earlier rounds."""


def request_body(thread: Thread, settings: BackendSettings, *, include_usage: bool = True) -> dict[str, Any]:
    """Write the body of the request for the next answer of a run.

    Raises `PromptError` for a run that needs more than this server has.
    """
    run = thread.run
    tools = _tools(run, settings)
    system = _system(thread, tools)
    kept = _truncated(_units(thread), thread, settings, estimate(system) + sum(estimate(tool) for tool in tools))
    if not put_images(kept, thread.file):
        raise PromptError("invalid_prompt", "the images of the thread have more than 20 MiB")
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    messages += (message for unit in kept for message in unit.messages)
    body: dict[str, Any] = {"model": settings.resolve(run["model"]) or run["model"], "messages": messages}
    body |= {name: run[name] for name in _PASSED if run.get(name) is not None}
    if tools:
        body["tools"] = tools
        body |= _tool_options(thread, tools)
    # Text is the default: old servers refuse the member.
    form = run.get("response_format")
    if is_object(form) and form.get("type") != "text":
        body["response_format"] = form
    if run.get("max_completion_tokens") is not None:
        body[settings.limit_name] = run["max_completion_tokens"] - thread.completion_used
    body["stream"] = True
    # Not every backend knows the option; the caller drops it after a refusal.
    if include_usage:
        body["stream_options"] = {"include_usage": True}
    return body


def _tools(run: Mapping[str, Any], settings: BackendSettings) -> list[Mapping[str, Any]]:
    given: Sequence[Mapping[str, Any]] = run.get("tools") or ()
    if settings.code_interpreter == "refuse" and any(tool["type"] == "code_interpreter" for tool in given):
        raise PromptError("server_error", "code_interpreter: no sandbox is configured on this server")
    tools = [tool for tool in given if tool["type"] == "function"]
    # The user's own function of that name replaces the search.
    searched = any(tool["type"] in SEARCH_TOOLS for tool in given)
    if searched and settings.searches_by_tool and all(tool["function"]["name"] != SEARCH_NAME for tool in tools):
        tools.append(_SEARCH_TOOL)
    return tools


def _tool_options(thread: Thread, tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    choice = thread.run.get("tool_choice")
    if is_object(choice):
        name = SEARCH_NAME if choice.get("type") == "file_search" else choice.get("function", {}).get("name")
        # A search is forced once: a model that has to search in every round never answers.
        forced = choice.get("type") != "file_search" or not thread.rounds
        if forced and any(tool["function"]["name"] == name for tool in tools):
            options["tool_choice"] = {"type": "function", "function": {"name": name}}
    elif choice is not None and choice != "auto":
        options["tool_choice"] = choice
    if thread.run.get("parallel_tool_calls") is not None:
        options["parallel_tool_calls"] = thread.run["parallel_tool_calls"]
    return options


def _system(thread: Thread, tools: Sequence[Mapping[str, Any]]) -> str:
    parts = [thread.run.get("instructions") or ""]
    names = list(dict.fromkeys(_attached(thread)))
    if names:
        parts.append("Files attached to the conversation: " + ", ".join(names) + ".")
    if thread.found:
        parts.append("Passages from the files that may answer the question:\n\n" + "\n\n".join(thread.found))
    if thread.found or _SEARCH_TOOL in tools:
        parts.append(_CITE)
    return "\n\n".join(part for part in parts if part)


def _attached(thread: Thread) -> list[str]:
    """Return the names of the files that messages attach for the search, in protocol v1's form too."""
    ids: list[str] = []
    for item in thread.items:
        if not isinstance(item, ToolRound):
            ids += item.get("file_ids") or ()
            ids += (
                one["file_id"]
                for one in item.get("attachments") or ()
                if one.get("file_id") and any(tool["type"] == "file_search" for tool in one.get("tools") or ())
            )
    files = [thread.file(one) for one in ids]
    return [file.filename for file in files if file is not None]


def _units(thread: Thread) -> list[Unit]:
    units: list[Unit] = []
    places: dict[str, int] = {}
    for item in thread.items:
        own = (item.run_id if isinstance(item, ToolRound) else item.get("run_id")) == thread.run["id"]
        if not isinstance(item, ToolRound):
            places[item["id"]] = len(units)
            message = {"role": item["role"], "content": _content(item)}
            units.append(Unit([message], is_message=True, is_own=own, is_user=item["role"] == "user"))
            continue
        if not item.calls:
            continue  # hosted tools of another server: backends refuse a message with an empty list of calls
        place = places.get(item.message_id)
        if place is None:
            units.append(Unit(_round(item, None), is_own=own))
        else:  # the text and the calls of one answer are one message of the model
            text = units[place].messages[0]["content"]
            units[place] = Unit(_round(item, text), is_message=True, is_own=own)
    return units


def _round(item: ToolRound, text: object) -> list[dict[str, Any]]:
    calls = [
        {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in item.calls
    ]
    return [{"role": "assistant", "content": text, "tool_calls": calls}, *(_output(call) for call in item.calls)]


def _output(call: ToolOutput) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call.call_id, "content": call.output}


def _content(message: Mapping[str, Any]) -> object:
    """Return the content of a message; a single text is a plain string, since old servers refuse lists."""
    parts: list[dict[str, Any]] = []
    for part in message.get("content") or ():
        match part.get("type"):
            case "text":
                parts.append({"type": "text", "text": part["text"]["value"]})
            case "refusal":
                parts.append({"type": "text", "text": part["refusal"]})
            case "image_url":
                parts.append({"type": "image_url", "image_url": dict(part["image_url"])})
            case "image_file":
                parts.append({"type": "image_file", "image_file": part["image_file"]})
            case _:
                pass
    if message["role"] == "assistant" or (len(parts) == 1 and parts[0]["type"] == "text"):
        return "\n".join(part["text"] for part in parts if part["type"] == "text")
    return parts or ""


def _truncated(units: list[Unit], thread: Thread, settings: BackendSettings, fixed: int) -> list[Unit]:
    strategy: Mapping[str, Any] = thread.run.get("truncation_strategy") or {}
    if strategy.get("type") == "last_messages" and strategy.get("last_messages"):
        units = newest(units, strategy["last_messages"])
    most = thread.run.get("max_prompt_tokens")
    limits = [] if most is None else [most - thread.prompt_used]
    if settings.context is not None:
        # Room for the answer: the run's limit of it, otherwise a quarter of the context.
        answer = thread.run.get("max_completion_tokens") or settings.context // 4
        limits.append(settings.context - min(answer, settings.context // 2))
    return within(units, min(limits) - fixed) if limits else units
