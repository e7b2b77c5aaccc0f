"""The published example payloads, read and written by the models and checked by the keywords' rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest

from assistants_async.models.assistants import Assistant, AssistantFile
from assistants_async.models.base import Model, Tagged
from assistants_async.models.decoding import decoder_for
from assistants_async.models.deltas import MessageDelta, RunStepDelta
from assistants_async.models.events import DONE_EVENT, EVENTS
from assistants_async.models.files import File
from assistants_async.models.messages import Message, MessageFile
from assistants_async.models.pages import Deleted, Page
from assistants_async.models.runs import Run
from assistants_async.models.steps import RunStep
from assistants_async.models.threads import Thread
from assistants_async.models.unions import Unknown
from assistants_async.models.uploads import Upload, UploadPart
from assistants_async.models.vector_stores import SearchPage, VectorStore, VectorStoreFile, VectorStoreFileBatch
from tests.support.places import SHARED
from tests.support.request_bodies import BODIES

EXAMPLES = SHARED / "spec" / "examples"
VERSIONS = ("v1", "v1-final", "v2")
pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the published examples are not at hand")

OBJECTS: dict[str, type[Model]] = {
    "AssistantObject": Assistant,
    "AssistantFileObject": AssistantFile,
    "ThreadObject": Thread,
    "MessageObject": Message,
    "MessageFileObject": MessageFile,
    "MessageDeltaObject": MessageDelta,
    "RunObject": Run,
    "RunStepObject": RunStep,
    "RunStepDeltaObject": RunStepDelta,
    "OpenAIFile": File,
    "VectorStoreObject": VectorStore,
    "VectorStoreFileObject": VectorStoreFile,
    "VectorStoreFileBatchObject": VectorStoreFileBatch,
    "VectorStoreSearchResultsPage": SearchPage,
    "Upload": Upload,
    "UploadPart": UploadPart,
}

ITEMS: dict[str, type[Model]] = {
    "ListAssistantsResponse": Assistant,
    "ListAssistantFilesResponse": AssistantFile,
    "ListFilesResponse": File,
    "ListMessagesResponse": Message,
    "ListMessageFilesResponse": MessageFile,
    "ListRunsResponse": Run,
    "ListRunStepsResponse": RunStep,
    "ListVectorStoresResponse": VectorStore,
    "ListVectorStoreFilesResponse": VectorStoreFile,
}

# In examples, not in the schemas (CONTRACT 10), and left over there from other generations of the API.
LEFT_OVER = {
    ("MessageFile", "file_id"),
    ("RunStep", "expires_at"),
    ("VectorStore", "bytes"),
    ("VectorStore", "last_used_at"),
}
# Has the sizes of `static` beside it, which every schema refuses (CONTRACT 10).
WRONG = {"createVectorStoreFileBatch.request.json"}


def model_of(schema: str) -> Any:
    if schema in ITEMS:
        page: Any = Page
        return page[ITEMS[schema]]
    return Deleted if schema.startswith("Delete") else OBJECTS[schema]


def examples(kind: str) -> Iterator[Any]:
    """Every example of a kind: its schema and its file."""
    for version in VERSIONS:
        folder = EXAMPLES / version
        index = json.loads((folder / "index.json").read_text()) if folder.is_dir() else []
        for entry in index:
            if entry["kind"] == kind and entry["file"].endswith(".json") and entry["file"] not in WRONG:
                schema = entry["schema"]
                if kind != "schema" or schema in OBJECTS or schema in ITEMS:
                    yield pytest.param(schema, folder / entry["file"], id=f"{version}-{entry['file']}")


def events() -> Iterator[Any]:
    for version in VERSIONS:
        for file in sorted((EXAMPLES / version).glob("*.stream.fixed.sse")):
            yield pytest.param(file, id=f"{version}-{file.name}")


def check_kept(original: Any, model: Any) -> None:
    """Every value of the original is in the model, but nulls and the members that are left over."""
    if isinstance(model, Unknown):
        assert model.raw == original
    elif isinstance(model, msgspec.Struct):
        for name, value in original.items():
            if name == "type" and isinstance(model, Tagged):
                assert model.type == value
            elif name in model.__struct_fields__:
                check_kept(value, getattr(model, name))
            else:
                assert (type(model).__name__, name) in LEFT_OVER
    elif isinstance(model, tuple):
        items = [original] if isinstance(original, str) else original or ()  # `search_query` (CONTRACT 10)
        assert len(items) == len(model)
        for value, item in zip(items, model, strict=True):
            check_kept(value, item)
    else:
        assert original == model


def check(kind: Any, data: bytes) -> None:
    decoder = decoder_for(kind)
    model = decoder.decode(data)
    check_kept(json.loads(data), model)
    assert decoder.decode_strict(model.to_json()) == model


@pytest.mark.parametrize(("schema", "file"), [*examples("response"), *examples("schema")])
def test_answers_are_read_and_written(schema: str, file: Path) -> None:
    """Every published answer decodes, and encodes again with nothing lost."""
    check(model_of(schema), file.read_bytes())


@pytest.mark.parametrize(("schema", "file"), [*examples("request")])
def test_requests_are_accepted(schema: str, file: Path) -> None:
    """Every published request passes the rules of its operation."""
    body = json.loads(file.read_bytes())
    body.pop("stream", None)
    assert body.keys() <= BODIES[schema].__annotations__.keys()
    decoder_for(BODIES[schema]).decode_request(msgspec.json.encode(body))


@pytest.mark.parametrize("file", [*events()])
def test_events_are_read_and_written(file: Path) -> None:
    """Every event of the published streams is in the table, and its payload decodes."""
    lines = [line.partition(": ") for line in file.read_text().splitlines()]
    names = [value for name, _, value in lines if name == "event"]
    payloads = [value.encode() for name, _, value in lines if name == "data"]
    assert names.pop() == DONE_EVENT
    assert payloads.pop() == b"[DONE]"
    for name, payload in zip(names, payloads, strict=True):
        check(get_type_hints(EVENTS[name])["data"], payload)
