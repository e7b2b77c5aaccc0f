"""Members that Foundry alone has: sent as given, read back, checked by place, and their credentials shown nowhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistants_async import Assistant, Run, Thread, ValidationError, WrongProtocolError
from assistants_async.core.requests.endpoint import Endpoint, ProtocolVersion
from assistants_async.core.requests.request import bind
from assistants_async.core.requests.validation import encoded
from assistants_async.endpoints import (
    CREATE_ASSISTANT,
    CREATE_MESSAGE,
    CREATE_RUN,
    CREATE_THREAD,
    CREATE_THREAD_AND_RUN,
    MODIFY_ASSISTANT,
    MODIFY_THREAD,
)
from assistants_async.models import Attachment, DataSource, MCPResources

Row = Endpoint[Any, Any]

TOKEN = "s3cret-of-the-server"
SEARCH = {"azure_ai_search": {"indexes": [{"index_connection_id": "c", "index_name": "docs", "top_k": 3}]}}
MCP: dict[str, Any] = {
    "mcp": [
        {"server_label": "gh", "headers": {"authorization": TOKEN}, "require_approval": "never"},
        {"server_label": "ms", "require_approval": {"always": {"tool_names": ["write"]}}},
    ]
}
SOURCE = {"type": "uri_asset", "uri": "azureml://x"}
STORES = {"file_search": {"vector_stores": [{"name": "s", "configuration": {"data_sources": [SOURCE]}}]}}
CODE = {"code_interpreter": {"data_sources": [SOURCE]}}
NEEDED: dict[str, Any] = {
    "assistants.create": {"model": "m"},
    "messages.create": {"role": "user", "content": "x"},
    "runs.create": {"assistant_id": "asst_1"},
    "threads.create_and_run": {"assistant_id": "asst_1"},
}


def body(row: Row, protocol: ProtocolVersion = "v2", /, **keywords: Any) -> Any:
    """The JSON that a call sends."""
    request = bind(row, ("x_1",) * len(row.parameters), {**NEEDED.get(row.name, {}), **keywords}, protocol=protocol)
    return json.loads(encoded(row.name, request.body))


@pytest.mark.parametrize(
    "row",
    [CREATE_ASSISTANT, MODIFY_ASSISTANT, CREATE_THREAD, MODIFY_THREAD, CREATE_RUN, CREATE_THREAD_AND_RUN],
    ids=lambda row: str(row.name),
)
def test_tool_resources_go_as_given(row: Row) -> None:
    """On assistants, threads and runs; from v2 on."""
    for resources in (SEARCH, MCP, CODE, {**SEARCH, **MCP, "file_search": {"vector_store_ids": ["vs_1"]}}):
        assert body(row, tool_resources=resources)["tool_resources"] == resources
    with pytest.raises(WrongProtocolError, match="tool_resources is in protocol v2 only"):
        body(row, "v1", tool_resources=SEARCH)


def test_stores_and_attachments_may_be_data_of_the_project() -> None:
    """In place of files."""
    assert body(CREATE_THREAD, tool_resources=STORES)["tool_resources"] == STORES
    attached = {"data_source": SOURCE, "tools": [{"type": "file_search"}]}
    assert body(CREATE_MESSAGE, attachments=[attached])["attachments"] == [attached]
    read = Attachment.from_dict(attached)
    assert read.data_source == DataSource(type="uri_asset", uri="azureml://x")
    assert body(CREATE_MESSAGE, attachments=[read])["attachments"] == [attached]
    nested = {"messages": [{"role": "user", "content": "x", "attachments": [attached]}]}
    assert body(CREATE_THREAD_AND_RUN, thread=nested)["thread"] == nested


@pytest.mark.parametrize("kind", [Assistant, Thread, Run])
def test_foundrys_members_go_both_ways(kind: Any) -> None:
    """Typed when read, and written unchanged."""
    resources = {**SEARCH, **MCP, **CODE, "file_search": {"vector_store_ids": ["vs_1"]}}
    read = kind.from_dict({"id": "x_1", "tool_resources": resources})
    assert read.at("tool_resources.azure_ai_search.indexes[0].index_name") == "docs"
    assert read.at("tool_resources.mcp[0].require_approval") == "never"
    assert read.at("tool_resources.mcp[1].require_approval.always.tool_names") == ("write",)
    sent = body(CREATE_RUN, tool_resources=read.tool_resources)["tool_resources"]
    assert sent.pop("code_interpreter") == {**CODE["code_interpreter"], "file_ids": []}
    assert sent == {name: value for name, value in resources.items() if name != "code_interpreter"}


def test_other_servers_members_are_sent_as_before() -> None:
    """Nothing of Foundry's is added to values that were read from them."""
    plain = {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": ["vs_1"]}}
    assistant = Assistant.from_dict({"id": "asst_1", "tool_resources": plain})
    assert body(CREATE_THREAD, tool_resources=assistant.tool_resources)["tool_resources"] == plain


WRONG: dict[str, tuple[Any, str]] = {
    "a misspelt tool": ({"azure_search": {}}, "tool_resources"),
    "an index by a number": ({"azure_ai_search": {"indexes": [{"index_name": 1}]}}, "indexes[0].index_name"),
    "no label": ({"mcp": [{"headers": {"authorization": TOKEN}}]}, "mcp[0]"),
    "another policy": ({"mcp": [{**MCP["mcp"][0], "require_approval": "ask"}]}, "mcp[0].require_approval"),
    "a header of a wrong type": ({"mcp": [{"server_label": "gh", "headers": {"a": TOKEN, "b": 1}}]}, "headers[...]"),
    "headers in a list": ({"mcp": [{"server_label": "gh", "headers": [TOKEN]}]}, "mcp[0].headers"),
    "a member too many": ({"mcp": [{**MCP["mcp"][0], "url": "x"}]}, "mcp[0]"),
}


@pytest.mark.parametrize(("resources", "place"), WRONG.values(), ids=WRONG.keys())
def test_wrong_values_are_refused_by_place(resources: Any, place: str) -> None:
    """And the headers of an MCP server stay out of the error, whatever is wrong beside them."""
    with pytest.raises(ValidationError) as caught:
        body(CREATE_RUN, tool_resources=resources)
    assert caught.value.path.endswith(place)
    assert TOKEN not in f"{caught.value} {caught.value!r} {caught.value.args}"


def test_headers_are_no_part_of_a_repr() -> None:
    """Neither of the resources nor of objects around them."""
    run = Run.from_dict({"id": "run_1", "tool_resources": MCP})
    assert run.at("tool_resources.mcp[0].headers") == {"authorization": TOKEN}
    assert TOKEN not in repr(run)
    assert repr(MCPResources(server_label="gh")) == "MCPResources(server_label='gh', require_approval=None)"
