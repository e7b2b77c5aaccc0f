"""The table of operations against the documents, the client's methods and `operation()`."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.core.requests.endpoint import Endpoint
from assistants_async.endpoints import KINDS, TABLE, find
from assistants_async.models.pages import Page, is_page
from assistants_async.resources.base import Resource
from tests.support.places import FACTS as FACTS_FILE

FACTS: dict[str, dict[str, Any]] = json.loads(FACTS_FILE.read_text())
OPERATIONS: dict[str, dict[str, Any]] = {version: FACTS[version]["operations"] for version in ("v1", "v2")}

UNDOCUMENTED = frozenset({"listThreads"})
"""Operations that servers have and no document names."""

WORKFLOWS = frozenset({"runs.wait", "runs.resume", "threads.lock"})
"""Methods that are no row's, beside the coroutine functions."""

NEEDED: dict[str, dict[str, Any]] = {
    "assistants.create": {"model": "m"},
    "assistants.files.create": {"file_id": "file_1"},
    "threads.create_and_run": {"assistant_id": "asst_1"},
    "messages.create": {"role": "user", "content": "hi"},
    "runs.create": {"assistant_id": "asst_1"},
    "runs.submit_tool_outputs": {"tool_outputs": []},
    "files.create": {"file": b"x", "filename": "a.txt", "purpose": "assistants"},
    "vector_stores.search": {"query": "q"},
    "vector_stores.files.create": {"file_id": "file_1"},
    "vector_stores.files.modify": {"attributes": {}},
    "vector_stores.file_batches.create": {"file_ids": ["file_1"]},
    "uploads.create": {"filename": "a.txt", "purpose": "assistants", "bytes": 1, "mime_type": "text/plain"},
    "uploads.complete": {"part_ids": ["part_1"]},
    "uploads.parts.create": {"data": b"x"},
}
"""Keywords that a method cannot be called without."""


def methods(space: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every method below a client that makes a call, with its dotted name; workflows are coroutine functions."""
    names = [name for name in dir(space) if not name.startswith("_")]
    for name in names:
        value = getattr(space, name)
        if isinstance(value, Resource):
            yield from methods(value, f"{path}{name}.")
        elif (
            path and inspect.ismethod(value) and path + name not in WORKFLOWS and not inspect.iscoroutinefunction(value)
        ):
            yield path + name, value


def clients() -> dict[str, AssistantsClient]:
    """A client of each version."""
    return {version: AssistantsClient(base_url="http://127.0.0.1/v1", protocol=version) for version in ("v1", "v2")}


def bound(name: str, method: Any) -> Endpoint[Any, Any]:
    """The row that a method binds, called with ids and the least of keywords."""
    places = [p for p in inspect.signature(method).parameters.values() if p.kind is inspect.Parameter.POSITIONAL_ONLY]
    call = method(*(f"id_{place}" for place in range(len(places))), **NEEDED.get(name, {}))
    call.close()
    row: Endpoint[Any, Any] = call._request.endpoint
    assert [f"id_{place}" for place in range(len(places))] == re.findall(r"id_\d", call._request.path)
    return row


def versions_of(name: str) -> tuple[str, ...]:
    """The versions that have the row of a method."""
    return next((row.protocols for row in TABLE.values() if row.name == name), ("v2",))


CALLED = {
    name: bound(name, method)
    for version, client in clients().items()
    for name, method in methods(client)
    if version == versions_of(name)[-1]
}


def test_each_row_is_reached_by_one_method_of_its_name() -> None:
    """Nothing in the table is out of reach, nothing is reached twice, and no other method is outside the table."""
    assert {name: row.name for name, row in CALLED.items()} == {name: name for name in CALLED}
    assert sorted(row.operation for row in CALLED.values()) == sorted(TABLE)


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_operation_reaches_each_row_by_both_spellings(row: Endpoint[Any, Any]) -> None:
    """As the document writes it, and in snake case; the call has the row's form."""
    snake = re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), row.operation)
    client = clients()[row.protocols[-1]]
    ids: dict[str, Any] = {name: f"{name}_1" for name in row.parameters}
    for spelling in (row.operation, snake):
        assert find(spelling) is row
        call = client.operation(spelling, body=NEEDED.get(row.name), **ids)
        assert call._request.endpoint is row
        assert [f"{name}_1" for name in row.parameters] == [
            part for part in call._request.path.split("/") if part.endswith("_1")
        ]
        assert type(call) is type(_call(client, row))
        call.close()


