"""The echo, where a run wants a call or an answer in JSON."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import msgspec
import pytest

from assistants_async import AssistantsClient, Run
from assistants_async.server import AssistantsServer

CITY: Any = {"type": "object", "properties": {"city": {"type": "string", "enum": ["Oslo"]}}}
F: Any = {"type": "function", "function": {"name": "f", "parameters": CITY}}
G: Any = {"type": "function", "function": {"name": "g"}}


async def ran(text: str, **keywords: Any) -> tuple[Run, str]:
    """A run on a thread with one text, and the newest text then."""
    async with AssistantsClient.local() as client:
        assistant = await client.assistants.create(model="m", tools=[F, G])
        thread = await client.threads.create(messages=[{"role": "user", "content": text}])
        run = await client.runs.create(thread, assistant_id=assistant, **keywords).poll(raise_on=())
        message = await client.messages.list(thread).first()
        return run, message.text if message is not None else ""


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        pytest.param("required", [("f", '{"city":"Oslo"}')], id="any"),
        pytest.param({"type": "function", "function": {"name": "g"}}, [("g", "{}")], id="one"),
    ],
)
async def test_a_call_that_is_required_is_made(choice: Any, wanted: list[tuple[str, str]]) -> None:
    """With example arguments of the function's schema."""
    run, _ = await ran("Hello", tool_choice=choice)
    calls = [call.function for call in run.tool_calls]
    assert [(call.name, call.arguments) for call in calls if call is not None] == wanted


async def test_no_call_where_none_is_allowed() -> None:
    """`tool_choice="none"` wins over a message that requests a call."""
    run, text = await ran('/call f {"city": "Oslo"}', tool_choice="none")
    assert (run.status, text) == ("completed", "The run has tool_choice 'none': f is not called.")


async def test_an_object() -> None:
    """`json_object` is an object with the echo."""
    _, text = await ran("Hello", response_format={"type": "json_object"})
    assert json.loads(text) == {"echo": "Echo: Hello"}


class Answer(msgspec.Struct):
    city: str
    sure: bool


async def test_a_structured_answer_without_a_model() -> None:
    """`output_type` can be tried on the embedded server: the answer is an example of the type."""
    async with AssistantsClient.local() as client:
        assistant = await client.assistants.create(model="m")
        thread = await client.threads.create(messages=[{"role": "user", "content": "Where?"}])
        result = await client.runs.create(thread, assistant_id=assistant).drive(output_type=Answer)
    assert result.parsed == Answer("example", sure=True)


async def test_a_plain_server_is_always_ready() -> None:
    """The echo needs no backend, and a probe needs no key."""
    async with (
        AssistantsServer(api_key="key") as server,
        aiohttp.ClientSession() as session,
        session.get(server.base_url.removesuffix("/v1") + "/readyz") as ready,
    ):
        assert (ready.status, await ready.json()) == (200, {"status": "ready"})
        assert await server.problem() is None
