"""Objects in the place of ids, inside the keywords of an operation."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import File, Run, Thread
from assistants_async.core.requests.endpoint import Endpoint
from assistants_async.core.requests.request import bind
from assistants_async.endpoints import KINDS, TABLE
from assistants_async.models.assistants import Assistant
from assistants_async.models.runs import ToolCall
from assistants_async.models.uploads import UploadPart
from assistants_async.models.vector_stores import VectorStore, VectorStoreFile

FILE = File(id="file_1")
STORE = VectorStore(id="vs_1")
IMAGE = {"type": "image_file", "image_file": {"file_id": FILE}}
ATTACHED = {"file_id": VectorStoreFile(id="file_1"), "tools": [{"type": "file_search"}]}
MESSAGE = {"role": "user", "content": [IMAGE], "attachments": [ATTACHED]}
SENT = {
    "role": "user",
    "content": [{"type": "image_file", "image_file": {"file_id": "file_1"}}],
    "attachments": [{"file_id": "file_1", "tools": [{"type": "file_search"}]}],
}
USED = {"code_interpreter": {"file_ids": (FILE, "file_2")}, "file_search": {"vector_store_ids": [STORE]}}
USED_SENT = {"code_interpreter": {"file_ids": ["file_1", "file_2"]}, "file_search": {"vector_store_ids": ["vs_1"]}}
MADE = {"file_search": {"vector_stores": [{"file_ids": [FILE]}]}}
MADE_SENT = {"file_search": {"vector_stores": [{"file_ids": ["file_1"]}]}}

PLACES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "message": ("createMessage", MESSAGE, SENT),
    "thread": (
        "createThread",
        {"messages": [MESSAGE], "tool_resources": MADE},
        {"messages": [SENT], "tool_resources": MADE_SENT},
    ),
    "resources of a thread": ("modifyThread", {"tool_resources": USED}, {"tool_resources": USED_SENT}),
    "resources of an assistant": (
        "createAssistant",
        {"model": "m", "tool_resources": USED},
        {"model": "m", "tool_resources": USED_SENT},
    ),
    "run": (
        "createRun",
        {"assistant_id": Assistant(id="asst_1"), "additional_messages": [MESSAGE]},
        {"assistant_id": "asst_1", "additional_messages": [SENT]},
    ),
    "thread and run": (
        "createThreadAndRun",
        {"assistant_id": Assistant(id="a"), "thread": {"messages": [MESSAGE]}, "tool_resources": USED},
        {"assistant_id": "a", "thread": {"messages": [SENT]}, "tool_resources": USED_SENT},
    ),
    "outputs": (
        "submitToolOuputsToRun",
        {"tool_outputs": [{"tool_call_id": ToolCall(id="call_1"), "output": "x"}]},
        {"tool_outputs": [{"tool_call_id": "call_1", "output": "x"}]},
    ),
    "store": ("createVectorStore", {"file_ids": [FILE]}, {"file_ids": ["file_1"]}),
    "batch": ("createVectorStoreFileBatch", {"files": [{"file_id": FILE}]}, {"files": [{"file_id": "file_1"}]}),
    "parts": ("completeUpload", {"part_ids": [UploadPart(id="part_1")]}, {"part_ids": ["part_1"]}),
}

RUN = Run(id="run_1")
WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "image": (
        "createMessage",
        {"role": "user", "content": ["x", {"type": "image_file", "image_file": {"file_id": RUN}}]},
        r"content[1].image_file.file_id must be str or File",
    ),
    "attachment": (
        "createThread",
        {"messages": [{**MESSAGE, "attachments": [{"file_id": Thread(id="thread_1")}]}]},
        "messages[0].attachments[0].file_id must be str or File",
    ),
    "store among stores": (
        "modifyAssistant",
        {"tool_resources": {"file_search": {"vector_store_ids": [FILE]}}},
        "tool_resources.file_search.vector_store_ids[0] must be str or VectorStore, not File",
    ),
    "file among files": (
        "createVectorStore",
        {"file_ids": ["file_1", STORE]},
        "file_ids[1] must be str or File",
    ),
    "assistant": ("createRun", {"assistant_id": RUN}, "assistant_id must be str or Assistant, not Run"),
    "call": (
        "submitToolOuputsToRun",
        {"tool_outputs": [{"tool_call_id": RUN, "output": "x"}]},
        "tool_outputs[0].tool_call_id must be str or ToolCall",
    ),
    "run in a query": ("listMessages", {"run_id": FILE}, "run_id must be str or Run, not File"),
}


def sent(endpoint: Endpoint[Any, Any], keywords: dict[str, Any], *, validate: bool) -> dict[str, Any] | None:
    """Return the body that is made of keywords."""
    ids = ("id_1",) * endpoint.path.count("{")
    return bind(endpoint, ids, keywords, protocol="v2", validate=validate, kinds=KINDS).body


@pytest.mark.parametrize("validate", [True, False], ids=["checked", "unchecked"])
@pytest.mark.parametrize(("operation", "keywords", "wanted"), PLACES.values(), ids=PLACES.keys())
def test_an_object_is_sent_as_its_id_at_any_depth(
    operation: str, keywords: dict[str, Any], wanted: dict[str, Any], validate: bool
) -> None:
    """The body has the ids, and the values of the caller keep their objects."""
    before = repr(keywords)
    assert sent(TABLE[operation], keywords, validate=validate) == wanted
    assert repr(keywords) == before


@pytest.mark.parametrize("validate", [True, False], ids=["checked", "unchecked"])
@pytest.mark.parametrize(("operation", "keywords", "message"), WRONG.values(), ids=WRONG.keys())
def test_an_object_of_another_kind_is_refused(
    operation: str, keywords: dict[str, Any], message: str, validate: bool
) -> None:
    """The error names the place, the kinds that fit it and the kind that was given."""
    with pytest.raises(TypeError) as caught:
        sent(TABLE[operation], keywords, validate=validate)
    assert f"(): {message}" in str(caught.value)
