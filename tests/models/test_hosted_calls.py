"""Calls of hosted tools in run steps: typed, whole or by deltas, and written as they came."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import RunStep
from assistants_async.core.runs.snapshot import Snapshot
from assistants_async.models import (
    Activity,
    ActivityDetails,
    HostedToolCall,
    MCPToolCall,
    RunStepDelta,
    RunStepDeltaEvent,
    Unknown,
)

MCP = {"id": "call_1", "type": "mcp", "server_label": "gh", "name": "search", "arguments": '{"q":1}', "output": "[]"}
HOSTED: dict[str, Any] = {
    "azure_ai_search": {"input": "x", "output": "y"},
    "azure_function": {"name": "f", "arguments": "{}", "output": "1"},
    "bing_custom_search": {"requesturl": "https://api.bing.example/search?q=x"},
    "bing_grounding": {"requesturl": "https://api.bing.example/search?q=x", "response_metadata": "{}"},
    "browser_automation": {"input": "go", "output": "done", "steps": [{"last_step_result": "x"}]},
    "computer_use_preview": {"action": {"type": "click", "x": 1}},
    "connected_agent": {"name": "other", "arguments": "{}", "output": "yes", "run_id": "run_2"},
    "deep_research": {"input": "x", "output": "y"},
    "fabric_dataagent": {"input": "x"},
    "openapi": {"name": "api", "arguments": "{}", "output": "{}"},
    "sharepoint_grounding": {"input": "x", "output": "y"},
}


def step(*calls: dict[str, Any], id: str = "step_1") -> dict[str, Any]:
    """A step of tool calls."""
    return {
        "id": id,
        "object": "thread.run.step",
        "type": "tool_calls",
        "status": "in_progress",
        "step_details": {"type": "tool_calls", "tool_calls": list(calls)},
    }


def folded(*details: dict[str, Any]) -> RunStep:
    """A step as far as deltas have brought it."""
    snapshot = Snapshot()
    for one in details:
        delta = {"id": "step_1", "object": "thread.run.step.delta", "delta": {"step_details": one}}
        snapshot.add(RunStepDeltaEvent("thread.run.step.delta", RunStepDelta.from_dict(delta)))
    return snapshot.steps[0]


def test_a_call_of_an_mcp_server_is_typed() -> None:
    """With its arguments and its output."""
    (call,) = RunStep.from_dict(step(MCP)).tool_calls
    assert call == MCPToolCall(id="call_1", server_label="gh", name="search", arguments='{"q":1}', output="[]")
    assert RunStep.from_dict(step(MCP)).to_dict()["step_details"]["tool_calls"] == [MCP]


@pytest.mark.parametrize("kind", HOSTED)
def test_a_hosted_call_has_its_details(kind: str) -> None:
    """Under its own name, and under one for all; by deltas it stays as it came, until its step is whole."""
    raw = {"id": "call_1", "type": kind, kind: HOSTED[kind]}
    (call,) = RunStep.from_dict(step(raw)).tool_calls
    assert isinstance(call, HostedToolCall)
    assert call.type == kind
    assert call.details == getattr(call, kind) == HOSTED[kind]
    assert call.to_dict() == raw
    (grown,) = folded({"type": "tool_calls", "tool_calls": [{"index": 0, **raw}]}).tool_calls
    assert grown == Unknown(raw={"index": 0, **raw})
    (empty,) = RunStep.from_dict(step({"id": "call_1", "type": kind})).tool_calls
    assert isinstance(empty, HostedToolCall)
    assert empty.details == {}


def test_a_streamed_call_of_an_mcp_server_grows() -> None:
    """Its arguments by pieces, its output whole; also under the name that Foundry gives to such a step."""
    pieces: list[dict[str, Any]] = [
        {"index": 0, "id": "call_1", "type": "mcp", "server_label": "gh", "name": "search", "arguments": '{"q"'},
        {"index": 0, "type": "mcp", "arguments": ":1}"},
        {"index": 0, "type": "mcp", "output": "[]"},
    ]
    for kind in ("tool_calls", "mcp"):
        grown = folded(*({"type": kind, "tool_calls": [piece]} for piece in pieces))
        assert grown.tool_calls == RunStep.from_dict(step(MCP)).tool_calls
    api = {"index": 0, "id": "c", "type": "openapi", "openapi": {"name": "f"}}
    (call,) = folded({"type": "openapi", "tool_calls": [api]}).tool_calls
    assert call == Unknown(raw=api)


def test_two_calls_of_mcp_servers_stay_two() -> None:
    """By their indexes, and by their ids where a server gives both one index."""
    two = [{**MCP, "index": place, "id": f"call_{place}"} for place in (0, 1)]
    for indexes in ((0, 1), (0, 0)):
        calls = [{**one, "index": index} for one, index in zip(two, indexes, strict=True)]
        both = folded({"type": "tool_calls", "tool_calls": calls}).tool_calls
        assert [call.at("id") for call in both] == ["call_0", "call_1"]


def test_unknown_calls_stay_unchanged() -> None:
    """A type of no document, and a known one in a shape that cannot be read."""
    odd = {"index": 0, "id": "call_1", "type": "crystal_ball", "crystal_ball": {"x": 1}}
    (call,) = folded({"type": "tool_calls", "tool_calls": [odd]}).tool_calls
    assert call == Unknown(raw=odd)
    wrong = {"id": "call_1", "type": "bing_grounding", "bing_grounding": "text"}
    (call,) = RunStep.from_dict(step(wrong)).tool_calls
    assert call == Unknown(raw=wrong)


def test_activities_are_typed() -> None:
    """The step in which the tools of an MCP server are listed."""
    tools = {"search": {"description": "Finds.", "parameters": {"type": "object", "properties": {}}}}
    raw = {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "gh", "tools": tools}
    details = {"type": "activities", "activities": [raw]}
    read = RunStep.from_dict({**step(), "type": "activities", "step_details": details})
    listed = Activity(type="mcp_list_tools", id="mcpl_1", server_label="gh", tools=tools)
    assert read.step_details == ActivityDetails(activities=(listed,))
    assert read.tool_calls == ()
    assert read.to_dict()["step_details"] == details
