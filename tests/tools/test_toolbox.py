"""Answering the calls of a run: the box and its results."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.errors import ToolCallError, ToolFailedError
from assistants_async.models.runs import ToolCall
from assistants_async.server import AssistantsServer
from assistants_async.tools import Toolbox, tool
from tests.support.failing_functions import NEUTRAL, angry, fail, fail_in_a_thread
from tests.support.functions import WHO, Database, Place, call, lookup, maybe, weather, who, who_in_a_thread


def strange() -> object:
    """Return a value that JSON cannot encode."""
    return object()


# The box


def test_a_box_has_tools_by_name() -> None:
    """Functions and tools alike, in their order."""
    ready = tool(weather)
    box = Toolbox([who, ready])
    assert [each.name for each in box] == ["who", "weather"]
    assert len(box) == 2
    assert "who" in box
    assert ready in box
    assert "lookup" not in box
    assert who not in box
    assert repr(box) == "Toolbox(who, weather)"
    assert box.definitions == (tool(who).definition, ready.definition)
    assert Toolbox().definitions == ()


@pytest.mark.parametrize(
    ("tools", "options", "error", "message"),
    [
        ([weather, weather], {}, ValueError, "two tools are called 'weather': pass another name= for one"),
        ([lookup], {}, ValueError, "tool 'lookup' wants a context for 'database': pass context="),
        ([tool(who, approve=True)], {}, ValueError, "tool 'who' asks for approval, and the Toolbox has no approve="),
        ([tool(who, name=f"f{n}") for n in range(129)], {}, ValueError, "at most 128 tools, not 129"),
        (who, {}, TypeError, r"tools must be a list, as in Toolbox\(\[who\]\)"),
        ([3], {}, TypeError, "must be a function or a bound method, not int"),
        ([], {"timeout": -1}, ValueError, "timeout must be a positive number of seconds, not -1"),
        ([], {"max_concurrency": 0}, ValueError, "max_concurrency must be a whole number of at least 1, not 0"),
        ([], {"max_concurrency": True}, ValueError, "max_concurrency must be a whole number"),
        ([], {"max_output_bytes": 9}, ValueError, "max_output_bytes must be a whole number of at least 256, not 9"),
        ([], {"max_argument_bytes": 1.5}, ValueError, "max_argument_bytes must be a whole number of at least 2"),
        ([], {"on_error": "ignore"}, ValueError, "on_error must be 'tell', 'raise' or a function, not 'ignore'"),
        ([], {"approve": True}, TypeError, "approve must be a function or None, not bool"),
        ([], {"approve": lambda call: True}, TypeError, "approve must be a function of 2 arguments"),
        ([], {"on_error": lambda error: "no"}, TypeError, "on_error must be a function of 2 arguments"),
    ],
)
def test_a_box_is_checked_when_it_is_made(
    tools: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    """By name and value."""
    with pytest.raises(error, match=message):
        Toolbox(tools, **options)


async def test_a_context_is_injected() -> None:
    """Another one makes another box, which leaves the first as it was."""
    box = Toolbox([lookup, maybe], context=Database("Ann"))
    other = box.with_context(Database("Bob"))
    found = [await each.call(call("lookup", '{"name":"Bob","place":{"x":1}}')) for each in (box, other)]
    assert [json.loads(result.output)["found"] for result in found] == [False, True]
    assert found[0].arguments == {"name": "Bob", "place": Place(1.0)}
    assert (await box.call(call("maybe"))).output == "true"
    assert (await Toolbox([maybe]).call(call("maybe"))).output == "false"
    with pytest.raises(ValueError, match="wants a context"):
        box.with_context(None)


# Results


async def test_a_call_is_answered() -> None:
    """With the output in the form of a submission."""
    result = await Toolbox([weather]).call(call("weather", '{"city":"Pau","days":null}'))
    assert result.as_output == {"tool_call_id": "call_1", "output": "Pau: 3 days, celsius"}
    assert (result.name, result.arguments, result.error) == ("weather", {"city": "Pau"}, None)
    assert result.elapsed > 0


async def test_functions_see_the_callers_context_variables() -> None:
    """Sync ones too, though they run in a worker thread."""
    WHO.set("Ann")
    results = await Toolbox([who, who_in_a_thread]).answer([call("who"), call("who_in_a_thread")])
    assert [result.output for result in results] == ["Ann", '["Ann",true]']


@pytest.mark.parametrize(
    ("made", "kind", "output"),
    [
        (call("nothing"), "unknown", "there is no function 'nothing'; there are: weather, who"),
        (call(None), "unknown", "there is no function ''; there are: weather, who"),
        (ToolCall(id="call_1"), "unknown", "there is no function ''; there are: weather, who"),
        (call("__class__"), "unknown", "there is no function '__class__'; there are: weather, who"),
        (call("weather", '{"city":3}'), "arguments", "arguments of weather: $.city: expected `str`, got `int`"),
        (call("weather", "[" * 100_000), "arguments", "arguments of weather: $: nested too deeply"),
        (call("who", '{"a":1}'), "arguments", "arguments of who: $: object contains unknown field `a`"),
        (call("who", "x" * 101), "arguments", "arguments of who: $: longer than 100 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("on_error", ["tell", "raise", lambda made, error: "mine"])
async def test_mistakes_of_the_model_are_answered(made: ToolCall, kind: str, output: str, on_error: Any) -> None:
    """For any `on_error` the function is not called, and the model can mend its call."""
    limit = 100 if kind == "arguments" and "longer" in output else 1_000_000
    result = await Toolbox([weather, who], on_error=on_error, max_argument_bytes=limit).call(made)
    assert json.loads(result.output) == {"error": output}
    assert isinstance(result.error, ToolCallError)
    assert (result.error.kind, result.elapsed) == (kind, 0.0)
    assert result.arguments == (made.function.arguments if made.function else None)


async def test_an_empty_box_knows_no_function() -> None:
    """And says so."""
    assert "there are: none" in (await Toolbox().call(call("f"))).output


@pytest.mark.parametrize(
    ("how", "output"),
    [
        ("shown", '{"error":"no such city"}'),
        ("own", '{"error":"OutOfStockError: none left"}'),
        ("secret", NEUTRAL),
    ],
)
@pytest.mark.parametrize("function", [fail, fail_in_a_thread])
async def test_only_a_tool_error_shows_its_own_text(function: Any, how: str, output: str) -> None:
    """Other exceptions' texts stay here, with the result."""
    result = await Toolbox([function]).call(call(function.__name__, json.dumps({"how": how})))
    assert result.output == output
    assert result.error is not None
    assert result.arguments == {"how": how}


