"""Rules in words: allowed values, and the place of a value that JSON cannot encode."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from assistants_async import AssistantsClient, ValidationError
from assistants_async.models.threads import MCPResources
from assistants_async.models.tools import FunctionDefinition, FunctionTool

WORDS: dict[str, tuple[Any, str]] = {
    "a role": (
        lambda client: client.messages.create("t", role="system", content="x"),
        "role: expected 'user' or 'assistant', not 'system'",
    ),
    "a nested role": (
        lambda client: client.threads.create(messages=[{"role": "system", "content": "x"}]),
        "messages[0].role: expected 'user' or 'assistant', not 'system'",
    ),
    "an order": (lambda client: client.messages.list("t", order="up"), "order: expected 'asc' or 'desc', not 'up'"),
    "a strategy": (
        lambda client: client.runs.create("t", assistant_id="a", truncation_strategy={"type": "x"}),
        "truncation_strategy.type: expected 'auto' or 'last_messages', not 'x'",
    ),
    "an anchor": (
        lambda client: client.vector_stores.create(expires_after={"anchor": "x", "days": 1}),
        "expires_after.anchor: expected 'last_active_at', not 'x'",
    ),
    "a filter": (
        lambda client: client.vector_stores.search("vs", query="x", filters={"type": "eqq", "key": "a", "value": 1}),
        "filters.type: expected 'eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin', 'and' or 'or', not 'eqq'",
    ),
    "an object that was read": (
        lambda client: client.assistants.create(model=MCPResources(server_label="docs", headers={"x-a": "secret"})),
        "model: expected `str`, not {'server_label': 'docs', 'headers': '[masked]'}",
    ),
    "a wrong type": (lambda client: client.assistants.create(model=5), "model: expected `str`, not 5"),
}


@pytest.mark.parametrize(("call", "words"), WORDS.values(), ids=WORDS)
async def test_allowed_values_are_listed(call: Any, words: str) -> None:
    """The sentence has the place, the allowed values and the given value, once each."""
    async with AssistantsClient(base_url="http://127.0.0.1:1/v1", api_key="key") as client:
        with pytest.raises(ValidationError) as caught:
            call(client)
    assert str(caught.value).endswith(words)


LOOP: list[Any] = []
LOOP.append(LOOP)
NEST: dict[str, Any] = {}
NEST["tool_resources"] = NEST
NOT_JSON: dict[str, tuple[Any, str]] = {
    "a keyword": (
        lambda client: client.runs.create("t", assistant_id=object()),
        "assistant_id: object is no value of JSON",
    ),
    "a value of metadata": (
        lambda client: client.threads.create(metadata={"a": "b", "c": object()}),
        "metadata.c: object is no value of JSON",
    ),
    "beside a value that JSON can encode": (
        lambda client: client.threads.create(metadata={"a": UUID(int=1), "c": object()}),
        "metadata.c: object is no value of JSON",
    ),
    "deep in a tool": (
        lambda client: client.assistants.create(
            model="m", tools=[{"type": "function", "function": {"name": "f", "parameters": {"x": [1, print]}}}]
        ),
        "tools[0].function.parameters.x[1]: builtin_function_or_method is no value of JSON",
    ),
    "an object that contains itself": (
        lambda client: client.threads.create(tool_resources={"file_search": NEST}),
        ".tool_resources.tool_resources: dict is no value of JSON",
    ),
    "a value that contains itself": (lambda client: client.threads.create(metadata={"a": LOOP}), "is no value of JSON"),
}


HALF = FunctionTool(function=FunctionDefinition(name="\ud800"))
HALVES: dict[str, tuple[Any, str]] = {
    "a keyword": (lambda client: client.assistants.create(model="\ud800"), "model"),
    "metadata": (lambda client: client.threads.create(metadata={"a": "b", "c": "x\udfff"}), "metadata.c"),
    "a key": (lambda client: client.threads.create(metadata={"a": "b", "\ud800": "c"}), "metadata"),
    "a message": (
        lambda client: client.threads.create(messages=[{"role": "user", "content": "\ud800"}]),
        "messages[0].content",
    ),
    "a part": (
        lambda client: client.messages.create("t", role="user", content=[{"type": "text", "text": "\ud800"}]),
        "content[0].text",
    ),
    "an object that was read": (
        lambda client: client.assistants.create(
            model="m", tools=[FunctionTool(function=FunctionDefinition(name="\ud800"))]
        ),
        "tools[0].function.name",
    ),
    "a query": (lambda client: client.threads.list(after="\ud800"), "after"),
    "a form": (lambda client: client.files.create(file=b"x", filename="a", purpose="\ud800"), "purpose"),
    "an output": (
        lambda client: client.runs.submit_tool_outputs(
            "t", "r", tool_outputs=[{"tool_call_id": "a", "output": "\ud800"}]
        ),
        "tool_outputs[0].output",
    ),
}


@pytest.mark.parametrize(("call", "path"), HALVES.values(), ids=HALVES)
async def test_half_of_a_surrogate_pair_is_named(call: Any, path: str) -> None:
    """Text that UTF-8 cannot write, by its path; it can be printed."""
    async with AssistantsClient(base_url="http://127.0.0.1:1/v1", api_key="key") as client:
        with pytest.raises(ValidationError, match="expected text without lone surrogates, not") as caught:
            call(client)
    assert caught.value.path == path
    assert str(caught.value).isprintable()


async def test_half_of_a_pair_where_nothing_is_checked() -> None:
    """In members that no document has, when they are sent; in forms, as they are made."""
    async with AssistantsClient(base_url="http://127.0.0.1:1/v1", api_key="key") as client:
        with pytest.raises(ValidationError) as caught:
            await client.with_options(extra_body={"x": [{"y": "\ud800"}]}).threads.create()
        assert caught.value.path == "x[0].y"
        loose: Any = client.with_options(validate=False)
        with pytest.raises(ValueError, match="a form field has lone surrogates"):
            loose.files.create(file=b"x", filename="a", purpose="\ud800")
        with pytest.raises(ValueError, match=r"files.create\(\): file: its name 'a.*' has lone surrogates: pass"):
            loose.files.create(file=("a\udcff.txt", b"x"), purpose="assistants")


@pytest.mark.parametrize(("call", "words"), NOT_JSON.values(), ids=NOT_JSON)
async def test_values_that_json_cannot_encode_are_named(call: Any, words: str) -> None:
    """By the path to it."""
    async with AssistantsClient(base_url="http://127.0.0.1:1/v1", api_key="key") as client:
        with pytest.raises(TypeError) as caught:
            call(client)
    assert str(caught.value).endswith(words)
