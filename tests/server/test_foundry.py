"""The embedded server in Foundry's dialect: its paths and versions, approvals in each form, and its members alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from assistants_async import (
    Assistant,
    AssistantsClient,
    BadRequestError,
    Call,
    MCPCall,
    NotFoundError,
    Run,
    RunActionError,
    RunFailedError,
    Thread,
)
from assistants_async.models import MCPToolCall
from assistants_async.server import Approval, AskApproval, AssistantsServer, Responder, Say, ScriptedResponder, Turn

PACE = 0.001
GH: dict[str, Any] = {"type": "mcp", "server_label": "gh", "server_url": "https://mcp.example", "allowed_tools": []}
HEADERS = {"authorization": "s3cret-of-the-server"}


class Credential:
    """A credential whose token the server does not look at."""

    def get_token(self, *scopes: str) -> Any:
        """Give the one token."""
        return self

    token, expires_on = "t", 9_999_999_999


@asynccontextmanager
async def foundry(responder: Responder | None = None, **options: Any) -> AsyncIterator[AssistantsClient]:
    """A client of a project on the embedded server, as the preset makes it."""
    async with (
        AssistantsServer(responder=responder, dialect="foundry", seed=0, pace=PACE) as server,
        AssistantsClient.foundry(server.base_url, Credential(), **options) as client,
    ):
        assert server.base_url.endswith("/api/projects/p")
        yield client


async def with_approval(client: AssistantsClient, text: str = '/approve search {"q":"x"}') -> tuple[Thread, Assistant]:
    """A thread with a message, and an assistant with an MCP server."""
    assistant = await client.assistants.create(model="m", tools=[GH])
    return await client.threads.create(messages=[{"role": "user", "content": text}]), assistant


@pytest.mark.parametrize("version", ["v1", "2025-05-15-preview", "x"])
async def test_any_version_will_do(version: str) -> None:
    """It goes into every query."""
    async with foundry(api_version=version) as client:
        assert (await client.assistants.create(model="m")).model == "m"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/projects/p/assistants", 400, "MissingApiVersionParameter"),
        ("/api/projects/p/assistants?api-version=", 400, "MissingApiVersionParameter"),
        ("/api/projects/other/assistants?api-version=v1", 200, None),
        ("/v1/assistants?api-version=v1", 404, "unknown_url"),
        ("/openai/assistants?api-version=v1", 404, "unknown_url"),
    ],
    ids=["none", "empty", "any project", "vendor's path", "azure's path"],
)
async def test_a_version_and_a_project_are_required(path: str, status: int, code: str | None) -> None:
    """Every request needs both, also one that is right otherwise."""
    async with AssistantsServer(dialect="foundry") as server, aiohttp.ClientSession() as session:
        address = server.base_url.removesuffix("/api/projects/p") + path
        async with session.get(address) as answer:
            body = await answer.json()
    assert (answer.status, body.get("error", {}).get("code")) == (status, code)


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "polled"])
@pytest.mark.parametrize("approved", [True, False], ids=["approved", "refused"])
async def test_a_call_is_decided(stream: bool, approved: bool) -> None:
    """By `drive`, once; the step has the result of the call, the answer has the decision."""
    seen: list[tuple[MCPCall, Any]] = []

    async def decide(call: MCPCall, arguments: Any) -> bool:
        seen.append((call, arguments))
        return approved

    async with foundry() as client:
        thread, assistant = await with_approval(client)
        drive = client.runs.create(thread, assistant_id=assistant).drive(approve_mcp=decide, stream=stream)
        result = await drive
        steps = await client.steps.list(thread, result.run, order="asc").collect()
    assert [(call.server_label, call.name, arguments) for call, arguments in seen] == [("gh", "search", {"q": "x"})]
    assert result.text == f"Tool search of gh was {'approved' if approved else 'refused'}."
    (call,) = steps[0].tool_calls
    assert isinstance(call, MCPToolCall)
    assert (call.id, call.name, call.arguments) == (seen[0][0].id, "search", '{"q":"x"}')
    assert call.output == ("gh/search was called." if approved else None)
    assert result.steps[0].tool_calls == steps[0].tool_calls


async def test_a_run_that_nobody_decides_about_is_left_and_resumed() -> None:
    """It waits, and another process can decide about it."""
    async with foundry() as client:
        thread, assistant = await with_approval(client)
        with pytest.raises(
            RunActionError, match="waits for approval of gh/search, and there is no approve_mcp"
        ) as caught:
            await client.runs.create(thread, assistant_id=assistant).drive()
        run = caught.value.run
        assert (await client.runs.retrieve(thread, run)).status == "requires_action"
        result = await client.runs.resume(thread, run, approve_mcp=lambda call, arguments: True)
        assert result.text == "Tool search of gh was approved."


async def test_decisions_can_be_sent_by_hand() -> None:
    """Streamed too; wrong ones are refused, and the run goes on waiting."""
    async with foundry() as client:
        thread, assistant = await with_approval(client)
        run = await client.runs.create(thread, assistant_id=assistant).poll()
        (call,) = run.mcp_calls
        with pytest.raises(BadRequestError, match="Expected tool approvals for call_ids"):
            await client.runs.submit_tool_outputs(thread, run, tool_approvals=[{"tool_call_id": "c", "approve": True}])
        with pytest.raises(BadRequestError, match="waits for tool_approvals, not for tool_outputs"):
            await client.runs.submit_tool_outputs(thread, run, tool_outputs=[{"tool_call_id": call.id, "output": "x"}])
        decision = {"tool_call_id": call, "approve": True, "headers": HEADERS}
        async with client.runs.submit_tool_outputs(thread, run, tool_approvals=[decision]).stream() as channel:
            texts = [text async for text in channel.text()]
    assert "".join(texts) == "Tool search of gh was approved."


async def test_a_responder_gets_the_decisions() -> None:
    """Several calls in a round; arguments may be any text."""
    responder = ScriptedResponder([AskApproval([("gh", "a", {}), ("ms", "b", "no json")]), Say("done")])
    async with foundry(responder) as client:
        thread, assistant = await with_approval(client)
        run = client.runs.create(thread, assistant_id=assistant)
        result = await run.drive(approve_mcp=lambda call, arguments: call.server_label == "gh")
        assert result.text == "done"
    second: Turn = responder.turns[1]
    assert [(one.server_label, one.name, one.arguments, one.approved) for one in second.approvals] == [
        ("gh", "a", "{}", True),
        ("ms", "b", "no json", False),
    ]
    assert isinstance(second.approvals[0], Approval)


async def test_foundrys_members_are_kept_but_for_credentials() -> None:
    """On assistants, threads, runs and attachments."""
    resources: dict[str, Any] = {
        "azure_ai_search": {"indexes": [{"index_connection_id": "c", "index_name": "docs"}]},
        "mcp": [{"server_label": "gh", "headers": HEADERS, "require_approval": "never"}],
    }
    kept = {**resources, "mcp": [{"server_label": "gh", "require_approval": "never"}]}
    attached = [{"data_source": {"type": "uri_asset", "uri": "azureml://x"}, "tools": [{"type": "file_search"}]}]
    async with foundry() as client:
        assistant = await client.assistants.create(model="m", tools=[GH], tool_resources=resources)
        thread = await client.threads.create(tool_resources=resources)
        message = await client.messages.create(thread, role="user", content="x", attachments=attached)
        run = await client.runs.create(thread, assistant_id=assistant, tool_resources=resources)
        shown = [(await client.assistants.retrieve(assistant)), (await client.threads.retrieve(thread)), run]
        assert [one.to_dict()["tool_resources"] for one in shown] == [kept] * 3
        assert message.to_dict()["attachments"] == attached


def calls(client: AssistantsClient, thread: Thread, assistant: Assistant) -> dict[str, Call[Any, Any]]:
    """Calls with members that only Foundry takes."""
    source = {"type": "uri_asset", "uri": "azureml://x"}
    code = {"code_interpreter": {"data_sources": [source]}}
    attached = {"role": "user", "content": "x", "attachments": [{"file_id": "f"}, {"data_source": source}]}
    store = {"vector_stores": [{"name": "s", "configuration": {"data_sources": [source]}}]}
    decision = {"tool_call_id": "c", "approve": True}
    return {
        "tool_resources.azure_ai_search": client.assistants.create(model="m", tool_resources={"azure_ai_search": {}}),
        "tool_resources.code_interpreter.data_sources": client.threads.modify(thread, tool_resources=code),
        "tool_resources.file_search.vector_stores[0].name": client.threads.create(
            tool_resources={"file_search": store}
        ),
        "tool_resources": client.runs.create(thread, assistant_id=assistant, tool_resources={}),
        "messages[0].attachments[1].data_source": client.threads.create(messages=[attached]),
        "tool_approvals": client.runs.submit_tool_outputs(thread, "run_1", tool_approvals=[decision]),
    }


async def test_other_servers_refuse_foundrys_members() -> None:
    """With the place of the member, like any unknown member."""
    async with AssistantsClient.local() as client:
        thread, assistant = await client.threads.create(), await client.assistants.create(model="m")
        for place, call in calls(client, thread, assistant).items():
            with pytest.raises(BadRequestError) as caught:
                await call
            assert (caught.value.param, caught.value.code) == (place, "unknown_parameter")


async def test_the_plain_server_has_no_approvals() -> None:
    """The echo takes the command for a text, and a responder that requires one fails its run."""
    async with AssistantsClient.local() as client:
        thread, assistant = await with_approval(client, "/approve search {}")
        assert (await client.runs.create(thread, assistant_id=assistant).drive()).text == "Echo: /approve search {}"
    async with AssistantsClient.local(responder=ScriptedResponder([AskApproval([("gh", "a", {})])])) as client:
        thread, assistant = await with_approval(client)
        with pytest.raises(RunFailedError, match="AskApproval is for a server of dialect='foundry'"):
            await client.runs.create(thread, assistant_id=assistant).drive()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/approve search", "Tool search of gh was approved."),
        ("/approve search [1]", "The arguments of search are no JSON object: [1]"),
        ("/approve", "There is no MCP tool to approve: say /approve NAME {json}."),
        ("hi", "Echo: hi"),
    ],
)
async def test_the_answer_of_the_echo(text: str, wanted: str) -> None:
    """In the dialect; by the local client too."""
    async with AssistantsClient.local(dialect="foundry") as client:
        thread, assistant = await with_approval(client, text)
        result = await client.runs.create(thread, assistant_id=assistant).drive(approve_mcp=lambda *_: True)
        assert result.text == wanted


async def test_the_echo_names_the_server_that_has_the_tool() -> None:
    """One that allows any, or the tool; `echo` where the run has no MCP server."""
    only = {**GH, "server_label": "ms", "allowed_tools": ["other"]}
    async with AssistantsClient.local(dialect="foundry") as client:
        for tools, label in (([only, GH], "gh"), ([], "echo")):
            assistant = await client.assistants.create(model="m", tools=tools)
            thread = await client.threads.create(messages=[{"role": "user", "content": "/approve search {}"}])
            run: Run = await client.runs.create(thread, assistant_id=assistant).poll()
            assert [call.server_label for call in run.mcp_calls] == [label]


async def test_a_run_that_waits_can_be_cancelled() -> None:
    """Its step is cancelled with it."""
    async with foundry() as client:
        thread, assistant = await with_approval(client)
        run = await client.runs.create(thread, assistant_id=assistant).poll()
        await client.runs.cancel(thread, run)
        ended = await client.runs.wait(thread, run, raise_on=())
        (step,) = await client.steps.list(thread, run).collect()
    assert (ended.status, step.status, ended.required_action) == ("cancelled", "cancelled", None)


@pytest.mark.parametrize("settings", [{"dialect": "azure"}, {"dialect": "foundry", "protocol": "v1"}], ids=json.dumps)
def test_a_dialect_that_there_is_not_is_refused(settings: Any) -> None:
    """By name, before anything listens."""
    with pytest.raises(ValueError, match="dialect"):
        AssistantsServer(**settings)


async def test_a_thread_that_is_not_there_is_a_404() -> None:
    """As anywhere: only the prefix differs."""
    async with foundry() as client:
        with pytest.raises(NotFoundError):
            await client.threads.retrieve("thread_x")