async def test_a_result_that_is_no_json_is_an_error() -> None:
    """The error names its type."""
    result = await Toolbox([strange]).call(call("strange"))
    assert json.loads(result.output)["error"] == "the function's result, of type object, cannot be written as JSON"


async def words(made: ToolCall, error: Exception) -> str:
    """An async handler."""
    return f"{made.id}: {type(error).__name__}"


@pytest.mark.parametrize(
    ("on_error", "output"),
    [(words, "call_1: ValueError"), (lambda made, error: str(error), "password: hunter2"), (lambda *_: None, NEUTRAL)],
    ids=["async", "sync", "none"],
)
async def test_a_handler_chooses_the_words(on_error: Any, output: str) -> None:
    """Sync or async; None for the neutral ones."""
    result = await Toolbox([fail], on_error=on_error).call(call("fail", '{"how":""}'))
    assert result.output == output
    assert isinstance(result.error, ValueError)


@pytest.mark.parametrize("hook", ["approve", "on_error"])
async def test_errors_of_hooks_are_raised(hook: str) -> None:
    """Unchanged, from one call and from many."""
    options: dict[str, Any] = {hook: angry}
    box = Toolbox([fail], **options)
    with pytest.raises(LookupError, match="hook"):
        await box.call(call("fail", '{"how":"shown"}'))
    with pytest.raises(LookupError, match="hook"):
        await box.answer([call("fail", '{"how":"shown"}')] * 3)


async def test_hooks_must_return_the_right_type() -> None:
    """Otherwise the author of the hook gets the error."""
    anything: Any = lambda *_: 1  # noqa: E731
    with pytest.raises(TypeError, match="on_error must return a text or None, not 1"):
        await Toolbox([fail], on_error=anything).call(call("fail", '{"how":"shown"}'))
    with pytest.raises(TypeError, match="approve must return True, False or a reason, not 1"):
        await Toolbox([fail], approve=anything).call(call("fail", '{"how":"shown"}'))


async def test_a_failure_can_end_the_round() -> None:
    """With one error, from the function's own, after the other calls were cancelled."""
    ended: list[str] = []

    async def patient() -> None:
        """Wait, and note the end."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("patient")

    box = Toolbox([fail, patient], on_error="raise")
    with pytest.raises(ToolFailedError, match="tool 'fail' failed with ValueError") as caught:
        await box.answer([call("patient"), call("fail", '{"how":""}', "call_2"), call("patient")])
    assert (caught.value.name, caught.value.call_id) == ("fail", "call_2")
    assert isinstance(caught.value.__cause__, ValueError)
    assert "hunter2" not in str(caught.value)
    assert ended == ["patient"]  # the third had not begun, and does not begin


# A run


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_a_run_is_answered_in_one_request(assistants_server: AssistantsServer, protocol: Any) -> None:
    """Definitions and outputs are in the form of the protocol."""
    box = Toolbox([weather, lookup], context=Database())
    async with AssistantsClient(base_url=assistants_server.base_url, api_key="test", protocol=protocol) as client:
        assistant = await client.assistants.create(model="gpt-4o", tools=box.definitions)
        thread = await client.threads.create()
        await client.messages.create(thread.id, role="user", content='/call weather {"city":"Pau","days":null}')
        run = await client.runs.create(thread.id, assistant_id=assistant.id)
        while not run.needs_action:
            run = await client.runs.retrieve(thread.id, run.id)
        results = await box.answer(run.tool_calls)
        run = await client.runs.submit_tool_outputs(
            thread.id, run.id, tool_outputs=[each.as_output for each in results]
        )
        while not run.is_terminal:
            run = await client.runs.retrieve(thread.id, run.id)
        message = await client.messages.list(thread.id, limit=1).first()
    assert message is not None
    assert message.text == "Tool weather said: Pau: 3 days, celsius"
