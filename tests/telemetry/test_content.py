"""The content of requests and answers in the conventions' form, from any form of a request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistants_async import Message
from assistants_async.core.requests.request import bind
from assistants_async.endpoints import KINDS, find
from assistants_async.models.messages import ImageFileContent, Text, TextContent
from assistants_async.telemetry import content

HI = {"role": "user", "parts": [{"type": "text", "content": "hi"}]}

REQUESTS: dict[str, tuple[str, tuple[str, ...], dict[str, Any], list[Any]]] = {
    "message": ("createMessage", ("thread_1",), {"role": "user", "content": "hi"}, [HI]),
    "parts": (
        "createMessage",
        ("thread_1",),
        {
            "role": "user",
            "content": [{"type": "text", "text": "hi"}, {"type": "image_file", "image_file": {"file_id": "file_1"}}],
        },
        [{"role": "user", "parts": [{"type": "text", "content": "hi"}, {"type": "image_file"}]}],
    ),
    "thread": ("createThread", (), {"messages": [{"role": "user", "content": "hi"}]}, [HI]),
    "thread and run": (
        "createThreadAndRun",
        (),
        {"assistant_id": "asst_1", "thread": {"messages": [{"role": "user", "content": "hi"}]}},
        [HI],
    ),
    "run": (
        "createRun",
        ("thread_1",),
        {"assistant_id": "asst_1", "additional_messages": [{"role": "user", "content": "hi"}]},
        [HI],
    ),
}


@pytest.mark.parametrize(("operation", "ids", "keywords", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_messages_of_requests(operation: str, ids: tuple[str, ...], keywords: Any, expected: list[Any]) -> None:
    """Wherever they are in the body."""
    request = bind(find(operation), ids, keywords, protocol="v2", kinds=KINDS)
    found = content.of_input(request)
    assert found.keys() == {"gen_ai.input.messages"}
    assert json.loads(found["gen_ai.input.messages"]) == expected


def test_instructions_of_requests() -> None:
    """Both kinds, in their order; a request without any says nothing."""
    keywords = {"assistant_id": "asst_1", "instructions": "a", "additional_instructions": "b"}
    found = content.of_input(bind(find("createRun"), ("thread_1",), keywords, protocol="v2"))
    parts = json.loads(found["gen_ai.system_instructions"])
    assert parts == [{"type": "text", "content": "a"}, {"type": "text", "content": "b"}]
    assert content.of_input(bind(find("getRun"), ("thread_1", "run_1"), {}, protocol="v2")) == {}


def test_values_that_were_read_before() -> None:
    """Sent unchecked, as they are: other values than messages are left out."""
    message = Message(id="msg_1", role="user", content=(TextContent(text=Text(value="hi")),))
    extra = {"role": "user", "content": [ImageFileContent(), 7]}
    keywords = {"assistant_id": "asst_1", "additional_messages": [message, extra], "thread": "thread_1"}
    request = bind(find("createRun"), ("thread_1",), keywords, protocol="v2", validate=False)
    found, other = json.loads(content.of_input(request)["gen_ai.input.messages"])
    assert found["role"] == "user"
    assert other["parts"] == [{"type": "image_file"}, {"type": "None"}]


def test_messages_of_a_run() -> None:
    """Other parts than text by their kind alone; no messages say nothing."""
    parts = (TextContent(text=Text(value="hi")), TextContent(), ImageFileContent())
    found = content.of_output([Message(id="msg_1", role="assistant", status="completed", content=parts)])
    (message,) = json.loads(found["gen_ai.output.messages"])
    assert message["role"] == "assistant"
    assert message["finish_reason"] == "completed"
    assert [each["type"] for each in message["parts"]] == ["text", "text", "image_file"]
    assert content.of_output(()) == {}
