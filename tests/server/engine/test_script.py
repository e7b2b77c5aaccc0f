"""Scripts: entries as actions, as objects, and as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.server import AssistantsServer, Say, ScriptedResponder
from assistants_async.server.engine.script import read_script

FUNCTION: Any = {"type": "function", "function": {"name": "f"}}


async def test_a_script_in_json_plays_every_state() -> None:
    """Each kind of entry is a turn of a run."""
    script = read_script(
        """[{"say": "Hello"}, [{"say": "Wait."}, {"call": {"f": {"x": 1}}}], {"say": "Done."},
            {"fail": ["rate_limit_exceeded", "Slow down."]}, {"incomplete": "max_prompt_tokens"}, {"stall": true}]"""
    )
    responder = ScriptedResponder(script)
    async with (
        AssistantsServer(responder=responder) as server,
        AssistantsClient(base_url=server.base_url, api_key="key") as client,
    ):
        assistant = await client.assistants.create(model="m", tools=[FUNCTION])
        thread = await client.threads.create(messages=[{"role": "user", "content": "Hello"}])

        async def ran() -> Any:
            return await client.runs.create(thread, assistant_id=assistant).poll(raise_on=())

        assert (await ran()).status == "completed"
        run = await ran()
        assert [call.function.arguments for call in run.tool_calls] == ['{"x":1}']
        outputs: Any = [{"tool_call_id": call.id, "output": "1"} for call in run.tool_calls]
        assert (await client.runs.submit_tool_outputs(thread, run, tool_outputs=outputs).poll()).status == "completed"
        failed = await ran()
        assert (failed.last_error.code, failed.last_error.message) == ("rate_limit_exceeded", "Slow down.")
        assert (await ran()).incomplete_details.reason == "max_prompt_tokens"
        stalled = await client.runs.create(thread, assistant_id=assistant)
        while responder.remaining:
            await client.runs.retrieve(thread, stalled)
        await client.runs.cancel(thread, stalled)
        texts = [message.text async for message in client.messages.list(thread, order="asc") if message.run_id]
    assert texts == ["Hello", "Wait.", "Done."]


BAD: dict[str, tuple[str, str]] = {
    "not JSON": ("say hello", "the script is not JSON"),
    "no list": ('{"say": "x"}', "must be a JSON list"),
    "an unknown name": (
        '[{"say": "x"}, {"sya": "x"}]',
        r"script\[1\]: 'sya' is no action: there are say, call, approve",
    ),
    "an unknown name inside": ('[[{"say": "x"}, {"sya": "x"}]]', r"script\[0\]\[1\]: 'sya' is no action"),
    "two names": ('[{"say": "x", "stall": true}]', r"script\[0\] must be an object with one of say"),
    "a text": ('["x"]', r"script\[0\] must be an object with one of say"),
    "say what": ('[{"say": 1}]', r"script\[0\].say must be a text, not 1"),
    "call what": ('[{"call": ["f"]}]', r"script\[0\].call must be an object of arguments by function"),
    "call with what": ('[{"call": {"f": 1}}]', r"script\[0\].call: arguments must be an object"),
    "approve what": ('[{"approve": {}}]', r"script\[0\].approve must be a list of calls, each a list of server, name"),
    "approve nothing": ('[{"approve": []}]', r"script\[0\].approve must be a list of calls"),
    "approve a part": (
        '[{"approve": [["docs", "search"]]}]',
        r"script\[0\].approve must be .*, not \['docs', 'search'\]",
    ),
    "approve with what": ('[{"approve": [["d", "s", 1]]}]', r"script\[0\].approve: arguments must be an object"),
    "fail how": ('[{"fail": "x"}]', r"script\[0\].fail must be a list of code and message"),
    "stall not": ('[{"stall": false}]', r"script\[0\].stall must be true"),
    "too deep": ("[" * 100_000, "the script is not JSON"),
    "a long value": (f'[{{"say": [{"1," * 99}1]}}]', r"script\[0\].say must be a text, not \[1, .*…"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_a_bad_script_is_refused_with_its_place(text: str, words: str) -> None:
    """Before anything runs."""
    with pytest.raises(ValueError, match=words):
        read_script(text)


async def test_a_script_asks_for_approval() -> None:
    """Of calls of MCP servers, on a server of Foundry's form."""
    script = read_script('[{"approve": [["docs", "search", {"q": 1}], ["docs", "read", "{"]]}, {"say": "Done."}]')
    seen: list[Any] = []

    def approve(call: Any, arguments: Any) -> bool:
        seen.append((call.server_label, call.name, arguments))
        return True

    async with AssistantsClient.local(responder=ScriptedResponder(script), dialect="foundry") as client:
        assistant = await client.assistants.create(model="m")
        thread = await client.threads.create(messages=[{"role": "user", "content": "Hello"}])
        result = await client.runs.create(thread, assistant_id=assistant).drive(approve_mcp=approve)
    assert result.text == "Done."
    assert seen == [("docs", "search", {"q": 1}), ("docs", "read", "{")]


def test_a_bad_entry_in_code_is_refused_too() -> None:
    """The responder checks its arguments."""
    assert ScriptedResponder([Say("x"), {"say": "x"}]).remaining == 2
    with pytest.raises(ValueError, match=r"script\[1\] must be an object"):
        ScriptedResponder([Say("x"), 7])  # type: ignore[list-item]
