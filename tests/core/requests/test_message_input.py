"""Messages as they were read, in requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.models.messages import Message
from tests.support.http_server import Wire, answer

IMAGE = {"type": "image_file", "image_file": {"file_id": "file_1"}}

REFUSAL = {"type": "refusal", "refusal": "no"}


def text(value: str) -> dict[str, Any]:
    """A text part as answers have it."""
    return {"type": "text", "text": {"value": value, "annotations": []}}


READ: dict[str, Any] = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": 1,
    "thread_id": "thread_1",
    "status": "completed",
    "role": "assistant",
    "content": [text("hello")],
    "run_id": "run_1",
    "metadata": {"a": "b"},
    "attachments": [{"file_id": "file_1", "tools": [{"type": "file_search"}]}],
}
WRITTEN = {"role": "assistant", "content": "hello", "metadata": READ["metadata"], "attachments": READ["attachments"]}

PLACES: dict[str, tuple[Callable[..., Any], Callable[[Any], Any]]] = {
    "threads.create": (lambda client, given: client.threads.create(messages=given), lambda body: body["messages"]),
    "threads.create_and_run": (
        lambda client, given: client.threads.create_and_run(assistant_id="asst_1", thread={"messages": given}),
        lambda body: body["thread"]["messages"],
    ),
    "runs.create": (
        lambda client, given: client.runs.create("thread_1", assistant_id="asst_1", additional_messages=given),
        lambda body: body["additional_messages"],
    ),
    "operation": (
        lambda client, given: client.operation("createThread", body={"messages": given}),
        lambda body: body["messages"],
    ),
    "unchecked": (
        lambda client, given: client.with_options(validate=False).threads.create(messages=given),
        lambda body: body["messages"],
    ),
}


@pytest.mark.parametrize(("call", "place"), PLACES.values(), ids=PLACES)
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        pytest.param(Message.from_dict(READ), WRITTEN, id="object"),
        pytest.param(READ, WRITTEN, id="dict"),
        pytest.param(Message.from_dict(READ).to_dict(), WRITTEN, id="to_dict"),
        pytest.param(
            {"role": "user", "content": Message.from_dict(READ).content},
            {"role": "user", "content": "hello"},
            id="parts",
        ),
        pytest.param(
            {
                **READ,
                "content": [text("a"), IMAGE, {"type": "refusal", "refusal": "no"}],
                "metadata": {},
                "attachments": [],
            },
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "a"}, IMAGE, {"type": "text", "text": "no"}],
                "metadata": {},
            },
            id="parts of all kinds",
        ),
        pytest.param({**READ, "content": "hello"}, WRITTEN, id="a plain text in a message that was read"),
        pytest.param({"role": "user", "content": [IMAGE]}, {"role": "user", "content": [IMAGE]}, id="as documented"),
        pytest.param(
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            id="a plain text part",
        ),
    ],
)
async def test_the_form_of_requests(
    wire: Wire,
    client: AssistantsClient,
    call: Callable[..., Any],
    place: Callable[[Any], Any],
    given: Any,
    sent: dict[str, Any],
) -> None:
    """The texts are plain, and there is no member that the server sets."""
    wire.answer(answer({"id": "x_1"}))
    await call(client, [given])
    assert place(wire.last.json) == [sent]


async def test_the_content_of_a_message(wire: Wire, client: AssistantsClient) -> None:
    """Of one that was read."""
    wire.answer(answer({"id": "msg_2"}))
    await client.messages.create("thread_1", role="user", content=Message.from_dict(READ).content)
    assert wire.last.json == {"role": "user", "content": "hello"}
