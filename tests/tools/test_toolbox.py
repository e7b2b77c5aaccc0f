"""Answering the calls of a run: results, errors, limits, hooks and cancellation."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from assistants_async import AssistantsClient
from assistants_async.errors import ToolCallError, ToolError, ToolFailedError
from assistants_async.models.runs import ToolCall
from assistants_async.server import AssistantsServer
from assistants_async.tools import Toolbox, ToolEvent, ToolFailed, ToolFinished, ToolStarted, tool
from tests.conftest import MS
from tests.tools.functions import WHO, Database, Place, call, lookup, maybe, weather, who, who_in_a_thread

NEUTRAL = '{"error":"the function failed"}'


class OutOfStockError(ToolError):
    """An error of a user's own."""


def fail_in_a_thread(how: str) -> None:
    """Fail in one of three ways."""
    match how:
        case "told":
            raise ToolError("no such city")
        case "own":
            raise OutOfStockError("none left")
        case _:
            raise ValueError("password: hunter2")


async def fail(how: str) -> None:
    """Fail in the same ways, in the loop's thread."""
    fail_in_a_thread(how)


async def wait_for_ever() -> None:
    """Never end."""
    await asyncio.Event().wait()


def strange() -> object:
    """Give what is no JSON."""
    return object()


async def cancelled() -> None:
    """Await what somebody else has cancelled."""
    inner = asyncio.create_task(asyncio.Event().wait())
    inner.cancel()
    await inner


# The box


def test_a_box_holds_tools_by_name() -> None:
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
        ([weather, weather], {}, ValueError, "two tools are called 'weather': give one another name="),
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
    """With what the run wants to be sent."""
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
async def test_what_the_model_did_wrong_is_told_to_it(made: ToolCall, kind: str, output: str, on_error: Any) -> None:
    """Whatever `on_error` says: the function is not called, and the model can mend it."""
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
        ("told", '{"error":"no such city"}'),
        ("own", '{"error":"OutOfStockError: none left"}'),
        ("secret", NEUTRAL),
    ],
)
@pytest.mark.parametrize("function", [fail, fail_in_a_thread])
async def test_only_a_tool_error_is_told_in_its_own_words(function: Any, how: str, output: str) -> None:
    """Other exceptions' texts stay here, with the result."""
    result = await Toolbox([function]).call(call(function.__name__, json.dumps({"how": how})))
    assert result.output == output
    assert result.error is not None
    assert result.arguments == {"how": how}


async def test_a_result_that_is_no_json_is_an_error() -> None:
    """Which names its type."""
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


def angry(*_: object) -> Any:
    """A hook that raises."""
    raise LookupError("hook")


@pytest.mark.parametrize("hook", ["approve", "on_error"])
async def test_what_a_hook_raises_comes_out(hook: str) -> None:
    """Unchanged, from one call and from many."""
    options: dict[str, Any] = {hook: angry}
    box = Toolbox([fail], **options)
    with pytest.raises(LookupError, match="hook"):
        await box.call(call("fail", '{"how":"told"}'))
    with pytest.raises(LookupError, match="hook"):
        await box.answer([call("fail", '{"how":"told"}')] * 3)


async def test_hooks_must_return_what_they_promise() -> None:
    """Else it is the hook's author who hears of it."""
    anything: Any = lambda *_: 1  # noqa: E731
    with pytest.raises(TypeError, match="on_error must return a text or None, not 1"):
        await Toolbox([fail], on_error=anything).call(call("fail", '{"how":"told"}'))
    with pytest.raises(TypeError, match="approve must return True, False or a reason, not 1"):
        await Toolbox([fail], approve=anything).call(call("fail", '{"how":"told"}'))


async def test_a_failure_can_end_the_round() -> None:
    """With one error, from the function's own, after the other calls were cancelled."""
    ended: list[str] = []

    async def patient() -> None:
        """Wait, and tell of the end."""
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


# Limits


async def test_outputs_keep_the_order_of_the_calls() -> None:
    """Though the functions end in another."""
    gate = asyncio.Event()

    async def first() -> str:
        """Wait for the second."""
        await gate.wait()
        return "1"

    async def second() -> str:
        """Let the first go on."""
        gate.set()
        return "2"

    results = await Toolbox([first, second]).answer([call("first", id="a"), call("second", id="b")])
    assert [result.as_output for result in results] == [
        {"tool_call_id": "a", "output": "1"},
        {"tool_call_id": "b", "output": "2"},
    ]
    assert await Toolbox([first]).answer([]) == []


