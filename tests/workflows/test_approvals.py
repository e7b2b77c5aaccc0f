"""Runs that wait for approval of calls of MCP servers: decided once each, streamed and polled, or left waiting."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import AssistantsClient, MCPCall, Rerun, RunActionError, RunError
from tests.support.byte_server import Body, frame
from tests.support.embedded import TOOLS, Server, drop, listed, required_calls
from tests.support.http_server import Peer, Seen, Wire, answer
from tests.support.run_events import DONE, run


def approving(*calls: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A run that waits for approval of calls of the server `gh`: ids and arguments."""
    wanted = [
        {"id": call_id, "type": "mcp", "server_label": "gh", "name": "search", "arguments": arguments, **more}
        for call_id, arguments in calls
    ]
    action = {"type": "submit_tool_approval", "submit_tool_approval": {"tool_calls": wanted}}
    return run("requires_action", required_action=action)


ONE = approving(("call_9", '{"q":"x"}'))


def served(wire: Wire, *create: Any, **answers: list[Any]) -> Server:
    """A server whose run ends well once it has what it waits for."""
    empty = {"steps": [listed()], "messages": [listed()], "cancel": [run("cancelling")]}
    return Server(wire, create=list(create), **{"submit": [run("completed")], **empty, **answers})


def streamed(*runs: dict[str, Any]) -> Body:
    """The events of a run in these states."""
    return Body(*(frame(f"thread.run.{one['status']}", one) for one in runs), DONE)


async def test_approvals_are_streamed(wire: Wire, client: AssistantsClient) -> None:
    """The run is shown as it waits, and the decision goes with `stream`, so that the rest is streamed too."""
    server = served(wire, streamed(run("queued"), ONE), submit=[streamed(run("queued"), run("completed"))])
    async with client.runs.create("t", assistant_id="a").drive(approve_mcp=lambda *_: True) as channel:
        events = [event.event async for event in channel]
    assert events == [f"thread.run.{status}" for status in ("queued", "requires_action", "queued", "completed")]
    assert server.submissions == [
        {"tool_approvals": [{"tool_call_id": "call_9", "approve": True}], "stream": True},
    ]


async def test_the_calls_can_be_read(wire: Wire, client: AssistantsClient) -> None:
    """Typed, by the action's name and by a short one; there are no outputs to submit, and none is missing."""
    served(wire, ONE)
    waiting = await client.runs.create("t", assistant_id="a").poll()
    call = MCPCall(id="call_9", type="mcp", server_label="gh", name="search", arguments='{"q":"x"}')
    assert waiting.required_action is not None
    assert waiting.required_action.type == "submit_tool_approval"
    assert waiting.at("required_action.submit_tool_approval.tool_calls") == waiting.mcp_calls == (call,)
    assert waiting.tool_calls == ()
    assert waiting.required_action.missing_required() == ()
    assert waiting.to_dict()["required_action"] == ONE["required_action"]


async def test_decisions_are_sent(wire: Wire, client: AssistantsClient) -> None:
    """By the ids of the calls or by the calls themselves; with headers for the server."""
    server = served(wire, ONE)
    waiting = await client.runs.create("t", assistant_id="a")
    (call,) = waiting.mcp_calls
    decision = {"tool_call_id": call, "approve": True, "headers": {"authorization": "x"}}
    await client.runs.submit_tool_outputs("t", waiting, tool_approvals=[decision])
    await client.runs.submit_tool_outputs("t", waiting, tool_approvals=[{"tool_call_id": call.id, "approve": False}])
    assert server.submissions == [
        {"tool_approvals": [{**decision, "tool_call_id": "call_9"}]},
        {"tool_approvals": [{"tool_call_id": "call_9", "approve": False}]},
    ]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "neither": ({}, "expected exactly one of `tool_outputs` and `tool_approvals`"),
    "both": ({"tool_outputs": [], "tool_approvals": []}, "expected exactly one of `tool_outputs` and `tool_approvals`"),
    "no decision": ({"tool_approvals": [{"tool_call_id": "c"}]}, r"'tool_approvals\[0\]\.approve'"),
    "a reason": ({"tool_approvals": [{"tool_call_id": "c", "approve": "no"}]}, r"tool_approvals\[0\]\.approve"),
    "a misspelt member": ({"tool_approvals": [{"tool_call_id": "c", "aprove": True}]}, r"tool_approvals\[0\]\.aprove"),
}


