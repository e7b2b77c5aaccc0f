"""The attributes of spans, read from requests and values: names and ids, never what was written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from ..core.requests.request import Request
from ..errors import AssistantsError, RunFailedError, StatusError, TimedOutError, printable
from ..models.assistants import Assistant
from ..models.runs import Run, Usage
from ..models.threads import Thread

Attributes = dict[str, Any]

_PROVIDERS = {
    ".openai.azure.com": "azure.ai.openai",
    ".services.ai.azure.com": "azure.ai.agents",
}
_OTHERS = "openai"  # the protocol's own, whoever serves it
_AGENT, _CONVERSATION, _RESPONSE = "gen_ai.agent.id", "gen_ai.conversation.id", "gen_ai.response.id"
_IDS = {"{assistant_id}": _AGENT, "{thread_id}": _CONVERSATION, "{run_id}": _RESPONSE}
_MEMBERS = {
    "assistant_id": _AGENT,
    "model": "gen_ai.request.model",
    "name": "gen_ai.agent.name",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_completion_tokens": "gen_ai.request.max_tokens",
}
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")


def of_server(base_url: str) -> Attributes:
    """Return the attributes of a server: its provider, and its address without a user or a password."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    provider = next((name for end, name in _PROVIDERS.items() if host.endswith(end)), _OTHERS)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {"gen_ai.provider.name": provider, "server.address": host, "server.port": port}


def operation_of(request: Request) -> str:
    """Name the operation as the conventions do, or else by the document's own name in their spelling."""
    operation = request.endpoint.operation.replace("Ouputs", "Outputs")  # as the document spells it
    if operation == "createAssistant":
        return "create_agent"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()


def of_request(request: Request) -> Attributes:
    """Return the attributes of a request: its operation, its ids, and those of its members that have a name."""
    endpoint = request.endpoint
    found: Attributes = {"http.request.method": endpoint.method, "url.template": endpoint.path}
    return {**found, **of_work(request)}


def of_work(request: Request) -> Attributes:
    """Return the attributes of what a request asks for, as a run has them too."""
    parts = zip(request.endpoint.path.split("/"), request.path.split("/"), strict=True)
    found = {_IDS[name]: unquote(value) for name, value in parts if name in _IDS}
    return {**found, **dict(_members(request.body or {}, request.endpoint.operation))}


def _members(body: Mapping[str, Any], operation: str) -> Iterator[tuple[str, Any]]:
    for member, name in _MEMBERS.items():
        value = body.get(member)
        if isinstance(value, (str, int, float)) and (member != "name" or operation == "createAssistant"):
            yield name, value


def of_value(value: object) -> Attributes:
    """Return the attributes of an answer: the ids that the server gave, and the model that was used."""
    match value:
        case Assistant():
            return _some({_AGENT: value.id, "gen_ai.agent.name": value.name, "gen_ai.response.model": value.model})
        case Thread():
            return {_CONVERSATION: value.id}
        case Run():
            ids = {_CONVERSATION: value.thread_id, _AGENT: value.assistant_id, _RESPONSE: value.id}
            return _some({**ids, "gen_ai.response.model": value.model})
        case _:
            return {}


def of_usage(usage: Usage | None) -> Attributes:
    """Return the attributes of tokens spent."""
    if usage is None:
        return {}
    read, written = usage.prompt_tokens, usage.completion_tokens
    return _some({"gen_ai.usage.input_tokens": read, "gen_ai.usage.output_tokens": written})


def of_error(error: BaseException) -> Attributes:
    """Return the attributes of an error: its class, and codes that are plain names; no sentence of anybody's."""
    found: Attributes = {"error.type": type(error).__name__}
    if isinstance(error, StatusError):
        found["http.response.status_code"] = error.status
    if isinstance(error, TimedOutError):
        found["assistants_async.phase"] = error.phase
    code = error.code if isinstance(error, (StatusError, RunFailedError)) else None
    if code is not None and _PLAIN.match(printable(code)):  # which has no key in it
        found["assistants_async.error_code"] = code
    return found


def summary_of(error: BaseException, *, content: bool) -> str:
    """Describe an error for the status of a span: its class and codes, or with `content` its message."""
    if content and isinstance(error, AssistantsError):
        return printable(str(error), 400)
    return " ".join(str(value) for value in of_error(error).values())


def _some(attributes: Attributes) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None}
