"""Classes under openai-python's names: what a stream and its handler give is of them."""

from __future__ import annotations

from typing import Any

from assistants_async.compat import AsyncAssistantEventHandler, AsyncOpenAI, types

FUNCTION = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
SAYS = '/call get_weather {"city": "Rome"}'


async def test_what_comes_is_of_the_named_classes(served: AsyncOpenAI) -> None:
    """Text, deltas, tool calls and events, as old code asks for them by `isinstance`."""
    seen: list[tuple[Any, Any]] = []

    class Handler(AsyncAssistantEventHandler):
        async def on_event(self, event: types.AssistantStreamEvent) -> None:
            if event.event == "thread.message.delta":
                assert isinstance(event, types.ThreadMessageDelta)
                seen.append((event.data, types.MessageDeltaEvent))

        async def on_message_delta(self, delta: types.MessageDelta, snapshot: types.Message) -> None:
            seen.extend([(delta, types.MessageDelta), (snapshot, types.Message)])

        async def on_text_delta(self, delta: types.TextDelta, snapshot: types.Text) -> None:
            seen.extend([(delta, types.TextDelta), (snapshot, types.Text)])

        async def on_tool_call_created(self, tool_call: types.ToolCall) -> None:
            seen.append((tool_call, types.FunctionToolCall))

        async def on_run_step_delta(self, delta: types.RunStepDelta, snapshot: types.RunStep) -> None:
            seen.extend([(delta, types.RunStepDelta), (snapshot, types.RunStep)])

    assistant = await served.beta.assistants.create(model="m", tools=[{"type": "file_search"}, FUNCTION])
    assert isinstance(assistant.tools[0], types.FileSearchTool)
    thread = await served.beta.threads.create(messages=[{"role": "user", "content": SAYS}])
    runs = served.beta.threads.runs
    async with runs.stream(thread_id=thread.id, assistant_id=assistant.id, event_handler=Handler()) as stream:
        await stream.until_done()
        run = await stream.get_final_run()
    assert run.required_action is not None
    assert run.required_action.submit_tool_outputs is not None
    call = run.required_action.submit_tool_outputs.tool_calls[0]
    assert isinstance(call, types.RequiredActionFunctionToolCall)
    outputs = [{"tool_call_id": call.id, "output": "sun"}]
    async with runs.submit_tool_outputs_stream(
        thread_id=thread.id, run_id=run.id, tool_outputs=outputs, event_handler=Handler()
    ) as stream:
        await stream.until_done()
    assert {kind for _, kind in seen} >= {types.TextDelta, types.MessageDelta, types.FunctionToolCall, types.RunStep}
    assert all(isinstance(value, kind) for value, kind in seen)
    message = (await served.beta.threads.messages.list(thread.id)).data[0]
    assert isinstance(message.content[0], types.TextContentBlock)
    assert isinstance(await served.beta.threads.delete(thread.id), types.ThreadDeleted)


def test_every_name_is_there() -> None:
    """And none is missing from the list of names."""
    named = {name for name in vars(types) if name[0].isupper()}
    assert named == {*types.__all__, "Deleted"}  # which has no name of its own there
