"""Runs from `queued` to each of their ends, seen by a client that polls."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async.server import CallTools, Fail, Incomplete, Say, ScriptedResponder, Stall
from tests.support.steady_loop import MS
from tests.support.talk import WEATHER, Talk, outputs_for, path_of, talking, until


class Clock:
    """A clock that moves only when a test sets it."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.9

    def __call__(self) -> float:
        return self.time


async def test_completed(talk: Talk) -> None:
    """A run answers the last message, and its usage is the sum over its steps."""
    run = await talk.run("hello there")
    assert run["status"] == "queued"
    assert run["expires_at"] == run["created_at"] + 600
    assert run["started_at"] is run["usage"] is None
    run = await talk.until(run, "completed")
    assert run["expires_at"] is None
    assert run["started_at"] <= run["completed_at"]
    steps = (await talk.get(path_of(run) + "/steps"))["data"]
    assert [(step["type"], step["status"]) for step in steps] == [("message_creation", "completed")]
    assert steps[0]["usage"] == run["usage"] == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    newest = (await talk.get(f"/threads/{run['thread_id']}/messages?limit=1"))["data"][0]
    assert newest["id"] == steps[0]["step_details"]["message_creation"]["message_id"]
    assert newest["content"] == [{"type": "text", "text": {"value": "Echo: hello there", "annotations": []}}]
    assert (newest["run_id"], newest["assistant_id"]) == (run["id"], run["assistant_id"])


async def test_each_status_is_seen_for_a_pace() -> None:
    """A client that polls sees `queued` and `in_progress`, in that order."""
    async with talking(pace=15 * MS) as talk:
        run = await talk.run("hello")
        seen = []
        while run["status"] != "completed":
            seen.append(run["status"])
            await asyncio.sleep(MS)
            run = await talk.get(path_of(run))
        assert list(dict.fromkeys(seen)) == ["queued", "in_progress"]


async def test_tool_round(talk: Talk) -> None:
    """A run requires a call, takes the output, and continues where it stopped."""
    run = await talk.until(await talk.run('/call get_weather {"city": "Paris"}'), "requires_action")
    action = run["required_action"]
    assert action["type"] == "submit_tool_outputs"
    [call] = action["submit_tool_outputs"]["tool_calls"]
    function = {"name": "get_weather", "arguments": '{"city":"Paris"}'}
    assert call == {"id": call["id"], "type": "function", "function": function}
    [step] = (await talk.get(path_of(run) + "/steps"))["data"]
    assert step["status"] == "in_progress"
    assert step["step_details"]["tool_calls"] == [{**call, "function": {**function, "output": None}}]

    run = await talk.make(path_of(run) + "/submit_tool_outputs", outputs_for(run, "sunny"))
    assert (run["status"], run["required_action"]) == ("queued", None)
    run = await talk.until(run, "completed")
    steps = (await talk.get(path_of(run) + "/steps?order=asc"))["data"]
    assert [step["type"] for step in steps] == ["tool_calls", "message_creation"]
    assert steps[0]["step_details"]["tool_calls"][0]["function"] == {**function, "output": "sunny"}
    total = sum(step["usage"]["total_tokens"] for step in steps)
    assert run["usage"]["total_tokens"] == total
    [newest] = (await talk.get(f"/threads/{run['thread_id']}/messages?limit=1"))["data"]
    assert newest["content"][0]["text"]["value"] == "Tool get_weather said: sunny"


@pytest.mark.parametrize("text", ["/call nothing {}", "/call get_weather [1]", "/call get_weather {"])
async def test_call_that_cannot_be_made(talk: Talk, text: str) -> None:
    """A `/call` without such a function, or without an object, is answered in words."""
    run = await talk.until(await talk.run(text), "completed")
    [newest] = (await talk.get(f"/threads/{run['thread_id']}/messages?limit=1"))["data"]
    assert newest["content"][0]["text"]["value"].startswith(("There is no function tool", "The arguments of"))