@pytest.mark.parametrize(("keywords", "words"), WRONG.values(), ids=WRONG.keys())
async def test_bad_decisions_are_refused(client: AssistantsClient, keywords: Any, words: str) -> None:
    """By place, before anything is sent."""
    with pytest.raises((TypeError, ValueError), match=words):
        drop(client.runs.submit_tool_outputs("t", "run_1", **keywords))


@pytest.mark.parametrize(
    ("verdict", "approved"),
    [(True, True), (False, False), ("not today", False), (None, False), (1, False)],
    ids=["yes", "no", "a reason", "nothing", "a number"],
)
@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
async def test_only_true_approves(
    wire: Wire, client: AssistantsClient, verdict: Any, approved: bool, is_async: bool
) -> None:
    """The function sees the call and its arguments, decoded; a reason goes nowhere."""
    seen: list[tuple[MCPCall, Any]] = []

    def decide(call: MCPCall, arguments: Any) -> Any:
        seen.append((call, arguments))
        return verdict

    async def decide_later(call: MCPCall, arguments: Any) -> Any:
        await asyncio.sleep(0)
        return decide(call, arguments)

    server = served(wire, ONE)
    hook = decide_later if is_async else decide
    result = await client.runs.create("t", assistant_id="a").drive(approve_mcp=hook, stream=False)
    assert server.submissions == [{"tool_approvals": [{"tool_call_id": "call_9", "approve": approved}]}]
    assert [(call.id, call.server_label, call.name, arguments) for call, arguments in seen] == [
        ("call_9", "gh", "search", {"q": "x"})
    ]
    assert (result.run.status, result.rounds) == ("completed", 1)


async def test_a_call_is_decided_once(wire: Wire, client: AssistantsClient) -> None:
    """Also where it is named twice, and where the server requires it again, alone or beside another."""
    seen: list[Any] = []
    twice = approving(("call_9", "{}"), ("call_8", "not json"), ("call_9", "{}"))
    server = served(
        wire,
        twice,
        submit=[twice, run("queued"), run("completed")],
        get=[twice, approving(("call_9", "{}"), ("call_7", "")), run("completed")],
    )

    def decide(call: MCPCall, arguments: Any) -> bool:
        seen.append((call.id, arguments))
        return call.id == "call_9"

    await client.runs.create("t", assistant_id="a").drive(TOOLS, approve_mcp=decide, stream=False)
    assert seen == [("call_9", {}), ("call_8", "not json"), ("call_7", {})]
    first = {"tool_approvals": [{"tool_call_id": f"call_{n}", "approve": n == 9} for n in (9, 8)]}
    last = {"tool_approvals": [{"tool_call_id": f"call_{n}", "approve": n == 9} for n in (9, 7)]}
    assert server.submissions == [first, first, last]


async def test_outputs_and_approvals_take_turns(wire: Wire, client: AssistantsClient) -> None:
    """In one drive, each a round."""
    paused = run("requires_action", required_action=required_calls(("c1", "add", '{"a":1,"b":2}')))
    server = served(wire, paused, submit=[ONE, run("completed")])
    call = client.runs.create("t", assistant_id="a")
    result = await call.drive(TOOLS, approve_mcp=lambda *_: True, stream=False, interval=0.001)
    assert result.rounds == 2
    assert server.submissions[:2] == [
        {"tool_outputs": [{"tool_call_id": "c1", "output": "3"}]},
        {"tool_approvals": [{"tool_call_id": "call_9", "approve": True}]},
    ]


async def test_rounds_are_bounded(wire: Wire, client: AssistantsClient) -> None:
    """A server that wants one approval after the other is not obeyed for ever."""
    wanted = [approving((f"call_{n}", "{}")) for n in range(4)]
    server = served(wire, wanted[0], submit=wanted[1:])
    with pytest.raises(RunError, match="asks for approval of gh/search, and max_rounds=2 rounds have been answered"):
        await client.runs.create("t", assistant_id="a").drive(approve_mcp=lambda *_: True, stream=False, max_rounds=2)
    assert (len(server.submissions), server.cancels) == (2, 1)


NOT_OURS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "nobody decides": (ONE, {}, r"run run_1 waits for approval of gh/search, and there is no approve_mcp to decide"),
    "no calls": (approving(), {"approve_mcp": lambda *_: True}, "requires approval, but names no calls"),
    "calls of another kind": (
        approving(("call_9", "{}"), type="shell"),
        {"approve_mcp": lambda *_: True},
        "approve_mcp is not for calls of type shell",
    ),
    "an action of another kind": (
        run("requires_action", required_action={"type": "sign_form", "sign_form": {"page": 1}}),
        {"approve_mcp": lambda *_: True},
        "requires an action that is not known here: sign_form",
    ),
}