def _call(client: AssistantsClient, row: Endpoint[Any, Any]) -> Any:
    method = dict(methods(client))[row.name]
    call = method(*(f"{name}_1" for name in row.parameters), **NEEDED.get(row.name, {}))
    call.close()
    return call


def test_operation_refuses_bad_arguments() -> None:
    """An unknown operation and wrong ids by name, before anything is sent."""
    client = clients()["v2"]
    with pytest.raises(ValueError, match=r"no operation 'makeRun'; there are listAssistants, "):
        client.operation("makeRun")  # type: ignore[unused-awaitable]  # it raises
    with pytest.raises(TypeError, match="createRun takes these ids: thread_id; given: run_id"):
        client.operation("createRun", run_id="run_1")  # type: ignore[unused-awaitable]  # it raises
    with pytest.raises(TypeError, match="listFiles takes these ids: none; given: file_id"):
        client.operation("list_files", file_id="file_1")  # type: ignore[unused-awaitable]  # it raises


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_table_has_the_operations_of_the_documents(version: Any) -> None:
    """All of them, with method and path, and no others but those that servers add."""
    rows = {name: (row.method, row.path) for name, row in TABLE.items() if version in row.protocols}
    facts = {name: (fact["method"], fact["path"]) for name, fact in OPERATIONS[version].items()}
    assert {name: place for name, place in rows.items() if name not in UNDOCUMENTED} == facts


@pytest.mark.parametrize(
    "row", [row for name, row in TABLE.items() if name not in UNDOCUMENTED], ids=lambda row: row.operation
)
def test_each_row_is_as_documented(row: Endpoint[Any, Any]) -> None:
    """Ids, body and media type; lists answer with pages."""
    for version in row.protocols:
        fact = OPERATIONS[version][row.operation]
        assert list(row.parameters) == re.findall(r"{(\w+)}", fact["path"])
        assert sorted(row.parameters) == sorted(fact["path_parameters"])
        assert row.takes_body == ("body" in fact)
        assert bool(row.form) == (fact.get("media") == "multipart/form-data")
    assert (getattr(row.result, "__origin__", None) is Page) == row.operation.startswith("list")
    assert is_page(row.result) == (row.operation.startswith("list") or row.page_parameter is not None)
    assert set(row.parameters) <= KINDS.keys()


NOT_IDEMPOTENT = frozenset(
    (
        "createAssistant",
        "createAssistantFile",
        "createThread",
        "createThreadAndRun",
        "createMessage",
        "createRun",
        "createFile",
        "createVectorStore",
        "createVectorStoreFile",
        "createVectorStoreFileBatch",
        "createUpload",
        "addUploadPart",
    )
)


def test_only_creates_must_not_be_sent_twice() -> None:
    """Modifying, cancelling, submitting tool outputs, getting and deleting may be."""
    assert {name for name, row in TABLE.items() if not row.idempotent} == NOT_IDEMPOTENT


def test_the_operations_that_stream() -> None:
    """The three operations that take `"stream": true`."""
    assert {row.name for row in TABLE.values() if row.streams} == {
        "runs.create",
        "threads.create_and_run",
        "runs.submit_tool_outputs",
    }


def test_a_path_with_a_word_is_before_one_with_an_id() -> None:
    """A router that walks the table in order must match `/threads/runs` before `/threads/{thread_id}`."""
    order = [(row.method, row.path) for row in TABLE.values()]
    assert order.index(("POST", "/threads/runs")) < order.index(("POST", "/threads/{thread_id}"))


def test_names_follow_the_path() -> None:
    """The namespace of a method is the last noun of its path, and the verb fits the HTTP method."""
    verbs = {
        "GET": {"retrieve", "list", "content", "list_files"},
        "DELETE": {"delete"},
        "POST": {"create", "modify", "cancel", "submit_tool_outputs", "create_and_run", "search", "complete"},
    }
    for row in TABLE.values():
        assert row.name.rpartition(".")[2] in verbs[row.method]
        assert row.name.split(".")[0] in row.path


def test_the_misspelt_operation_answers_to_its_right_name_too() -> None:
    """The documents write `submitToolOuputsToRun`; nobody has to."""
    row = TABLE["submitToolOuputsToRun"]
    for name in (
        "submitToolOuputsToRun",
        "submit_tool_ouputs_to_run",
        "submitToolOutputsToRun",
        "submit_tool_outputs_to_run",
    ):
        assert find(name) is row
