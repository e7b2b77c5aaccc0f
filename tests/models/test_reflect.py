"""Reading models by path and describing them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistants_async.models.assistants import Assistant
from assistants_async.models.files import File
from assistants_async.models.messages import Message
from assistants_async.models.pages import Page
from assistants_async.models.reflect import inlined_schema
from assistants_async.models.runs import LastError, Run, Usage
from assistants_async.models.steps import RunStep

RUN = Run(id="r", last_error=LastError(code="server_error"), metadata={"a": {"b": 1}, "tags": ["x", "y"]})
MESSAGE = Message.from_dict(
    {
        "id": "m",
        "content": [
            {"type": "text", "text": {"value": "a", "annotations": [{"type": "file_path", "text": "p"}]}},
            {"type": "mine", "deep": [{"er": 1}]},
        ],
    }
)
PAGE: Page[Run] = Page(data=(RUN, Run(id="s")))


def test_fields_are_the_members_in_order() -> None:
    """The names are those of the document, the id first."""
    assert Run(id="r").fields()[:4] == ("id", "object", "created_at", "thread_id")
    assert File(id="f").fields() == (
        "id",
        "bytes",
        "created_at",
        "expires_at",
        "filename",
        "object",
        "purpose",
        "status",
        "status_details",
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("id", "r"),
        ("last_error.code", "server_error"),
        (("last_error", "code"), "server_error"),
        ("last_error.message", None),
        ("metadata.a.b", 1),
        ("metadata.tags[1]", "y"),
        ("metadata.tags.-1", "y"),
        (("metadata", "tags", 0), "x"),
    ],
)
def test_at_follows_a_path(path: Any, expected: object) -> None:
    """Names, indices and mixtures of both lead through models, maps and lists."""
    assert RUN.at(path) == expected
    assert RUN.has(path) == (expected is not None)


def test_at_goes_through_unions() -> None:
    """Parts of known and unknown type can be entered alike."""
    assert MESSAGE.at("content[0].text.value") == "a"
    assert MESSAGE.at("content.0.text.annotations[0].text") == "p"
    assert MESSAGE.at("content[1].raw.deep[0].er") == 1


def test_a_name_maps_over_a_list() -> None:
    """Without an index a list gives the member of each of its items."""
    assert PAGE.at("data.id") == ("r", "s")
    assert PAGE.at("data[1].id") == "s"
    assert PAGE.has("data.last_error")
    assert not PAGE.has("data.started_at")
    assert not Page[Run]().has("data[0]")


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("nothing", "'nothing'"),
        ("last_error.nothing", "'nothing'"),
        ("required_action.type", "'type'"),
        ("metadata.c", "'c'"),
        ("metadata.tags[2]", "2"),
        ("id.x", "'x'"),
        (("metadata", "tags", 9), "9"),
        ("fields", "'fields'"),
    ],
)
def test_paths_that_lead_nowhere(path: Any, step: str) -> None:
    """The error names the step that failed; `has` says no."""
    with pytest.raises(LookupError, match=step):
        RUN.at(path)
    assert not RUN.has(path)


def test_missing_required_lists_the_promised_members() -> None:
    """The members that the documents require and the server left out; none of a whole answer."""
    assert Run(id="r").missing_required() == Run.promised
    assert "instructions" in Run(id="r", status="queued").missing_required()
    assert Usage(completion_tokens=0, prompt_tokens=0, total_tokens=0).missing_required() == ()


@pytest.mark.parametrize("kind", [Run, RunStep, Message, Assistant, File])
def test_promises_are_members(kind: Any) -> None:
    """Every promised name is a member."""
    assert set(kind.promised) <= set(kind.__struct_fields__)


@pytest.mark.parametrize("kind", [Run, RunStep, Message, Assistant, Page[Run]])
def test_inlined_schemas_have_no_references(kind: Any) -> None:
    """A model's JSON schema names its members itself."""
    schema = inlined_schema(kind)
    assert "$ref" not in json.dumps(schema)
    assert schema["properties"].keys() >= {"object"}
