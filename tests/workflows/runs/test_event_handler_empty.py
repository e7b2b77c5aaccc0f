"""`EventHandler`: events and parts that have no method of their own, or nothing in them."""

from __future__ import annotations

from typing import Any

import pytest
from typing_extensions import override

from assistants_async import AssistantsClient
from assistants_async.workflows.runs.event_handler import EventHandler
from tests.support.byte_server import Body, frame
from tests.support.http_server import Wire
from tests.support.run_events import DONE, calls, message, run, step


class Heard(EventHandler):
    """Notes the final values of message parts and outputs of code."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @override
    async def on_event(self, event: Any) -> None:
        self.names.append(event.event)

    @override
    async def on_message_delta(self, delta: Any) -> None:
        self.names.append("message delta")

    @override
    async def on_refusal_delta(self, refusal: str) -> None:
        self.names.append("refusal")

    @override
    async def on_message_done(self, message: Any) -> None:
        self.names.append("message done")

    @override
    async def on_code_logs(self, logs: str) -> None:
        self.names.append("logs")

    @override
    async def on_code_image(self, image: Any) -> None:
        self.names.append("image")

    @override
    async def on_run_step_done(self, step: Any) -> None:
        self.names.append("step done")


def parts(*content: dict[str, Any]) -> dict[str, Any]:
    """More of a message, in these parts."""
    return {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": list(content)}}


def code(*outputs: dict[str, Any]) -> dict[str, Any]:
    """More of the outputs of code."""
    call = {"index": 0, "id": "c0", "type": "code_interpreter", "code_interpreter": {"outputs": list(outputs)}}
    return calls(call)


UNKNOWN = {"index": 0, "type": "hologram"}


@pytest.mark.parametrize(
    ("name", "data", "heard"),
    [
        pytest.param("thread.run.step.in_progress", step("in_progress"), [], id="step under way"),
        pytest.param("thread.run.hologram", {"id": "x"}, [], id="unknown event"),
        pytest.param(
            "thread.message.delta",
            parts({"index": 0, "type": "refusal", "refusal": ""}, UNKNOWN),
            ["message delta"],
            id="empty refusal and unknown part",
        ),
        pytest.param(
            "thread.message.completed",
            {**message("completed"), "content": [UNKNOWN, {"type": "text"}, {"type": "image_file"}]},
            ["message done"],
            id="unknown and empty parts",
        ),
        pytest.param(
            "thread.run.step.delta",
            code({"index": 0, "type": "image"}, UNKNOWN, {"index": 2, "type": "logs"}),
            ["logs"],
            id="image without a file",
        ),
    ],
)
async def test_events_without_a_method(
    wire: Wire, client: AssistantsClient, name: str, data: dict[str, Any], heard: list[str]
) -> None:
    """Only `on_event` gets them, and the stream goes on."""
    ends = [frame(f"thread.run.{status}", run(status)) for status in ("queued", "completed")]
    wire.answer(Body(ends[0], frame(name, data), ends[1], DONE))
    handler = Heard()
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        await channel.handle(handler)
    names = [each for each in handler.names if each not in ("thread.run.queued", "thread.run.completed")]
    assert names == [name, *heard]
    assert channel.run is not None
    assert channel.run.status == "completed"