@pytest.mark.parametrize("cap", [1, 2, 5])
async def test_so_many_functions_run_at_a_time(cap: int) -> None:
    """And no more."""
    running: list[int] = []
    most: list[int] = []

    async def work() -> None:
        """Be busy for a moment."""
        running.append(1)
        most.append(len(running))
        await asyncio.sleep(5 * MS)
        running.pop()

    await Toolbox([work], max_concurrency=cap).answer([call("work")] * 6)
    assert max(most) == cap


@pytest.mark.parametrize("own", [True, False], ids=["the tool's", "the box's"])
async def test_a_function_has_its_time(own: bool) -> None:
    """The tool's own limit goes before the box's."""
    waiting = tool(wait_for_ever, timeout=5 * MS) if own else tool(wait_for_ever)
    result = await Toolbox([waiting], timeout=60 if own else 5 * MS).call(call("wait_for_ever"))
    assert isinstance(result.error, ToolCallError)
    assert result.error.kind == "timeout"
    assert json.loads(result.output) == {"error": f"the function took longer than {5 * MS:g} s"}


@pytest.mark.parametrize("sync", [True, False])
async def test_a_function_that_blocks_for_ever_holds_nobody(sync: bool) -> None:
    """Neither at its time limit nor at cancellation: its thread is left behind."""
    release = threading.Event()

    def block() -> None:
        """Wait for the end of the test."""
        release.wait()

    blocking: Callable[..., Any] = block if sync else wait_for_ever
    box = Toolbox([tool(blocking, name="block")], max_concurrency=1)
    try:
        with anyio.move_on_after(5 * MS) as scope:
            await box.answer([call("block"), call("block")])
        assert scope.cancelled_caught
        results = await Toolbox([tool(blocking, name="block")], timeout=5 * MS).answer([call("block")] * 50)
        assert {type(result.error) for result in results} == {ToolCallError}
    finally:
        release.set()


async def test_a_long_output_is_cut() -> None:
    """Also that of an error."""

    async def long() -> str:
        """Give much."""
        return "é" * 1000

    def loud(*_: object) -> str:
        return "é" * 1000

    box = Toolbox([long, fail], max_output_bytes=300, on_error=loud)
    results = await box.answer([call("long"), call("fail", '{"how":""}'), call("x" * 1000)])
    assert [len(result.output.encode()) <= 300 for result in results] == [True] * 3
    assert results[0].output.endswith("[cut: the whole output has 2000 bytes, and this is its beginning]")
    assert results[0].output == results[1].output


# Approval


async def test_calls_are_approved_by_a_person() -> None:
    """Who sees the decoded arguments; a refused function is not called."""
    asked: list[tuple[str, dict[str, Any]]] = []

    async def approve(made: ToolCall, arguments: dict[str, Any]) -> bool | str:
        asked.append((made.id, dict(arguments)))
        arguments.clear()
        return {"Pau": True, "Rom": False}.get(arguments.get("city", asked[-1][1]["city"]), "too far")

    box = Toolbox([weather], approve=approve)
    results = await box.answer([call("weather", json.dumps({"city": city}), city) for city in ("Pau", "Rom", "Ulm")])
    assert [result.output for result in results] == [
        "Pau: 3 days, celsius",
        '{"error":"the call was refused"}',
        '{"error":"the call was refused: too far"}',
    ]
    assert asked == [(city, {"city": city}) for city in ("Pau", "Rom", "Ulm")]
    refused = results[2].error
    assert isinstance(refused, ToolCallError)
    assert (refused.kind, results[2].arguments) == ("refused", {"city": "Ulm"})


async def test_a_tool_may_need_no_approval() -> None:
    """Or insist on it; without a word it needs it where there is a hook."""
    names = {None: "asks", True: "insists", False: "free"}
    tools = [tool(who, name=name, approve=approve) for approve, name in names.items()]
    box = Toolbox(tools, approve=lambda made, arguments: False)
    results = await box.answer([call(name) for name in names.values()])
    assert [result.error is None for result in results] == [False, False, True]


# Events


async def test_events_tell_what_happens() -> None:
    """Before a function begins, and when its call is answered; a call that reaches none only fails."""
    seen: list[ToolEvent] = []

    async def see(event: ToolEvent) -> None:
        seen.append(event)

    box = Toolbox([who, fail], max_concurrency=1)
    calls = [call("who", id="a"), call("fail", '{"how":""}', "b"), call("nothing", id="c")]
    results = await box.answer(calls, notify=see)
    by_call: dict[str, list[ToolEvent]] = {"a": [], "b": [], "c": []}
    for event in seen:
        by_call[event.call.id if isinstance(event, ToolStarted) else event.result.call_id].append(event)
    assert by_call == {
        "a": [ToolStarted(calls[0]), ToolFinished(results[0])],
        "b": [ToolStarted(calls[1]), ToolFailed(results[1])],
        "c": [ToolFailed(results[2])],
    }
    assert [event.event for event in by_call["b"]] == ["tool.started", "tool.failed"]
    assert ToolFinished.event == "tool.finished"


