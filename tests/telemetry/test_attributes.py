"""The attributes of spans: names of the conventions, read from requests and values."""

from __future__ import annotations

import pytest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes, http_attributes, url_attributes
from opentelemetry.semconv.attributes import error_attributes, server_attributes

from assistants_async import Assistant, Headers, HTTPResponse, RateLimitedError, Thread, TimedOutError, Usage
from assistants_async.core.requests.request import bind
from assistants_async.endpoints import TABLE, find
from assistants_async.telemetry import attributes

MODULES = (gen_ai_attributes, http_attributes, error_attributes, server_attributes, url_attributes)
KNOWN = {value for module in MODULES for value in vars(module).values() if isinstance(value, str)}

SERVERS = {
    "https://api.openai.com/v1": ("openai", "api.openai.com", 443),
    "https://me.openai.azure.com/openai": ("azure.ai.openai", "me.openai.azure.com", 443),
    "https://me.services.ai.azure.com/api/projects/p": ("azure.ai.agents", "me.services.ai.azure.com", 443),
    "http://localhost/v1": ("openai", "localhost", 80),
    "http://127.0.0.1:8080/v1": ("openai", "127.0.0.1", 8080),
}


@pytest.mark.parametrize(("url", "expected"), SERVERS.items(), ids=SERVERS)
def test_the_provider_is_read_off_the_host(url: str, expected: tuple[str, str, int]) -> None:
    """One that speaks the protocol and is not known has the protocol's own."""
    found = attributes.of_server(url)
    assert tuple(found.values()) == expected
    assert found.keys() <= KNOWN


@pytest.mark.parametrize("operation", TABLE)
def test_each_operation_has_its_names(operation: str) -> None:
    """All of them of the conventions, the ids by what they are ids of."""
    row = find(operation)
    request = bind(row, tuple(f"id_{name}" for name in row.parameters), {}, protocol=row.protocols[0], validate=False)
    found = attributes.of_request(request)
    assert found.keys() <= KNOWN
    assert found["url.template"] == row.path
    assert found.get("gen_ai.conversation.id") == ("id_thread_id" if "thread_id" in row.parameters else None)
    name = attributes.operation_of(request)
    assert name == "create_agent" or find(name) is row


def test_values_bring_ids() -> None:
    """Of the kinds that have a name in the conventions."""
    assert attributes.of_value(Thread(id="thread_1")) == {"gen_ai.conversation.id": "thread_1"}
    assert attributes.of_value(Assistant(id="asst_1")) == {"gen_ai.agent.id": "asst_1"}
    assert attributes.of_value([]) == {}
    assert attributes.of_usage(None) == {}
    assert attributes.of_usage(Usage(prompt_tokens=1)) == {"gen_ai.usage.input_tokens": 1}


def test_errors_bring_codes() -> None:
    """The phase of a time-out, the status, and a code that is a plain name."""
    assert attributes.of_error(TimedOutError("head", 1)) == {
        "error.type": "TimedOutError",
        "assistants_async.phase": "head",
    }
    refused = RateLimitedError(
        HTTPResponse(429, "", Headers(), b"", "GET", "http://x/v1/x"), {"code": "sk-0123456789abcdef"}
    )
    assert attributes.of_error(refused) == {"error.type": "RateLimitedError", "http.response.status_code": 429}
