"""Answers are native models with pydantic's methods, at every depth."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

import assistants_async
from assistants_async import models
from assistants_async.compat import AsyncOpenAI, Message, Thread
from assistants_async.compat.models import dressed
from assistants_async.models.decoding import decoder_for
from tests.support.http_server import Wire, answer

SENT: dict[str, Any] = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": 1,
    "role": "user",
    "content": [
        {"type": "text", "text": {"value": "a", "annotations": []}},
        {"type": "hologram", "depth": 3},
        {"type": "image_file", "image_file": {"file_id": "file_1"}},
    ],
    "metadata": {"k": "v"},
    "run_id": None,
}
WHOLE = {name: value for name, value in SENT.items() if value is not None}


@pytest.fixture
async def message(wire: Wire, old: AsyncOpenAI) -> Message:
    """Get a message as old code does."""
    wire.answer(answer(SENT))
    return await old.beta.threads.messages.retrieve("msg_1", thread_id="t")


def test_an_answer_is_of_both_libraries(message: Message) -> None:
    """It is an instance of the native class, so are the objects inside, and their properties work."""
    assert isinstance(message, assistants_async.Message)
    part = message.content[0]
    assert isinstance(part, models.TextContent)
    assert isinstance(message.content[1], models.Unknown)
    assert part.text is not None
    assert (part.type, part.text.value, message.text) == ("text", "a", "a")
    inner: Any = part
    assert inner.model_dump() == SENT["content"][0]


def test_a_dump_has_every_member(message: Message) -> None:
    """Members that the server left out are None, as with pydantic; lists are lists."""
    dumped = message.model_dump(mode="json")
    assert {**SENT, **dumped} == dumped
    assert dumped["assistant_id"] is None
    assert type(dumped["content"]) is list


def test_a_dump_without_nulls(message: Message) -> None:
    """`exclude_none` and its kin, `to_dict` and `to_json` leave out what is None, here and below."""
    for written in (
        message.model_dump(exclude_none=True),
        message.model_dump(exclude_unset=True),
        message.model_dump(exclude_defaults=True),
        message.to_dict(),
        json.loads(message.model_dump_json(exclude_none=True)),
        json.loads(message.to_json()),
    ):
        assert written == WHOLE
    assert message.to_dict(exclude_unset=False) == message.model_dump()


def test_json_is_text(message: Message) -> None:
    """`model_dump_json` is compact, `to_json` has two spaces a level; `indent` changes either."""
    picked: dict[str, Any] = {"include": {"id": True, "metadata": ...}}
    assert message.model_dump_json(**picked) == '{"id":"msg_1","metadata":{"k":"v"}}'
    assert message.to_json(**picked) == '{\n  "id": "msg_1",\n  "metadata": {\n    "k": "v"\n  }\n}'
    assert message.to_json(indent=None, **picked) == message.model_dump_json(**picked)
    assert message.model_dump_json(indent=1, include={"id"}) == '{\n "id": "msg_1"\n}'


PICKS: dict[str, tuple[dict[str, Any], Any]] = {
    "include": ({"include": {"id", "role"}}, {"id": "msg_1", "role": "user"}),
    "include below": (
        {"include": {"content": {0: {"text": {"value"}}, 2: {"type"}}}},
        {"content": [{"text": {"value": "a"}}, {"type": "image_file"}]},
    ),
    "include all": (
        {"include": {"content": {"__all__": {"type"}}}},
        {"content": [{"type": "text"}, {"type": "hologram"}, {"type": "image_file"}]},
    ),
    "include no": ({"include": {"id": True, "role": False}}, {"id": "msg_1"}),
    "exclude": (
        {"include": {"content", "id"}, "exclude": {"id": True, "content": {0, 1}}},
        {"content": [SENT["content"][2]]},
    ),
    "exclude below": ({"include": {"metadata"}, "exclude": {"metadata": {"k"}}}, {"metadata": {}}),
}


@pytest.mark.parametrize(("options", "wanted"), PICKS.values(), ids=PICKS)
def test_members_are_picked_as_pydantic_picks_them(message: Message, options: dict[str, Any], wanted: Any) -> None:
    """Sets name members; mappings go on below, by names, places or `__all__`."""
    assert message.model_dump(**options, exclude_none=True) == wanted


def test_an_answer_can_be_copied_and_pickled(message: Message) -> None:
    """Nested classes too, which no module has by name."""
    assert message.model_copy(update={"role": "assistant"}).role == "assistant"
    copied: Any = pickle.loads(pickle.dumps(message))
    assert copied == message == message.model_copy(deep=True)
    assert pickle.loads(pickle.dumps(message.content[0])) == message.content[0]


def test_members_of_the_servers_own_are_written_too() -> None:
    """Like a native client that keeps unknown members, it writes them last."""
    data = b'{"id":"thread_1","mood":{"a":[1]}}'
    kept: Any = models.Thread.from_json(data)
    made = dressed(kept)
    assert isinstance(made, Thread)
    assert made.to_dict() == {"id": "thread_1"}
    # As `keep_unknown=True` decodes it.
    made = dressed(decoder_for(models.Thread).decode_keeping(data))
    assert made.to_dict() == {"id": "thread_1", "mood": {"a": [1]}}
    assert dressed(made) == made


async def test_an_answer_has_the_name_of_its_request(wire: Wire, old: AsyncOpenAI) -> None:
    """Whether it was awaited, raw, or a page; what is below it has none, and neither is it written out."""
    wire.answer(*[answer(SENT, x_request_id=f"req_{number}") for number in (1, 2)])
    message = await old.beta.threads.messages.retrieve("msg_1", thread_id="t")
    raw = await old.beta.threads.messages.with_raw_response.retrieve("msg_1", thread_id="t")
    assert (message._request_id, raw.parse()._request_id) == ("req_1", "req_2")
    assert message.content[0]._request_id is None  # type: ignore[union-attr]  # as below all answers
    assert (message.to_dict(), message) == (WHOLE, raw.parse())
    wire.answer(answer({"object": "list", "data": [SENT], "has_more": False}, x_request_id="req_3"))
    page = await old.beta.threads.messages.list("t")
    assert (page._request_id, page.data[0]._request_id) == ("req_3", None)


async def test_a_model_is_built_again_of_what_it_wrote(message: Message) -> None:
    """By the names of pydantic's methods, from plain values and from text."""
    for built in (
        Message.model_validate(message.to_dict()),
        Message.model_validate(message),
        Message.model_validate_json(message.to_json()),
    ):
        assert type(built) is Message
        assert built.to_dict() == WHOLE