async def test_tool_outputs_must_be_whole() -> None:
    """All calls are answered at once, each once, and only while the run waits for them."""
    calls = CallTools([("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})])
    async with talking(responder=ScriptedResponder([calls, Say("done")])) as talk:
        run = await talk.until(await talk.run("hello"), "requires_action")
        path, body = path_of(run) + "/submit_tool_outputs", outputs_for(run, "a", "b")
        first, second = body["tool_outputs"]
        for wrong in ([first], [first, first], [first, second, {**first, "tool_call_id": "call_x"}], []):
            answer = await talk("POST", path, {"tool_outputs": wrong})
            assert answer.status == 400
            assert answer.error["message"].startswith("Expected tool outputs for call_ids ['call_")
        answer = await talk("POST", path, {"tool_outputs": [{"output": "a"}]})
        assert (answer.status, answer.error["param"]) == (400, "tool_outputs[0].tool_call_id")
        assert (await talk("POST", path, {"tool_outputs": [second, first]})).status == 200
        answer = await talk("POST", path, body)
        assert answer.status == 400
        assert "do not accept tool outputs" in answer.error["message"]
        await talk.until(run, "completed")


@pytest.mark.parametrize(
    ("text", "status", "members"),
    [
        ("/fail", "failed", {"last_error": {"code": "server_error", "message": "The message asked for a failure."}}),
        ("/incomplete", "incomplete", {"incomplete_details": {"reason": "max_completion_tokens"}}),
    ],
)
async def test_other_ends(talk: Talk, text: str, status: str, members: dict[str, Any]) -> None:
    """Commands in the message give the other ends, with or without a part of a message."""
    run = await talk.until(await talk.run(text), status)
    assert {name: run[name] for name in members} == members
    assert run["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert (await talk.get(path_of(run) + "/steps"))["data"] == []

    run = await talk.until(await talk.run(f"{text} half a thought"), status)
    [step] = (await talk.get(path_of(run) + "/steps"))["data"]
    assert step["status"] == {"failed": "failed", "incomplete": "completed"}[status]
    assert step["last_error"] == run["last_error"]
    [message, _] = (await talk.get(f"/threads/{run['thread_id']}/messages"))["data"]
    reason = {"failed": "run_failed", "incomplete": "max_tokens"}[status]
    assert (message["status"], message["incomplete_details"]) == ("incomplete", {"reason": reason})
    assert message["incomplete_at"] >= message["created_at"]
    assert message["content"][0]["text"]["value"] == "half a thought"


async def test_cancelled(talk: Talk) -> None:
    """A cancelled run is `cancelling` first, takes its message and step with it, and cannot be cancelled again."""
    run = await talk.until(await talk.run("/stall half a thought"), "in_progress")
    await _step_of(talk, run)
    cancelling = await talk.make(path_of(run) + "/cancel")
    assert cancelling["status"] == "cancelling"
    run = await talk.until(run, "cancelled")
    assert run["cancelled_at"] >= run["created_at"]
    [step] = (await talk.get(path_of(run) + "/steps"))["data"]
    assert (step["status"], step["cancelled_at"]) == ("cancelled", run["cancelled_at"])
    [message, _] = (await talk.get(f"/threads/{run['thread_id']}/messages"))["data"]
    assert message["incomplete_details"] == {"reason": "run_cancelled"}
    answer = await talk("POST", path_of(run) + "/cancel")
    assert (answer.status, answer.error["message"]) == (400, "Cannot cancel run with status 'cancelled'.")


async def test_cancelled_while_it_waits(talk: Talk) -> None:
    """A run that waits for outputs can be cancelled; its calls stay unanswered."""
    run = await talk.until(await talk.run("/call get_weather {}"), "requires_action")
    assert (await talk.make(path_of(run) + "/cancel"))["required_action"] is None
    run = await talk.until(run, "cancelled")
    [step] = (await talk.get(path_of(run) + "/steps"))["data"]
    assert step["status"] == "cancelled"
    assert step["step_details"]["tool_calls"][0]["function"]["output"] is None


@pytest.mark.parametrize("text", ["/stall half a thought", "/call get_weather {}"])
async def test_expired(text: str) -> None:
    """Ten minutes by the server's clock end a run, whatever it waits for."""
    clock = Clock()
    async with talking(clock=clock) as talk:
        run = await talk.until(await talk.run(text), "in_progress", "requires_action")
        await _step_of(talk, run)
        clock.time += 599
        assert (await talk.get(path_of(run)))["status"] != "expired"
        clock.time += 1
        run = await talk.get(path_of(run))
        assert (run["status"], run["expires_at"]) == ("expired", None)
        [step] = (await talk.get(path_of(run) + "/steps"))["data"]
        assert (step["status"], step["expired_at"]) == ("expired", 1_700_000_600)
        assert (
            await talk("POST", f"/threads/{run['thread_id']}/messages", {"role": "user", "content": "x"})
        ).status == 200


async def test_expired_without_a_request() -> None:
    """The server's own timer ends a run too, with no request that could notice."""
    clock = Clock()
    async with talking(clock=clock) as talk:
        stream = asyncio.create_task(talk.stream("/stall"))
        await until(lambda: len(talk.server.requests) == 2)
        clock.time += 600
        assert [event for event, _ in await stream][-2:] == ["thread.run.expired", "done"]


async def test_max_completion_tokens() -> None:
    """A run stops at its cap, and says so."""
    async with talking(responder=ScriptedResponder([Say("word " * 300)])) as talk:
        run = await talk.until(await talk.run("hello", max_completion_tokens=256), "incomplete")
        assert run["incomplete_details"] == {"reason": "max_completion_tokens"}
        assert run["usage"]["completion_tokens"] == 256


async def test_modified(talk: Talk) -> None:
    """Metadata is replaced where it is given, and else kept."""
    run = await talk.until(await talk.run("hello"), "completed")
    [message, _] = (await talk.get(f"/threads/{run['thread_id']}/messages"))["data"]
    for path in (path_of(run), f"/threads/{run['thread_id']}", f"/threads/{run['thread_id']}/messages/{message['id']}"):
        assert (await talk.make(path, {"metadata": {"a": "1"}}))["metadata"] == {"a": "1"}
        assert (await talk.make(path, {"metadata": {"b": "2"}}))["metadata"] == {"b": "2"}
        assert (await talk.make(path, {}))["metadata"] == {"b": "2"}
        assert (await talk.make(path, {"metadata": None}))["metadata"] == {}


async def test_inline_vector_store(talk: Talk) -> None:
    """A vector store made inline has become an id; its files must exist."""
    file = await talk.upload()
    for file_id, status in ((file["id"], 200), ("file-x", 404)):
        search = {"vector_stores": [{"file_ids": [file_id]}]}
        answer = await talk("POST", "/threads", {"tool_resources": {"file_search": search}})
        assert answer.status == status
    [thread] = (await talk.get("/threads"))["data"]
    [store_id] = thread["tool_resources"]["file_search"]["vector_store_ids"]
    assert store_id.startswith("vs_")


async def test_busy_thread(talk: Talk) -> None:
    """A thread with an active run takes no message and no second run, and loses no message."""
    run = await talk.run("/stall")
    thread_id, assistant_id = run["thread_id"], run["assistant_id"]
    answer = await talk("POST", f"/threads/{thread_id}/runs", {"assistant_id": assistant_id})
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert answer.error["message"] == f"Thread {thread_id} already has an active run {run['id']}."
    answer = await talk("POST", f"/threads/{thread_id}/messages", {"role": "user", "content": "more"})
    assert answer.error["message"] == f"Can't add messages to {thread_id} while a run {run['id']} is active."
    [message] = (await talk.get(f"/threads/{thread_id}/messages"))["data"]
    answer = await talk("DELETE", f"/threads/{thread_id}/messages/{message['id']}")
    assert answer.error["message"] == f"Can't delete messages from {thread_id} while a run {run['id']} is active."
    for path in (f"/threads/{thread_id}", f"/threads/{thread_id}/messages/{message['id']}", path_of(run)):
        assert (await talk.make(path, {"metadata": {"k": "v"}}))["metadata"] == {"k": "v"}
    assert (await talk("DELETE", f"/threads/{thread_id}")).status == 200
    assert (await talk("GET", path_of(run))).status == 404


async def test_deleted_assistant(talk: Talk) -> None:
    """An assistant's deletion leaves its runs, and lets no new ones start."""
    run = await talk.run("hello")
    assert (await talk("DELETE", f"/assistants/{run['assistant_id']}")).document == {
        "id": run["assistant_id"],
        "object": "assistant.deleted",
        "deleted": True,
    }
    await talk.until(run, "completed")
    answer = await talk("POST", f"/threads/{run['thread_id']}/runs", {"assistant_id": run["assistant_id"]})
    assert answer.status == 404
    assert answer.error["message"] == f"No assistant found with id '{run['assistant_id']}'."


async def test_run_overrides_its_assistant(talk: Talk) -> None:
    """A run's own settings win over its assistant's; instructions can be added to."""
    assistant = await talk.assistant(instructions="Be brief.", temperature=0.5)
    thread = await talk.thread("hello")
    body = {
        "assistant_id": assistant["id"],
        "model": "other",
        "tools": [],
        "additional_instructions": "Be kind.",
        "additional_messages": [{"role": "user", "content": "again"}],
        "metadata": {"k": "v"},
    }
    run = await talk.make(f"/threads/{thread['id']}/runs", body)
    shown = {name: run[name] for name in ("model", "tools", "instructions", "temperature", "metadata")}
    assert shown == {
        "model": "other",
        "tools": [],
        "instructions": "Be brief.\nBe kind.",
        "temperature": 0.5,
        "metadata": {"k": "v"},
    }
    await talk.until(run, "completed")
    [newest, added, _] = (await talk.get(f"/threads/{thread['id']}/messages"))["data"]
    assert (newest["content"][0]["text"]["value"], added["run_id"]) == ("Echo: again", None)
    mine = await talk.get(f"/threads/{thread['id']}/messages?run_id={run['id']}")
    assert [message["id"] for message in mine["data"]] == [newest["id"]]


async def test_script_across_runs() -> None:
    """A script gives one action to each turn of any run; after its end, runs fail with a message."""
    script = ScriptedResponder(
        [
            [Say("one moment"), CallTools({"get_weather": {}})],
            Say("sunny"),
            Fail("rate_limit_exceeded", "slow down"),
            Incomplete("max_prompt_tokens"),
            Stall(),
        ]
    )
    async with talking(responder=script) as talk:
        run = await talk.until(await talk.run("hello", tools=[WEATHER]), "requires_action")
        await talk.make(path_of(run) + "/submit_tool_outputs", outputs_for(run, "21 C"))
        await talk.until(run, "completed")
        assert [output.output for output in script.turns[1].outputs] == ["21 C"]
        assert [message.text for message in script.turns[1].messages] == ["hello", "one moment"]
        run = await talk.until(await talk.run("hello"), "failed")
        assert run["last_error"] == {"code": "rate_limit_exceeded", "message": "slow down"}
        run = await talk.until(await talk.run("hello"), "incomplete")
        assert run["incomplete_details"] == {"reason": "max_prompt_tokens"}
        await talk.until(await talk.run("hello"), "in_progress")
        assert script.remaining == 0
        run = await talk.until(await talk.run("hello"), "failed")
        assert run["last_error"]["message"] == "the script of 5 turns is used up"


async def _step_of(talk: Talk, run: dict[str, Any]) -> None:
    """Wait until the run has begun a step."""
    for _ in range(1000):
        if (await talk.get(path_of(run) + "/steps"))["data"]:
            return
        await asyncio.sleep(MS)
    raise AssertionError("no step")