@pytest.mark.parametrize(("waiting", "options", "words"), NOT_OURS.values(), ids=NOT_OURS.keys())
@pytest.mark.parametrize("resumed", [False, True], ids=["driven", "resumed"])
async def test_undecided_calls_are_left_waiting(
    wire: Wire, client: AssistantsClient, waiting: Any, options: Any, words: str, resumed: bool
) -> None:
    """The error has the reason, and the run is not cancelled: somebody else may decide."""
    server = served(wire, waiting, get=[waiting])
    drive = (
        client.runs.resume("t", "run_1", TOOLS, stream=False, **options)
        if resumed
        else client.runs.create("t", assistant_id="a").drive(TOOLS, stream=False, **options)
    )
    with pytest.raises(RunActionError, match=words) as caught:
        await drive
    assert caught.value.run.status == "requires_action"
    assert any("was requires_action, and was left so" in note for note in caught.value.__notes__)
    assert (server.cancels, server.submissions) == (0, [])


async def test_an_error_of_the_function_approves_nothing(wire: Wire, client: AssistantsClient) -> None:
    """It comes out as it is, and the run is cancelled, as after an error of a tool; or left, if that is wanted."""

    def decide(call: MCPCall, arguments: Any) -> bool:
        raise LookupError("no policy")

    server = served(wire, ONE)
    with pytest.raises(LookupError, match="no policy"):
        await client.runs.create("t", assistant_id="a").drive(approve_mcp=decide, stream=False)
    assert (server.cancels, server.submissions) == (1, [])
    server = served(wire, ONE)
    with pytest.raises(LookupError, match="no policy"):
        await client.runs.create("t", assistant_id="a").drive(approve_mcp=decide, stream=False, on_deadline="leave")
    assert (server.cancels, server.submissions) == (0, [])


@pytest.mark.parametrize("hook", [1, "yes", lambda call: True], ids=["a number", "text", "one argument"])
async def test_a_function_that_cannot_decide_is_refused(client: AssistantsClient, hook: Any) -> None:
    """At once, by name."""
    with pytest.raises(TypeError, match="approve_mcp must be a function"):
        drop(client.runs.resume("t", "run_1", approve_mcp=hook))


async def test_calls_that_the_server_answers_are_waited_for(wire: Wire, client: AssistantsClient) -> None:
    """Foundry lists calls of Azure Functions beside those of the caller, and answers them itself."""
    own = {"id": "c0", "type": "azure_function", "azure_function": {"name": "f", "arguments": "{}"}}
    alone = run("requires_action", required_action=required_calls())
    alone["required_action"]["submit_tool_outputs"]["tool_calls"] = [own]
    mixed = run("requires_action", required_action=required_calls(("c1", "add", '{"a":1,"b":2}')))
    mixed["required_action"]["submit_tool_outputs"]["tool_calls"].append(own)
    server = served(wire, alone, get=[alone, alone, mixed])
    result = await client.runs.create("t", assistant_id="a").drive(TOOLS, stream=False, interval=0.001)
    assert result.run.status == "completed"
    assert server.outputs == [[{"tool_call_id": "c1", "output": "3"}]]
    assert server.cancels == 0


@pytest.mark.parametrize("made", ["run", "thread and run"])
async def test_another_run_has_the_tool_resources_of_the_first(wire: Wire, client: AssistantsClient, made: str) -> None:
    """Those of a run; those that went to a new thread are on that thread."""
    bodies: list[Any] = []
    failed = run("failed", last_error={"code": "server_error", "message": "x"})

    async def create(seen: Seen, peer: Peer) -> None:
        bodies.append(seen.json)
        await peer.send(answer(failed if len(bodies) == 1 else run("completed")))

    served(wire, create)
    resources = {"azure_ai_search": {"indexes": [{"index_name": "docs"}]}}
    call = (
        client.runs.create("t", assistant_id="a", tool_resources=resources)
        if made == "run"
        else client.threads.create_and_run(assistant_id="a", tool_resources=resources)
    )
    await call.poll(rerun=Rerun(delay=0))
    assert [body.get("tool_resources") for body in bodies] == [resources, resources if made == "run" else None]
