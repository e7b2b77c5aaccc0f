"""Objects in the place of ids, at any depth of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assistants_async import Assistant, AssistantsClient, File, ValidationError
from assistants_async.models import VectorStore
from tests.support.http_server import ANYTHING, ASSISTANT, FILE, Wire, answer

Call = Callable[[AssistantsClient], Any]
FILE_1 = File.from_dict(FILE)
STORE_1 = VectorStore.from_dict({"id": "vs_1", "object": "vector_store"})
IMAGE = {"type": "image_file", "image_file": {"file_id": FILE_1}}
SENT_IMAGE = {"type": "image_file", "image_file": {"file_id": "file_1"}}

NESTED: dict[str, tuple[Call, dict[str, Any]]] = {
    "an image": (
        lambda client: client.messages.create("t", role="user", content=[IMAGE]),
        {"role": "user", "content": [SENT_IMAGE]},
    ),
    "stores of an assistant": (
        lambda client: client.assistants.create(
            model="m", tool_resources={"file_search": {"vector_store_ids": [STORE_1]}}
        ),
        {"model": "m", "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}},
    ),
    "files of a thread, ids among them": (
        lambda client: client.threads.create(
            tool_resources={"code_interpreter": {"file_ids": (FILE_1, "file_2")}}, metadata={"a": "b"}
        ),
        {"tool_resources": {"code_interpreter": {"file_ids": ["file_1", "file_2"]}}, "metadata": {"a": "b"}},
    ),
    "files of a new store": (
        lambda client: client.threads.create(
            tool_resources={"file_search": {"vector_stores": [{"file_ids": [FILE_1]}]}}
        ),
        {"tool_resources": {"file_search": {"vector_stores": [{"file_ids": ["file_1"]}]}}},
    ),
    "a thread in a run": (
        lambda client: client.threads.create_and_run(
            assistant_id=Assistant.from_dict(ASSISTANT), thread={"messages": [{"role": "user", "content": [IMAGE]}]}
        ),
        {"assistant_id": "asst_1", "thread": {"messages": [{"role": "user", "content": [SENT_IMAGE]}]}},
    ),
    "more messages of a run": (
        lambda client: client.runs.create(
            "t", assistant_id="asst_1", additional_messages=[{"role": "user", "content": [IMAGE]}]
        ),
        {"assistant_id": "asst_1", "additional_messages": [{"role": "user", "content": [SENT_IMAGE]}]},
    ),
}


@pytest.mark.parametrize(("call", "sent"), NESTED.values(), ids=NESTED.keys())
async def test_objects_go_where_ids_go(wire: Wire, client: AssistantsClient, call: Call, sent: dict[str, Any]) -> None:
    """At any depth; the caller's own dicts stay as they were."""
    wire.answer(answer(ANYTHING))
    await call(client)
    assert wire.last.json == sent
    assert IMAGE == {"type": "image_file", "image_file": {"file_id": FILE_1}}


def test_a_dict_that_has_itself_in_it_is_refused(client: AssistantsClient) -> None:
    """It has no end, and no id to look for."""
    made: dict[str, Any] = {"type": "x"}
    made["self"] = made
    with pytest.raises(TypeError, match=r"assistants\.create\(\)"):
        _ = client.assistants.create(model="m", tools=[made])


def test_a_number_that_json_lacks_is_named_where_its_place_has_a_rule(client: AssistantsClient) -> None:
    """As itself, not as the null that it would be sent as."""
    broken = {"type": "and", "filters": [{"type": "eq", "key": "k", "value": float("nan")}]}
    with pytest.raises(ValidationError, match=r"filters\.filters\[0\]\.value: expected a finite number, not nan"):
        _ = client.vector_stores.search("vs_1", query="x", filters=broken)