@pytest.mark.parametrize("error", [LookupError("seen"), asyncio.CancelledError("seen")], ids=["error", "cancelled"])
async def test_what_notify_raises_comes_out(error: BaseException) -> None:
    """And the function is not called."""
    ran: list[str] = []

    async def note() -> None:
        """Tell that it ran."""
        ran.append("note")

    async def see(event: ToolEvent) -> None:
        raise error

    with pytest.raises(type(error), match="seen"):
        await Toolbox([note]).answer([call("note"), call("note")], notify=see)
    assert ran == []


# Cancellation


@pytest.mark.parametrize("many", [True, False])
async def test_cancellation_gets_out_at_once(many: bool) -> None:
    """As itself, after the functions' own cleaning up, and nothing is left behind."""
    started, ended = asyncio.Event(), asyncio.Event()

    async def patient() -> None:
        """Wait, and tell of the end."""
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    box = Toolbox([patient], on_error=angry)
    work: Awaitable[object] = box.answer([call("patient")] * 3) if many else box.call(call("patient"))
    task = asyncio.ensure_future(work)
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


@pytest.mark.parametrize("native", [True, False], ids=["a task", "a scope"])
@pytest.mark.parametrize("by", ["an error", "a result"])
@pytest.mark.parametrize("many", [True, False])
async def test_a_function_cannot_swallow_cancellation(many: bool, by: str, native: bool) -> None:
    """Neither that of a task nor that of a scope around it."""
    started = asyncio.Event()

    async def stubborn() -> str:
        """Go on where cancelled."""
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if by == "an error":
                raise ValueError("never") from None
        return "done"

    box = Toolbox([stubborn], on_error="raise")

    async def work(scope: anyio.CancelScope) -> None:
        with scope:
            await (box.answer([call("stubborn")]) if many else box.call(call("stubborn")))

    scope = anyio.CancelScope()
    task = asyncio.create_task(work(scope))
    await started.wait()
    if native:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        scope.cancel()
        await task
        assert scope.cancelled_caught


@pytest.mark.parametrize("many", [True, False])
async def test_a_function_with_tasks_of_its_own_has_failed(many: bool) -> None:
    """Where one of them fails: nobody cancelled the caller, though before Python 3.13 the task counts it so."""

    async def broken(how: str) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(how))

    box = Toolbox([broken])
    made = call("broken", '{"how": "own"}')
    results = await box.answer([made, made]) if many else [await box.call(made)]
    assert [result.output for result in results] == [NEUTRAL] * len(results)
    assert isinstance(results[0].error, ExceptionGroup)


@pytest.mark.parametrize("many", [True, False])
async def test_a_function_that_cancels_itself_has_failed(many: bool) -> None:
    """The round goes on."""

    async def leave() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    box = Toolbox([leave])
    results = await box.answer([call("leave", "{}")] * 2) if many else [await box.call(call("leave", "{}"))]
    assert {result.output for result in results} == {'{"error":"the function was cancelled"}'}


@pytest.mark.parametrize("many", [True, False])
async def test_a_function_that_is_cancelled_from_within_has_failed(many: bool) -> None:
    """Nobody cancelled the caller: it is an error like another."""
    box, made = Toolbox([cancelled]), call("cancelled")
    result = (await box.answer([made]))[0] if many else await box.call(made)
    assert result.output == '{"error":"the function was cancelled"}'
    assert isinstance(result.error, ToolCallError)
    assert (result.error.kind, type(result.error.__cause__)) == ("cancelled", asyncio.CancelledError)
    with pytest.raises(ToolFailedError):
        await Toolbox([cancelled], on_error="raise").answer([made])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("many", [True, False])
def test_an_interrupt_is_no_output(error: type[BaseException], sync: bool, many: bool) -> None:
    """It ends the program as ever, plain."""

    def interrupt() -> None:
        """Press Ctrl-C."""
        raise error

    async def interrupt_loop() -> None:
        """Press Ctrl-C in the loop's thread."""
        raise error

    box = Toolbox([tool(interrupt, name="stop") if sync else tool(interrupt_loop, name="stop"), wait_for_ever])

    async def main() -> None:
        if many:
            await box.answer([call("wait_for_ever"), call("stop")])
        else:
            await box.call(call("stop"))

    with pytest.raises(error):
        asyncio.run(main())


# A run


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_a_run_is_answered_in_one_request(assistants_server: AssistantsServer, protocol: Any) -> None:
    """Definitions and outputs are what the protocol wants."""
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
