"""Abilities of all models: JSON, dicts, pickles, other frameworks."""

from __future__ import annotations

import copy
import pickle
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from fastapi import Body, FastAPI
from msgspec import UNSET

from assistants_async import models
from assistants_async.models.assistants import Assistant
from assistants_async.models.base import Model
from assistants_async.models.deltas import MessageDelta, RunStepDelta
from assistants_async.models.messages import (
    Attachment,
    ImageFile,
    ImageFileContent,
    Message,
    RefusalContent,
    Text,
    TextContent,
)
from assistants_async.models.pages import Page
from assistants_async.models.runs import Run, TruncationStrategy
from assistants_async.models.steps import CodeInterpreter, FileSearch, FunctionToolCall, RunStep, ToolCallsDetails
from assistants_async.models.threads import CodeInterpreterResources, FileSearchResources, ToolResources
from assistants_async.models.tools import FunctionDefinition, FunctionTool
from assistants_async.models.unions import Unknown
from assistants_async.models.vector_stores import SearchPage

RUN: dict[str, Any] = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": 1_699_269_753,
    "status": "requires_action",
    "required_action": {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
        },
    },
    "tools": [{"type": "function", "function": {"name": "f", "strict": None}}, {"type": "mcp", "url": "u"}],
    "metadata": {"a": "b"},
    "truncation_strategy": {"type": "auto", "last_messages": None},
    "tool_choice": {"type": "function", "function": {"name": "f"}},
}


def test_dicts_and_json_go_both_ways() -> None:
    """A model gives back its source, without absent members."""
    run = Run.from_dict(RUN)
    assert run.to_dict() == RUN
    assert msgspec.json.decode(run.to_json()) == RUN
    assert Run.from_json(run.to_json()) == Run.from_json(run.to_json().decode()) == run


def test_models_are_values() -> None:
    """Models compare by value, cannot be changed, and are changed by making others."""
    run = Run.from_dict(RUN)
    assert run == Run.from_dict(RUN)
    with pytest.raises(AttributeError):
        run.status = "queued"  # type: ignore[misc]  # that it is refused is the point
    assert msgspec.structs.replace(run, status="queued").status == "queued"
    assert len({Run(id="r"), Run(id="r"), Run(id="s")}) == 2
    with pytest.raises(TypeError):
        Run("r")  # type: ignore[call-arg]  # keywords only


def test_reprs_are_short() -> None:
    """Absent members are not shown, except lists that are always written."""
    assert repr(Run(id="r", status="queued")) == "Run(id='r', status='queued', tools=())"
    assert repr(Message(id="m", content=(RefusalContent(),))) == "Message(id='m', content=(RefusalContent(),))"


@pytest.mark.parametrize("change", [lambda run: pickle.loads(pickle.dumps(run)), copy.copy, copy.deepcopy])
def test_models_pickle_and_copy(change: Any) -> None:
    """Models cross processes, unknown members, pages and what is `UNSET` included."""
    page: Page[Run] = Page(data=(Run.from_dict(RUN), Run(id="s", tools=(FunctionTool(function=FunctionDefinition()),))))
    assert change(page) == page
    assert change(page).data[1].tools[0].function.strict is UNSET


def test_null_and_absent_differ_in_requests() -> None:
    """A null that was received is sent as null, an absent member is not sent."""
    sent = FunctionDefinition.from_json(b'{"name":"f","strict":null}')
    assert sent.strict is None
    assert sent.to_json() == b'{"name":"f","strict":null}'
    assert FunctionDefinition.from_json(b'{"name":"f"}').to_json() == b'{"name":"f"}'
    assert TruncationStrategy.from_json(b'{"type":"auto","last_messages":null}').to_dict() == {
        "type": "auto",
        "last_messages": None,
    }
    assert TruncationStrategy.from_json(b'{"type":"auto"}').last_messages is UNSET


def test_null_and_absent_are_the_same_elsewhere() -> None:
    """Both read as None, and neither is written."""
    assert Run.from_json(b'{"id":"r","last_error":null}') == Run.from_json(b'{"id":"r"}')
    assert Run.from_json(b'{"id":"r","last_error":null}').to_json() == b'{"id":"r","tools":[]}'


EMPTIES: dict[str, tuple[type[Model], dict[str, Any]]] = {
    "page": (Page, {"object": "list", "data": [], "has_more": False}),
    "assistant": (Assistant, {"id": "a", "tools": [], "file_ids": [], "metadata": {}}),
    "message": (
        Message,
        {
            "id": "m",
            "content": [{"type": "text", "text": {"value": "", "annotations": []}}],
            "attachments": [{"file_id": "f", "tools": []}],
            "file_ids": [],
            "metadata": {},
        },
    ),
    "run": (
        Run,
        {"id": "r", "required_action": {"submit_tool_outputs": {"tool_calls": []}}, "tools": [], "metadata": {}},
    ),
    "step": (RunStep, {"id": "s", "step_details": {"type": "tool_calls", "tool_calls": []}}),
    "code": (CodeInterpreter, {"input": "", "outputs": []}),
    "search": (FileSearch, {"results": [{"file_id": "f", "content": []}]}),
    "search without results": (FileSearch, {"results": []}),
    "found": (SearchPage, {"search_query": [], "data": [{"file_id": "f", "content": []}]}),
    "delta": (
        MessageDelta,
        {"id": "m", "delta": {"content": [{"index": 0, "type": "text", "text": {"annotations": []}}]}},
    ),
    "empty delta": (MessageDelta, {"id": "m", "delta": {"content": [], "file_ids": []}}),
    "calls": (RunStepDelta, {"id": "s", "delta": {"step_details": {"type": "tool_calls", "tool_calls": []}}}),
}


@pytest.mark.parametrize(("kind", "value"), EMPTIES.values(), ids=EMPTIES.keys())
@pytest.mark.parametrize(
    "change",
    [lambda one: one, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))],
    ids=["new", "copy", "pickle"],
)
def test_empty_lists_are_written(kind: type[Model], value: dict[str, Any], change: Any) -> None:
    """A server's empty list is written as empty, also from a copy, and reads back the same."""
    model = change(kind.from_dict(value))
    assert model.to_dict() == value
    assert kind.from_json(model.to_json()) == model


def test_lists_that_are_not_there() -> None:
    """Required ones are written all the same, the others are not; both are empty tuples, and equal to them."""
    for absent in (
        Assistant(id="a"),
        Assistant.from_json(b'{"id":"a"}'),
        Assistant.from_json(b'{"id":"a","tools":null}'),
    ):
        assert absent.to_dict() == {"id": "a", "tools": []}
        assert (absent.tools, absent.file_ids, hash(absent.file_ids)) == ((), (), hash(()))
    assert Assistant(id="a", file_ids=()).to_dict() == {"id": "a", "tools": [], "file_ids": []}
    assert Attachment(file_id="f").to_dict() == {"file_id": "f"}
    assert Assistant(id="a") == Assistant(id="a", tools=(), file_ids=())
    with pytest.raises(AttributeError):
        Assistant(id="a").file_ids.anything = 1  # type: ignore[attr-defined]  # it is refused, as by any tuple


def test_taking_files_away_is_written() -> None:
    """An empty list of resources is not left out: sending it is how they are taken away."""
    resources = ToolResources(code_interpreter=CodeInterpreterResources(), file_search=FileSearchResources())
    assert resources.to_dict() == {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}}


@pytest.mark.parametrize(
    ("kind", "value", "member"),
    [
        (Run, {"id": "r", "status": "paused"}, "status"),
        (Message, {"id": "m", "role": "system"}, "role"),
        (Message, {"id": "m", "status": "queued"}, "status"),
        (RunStep, {"id": "s", "type": "mcp", "status": "queued"}, "type"),
    ],
)
def test_vocabularies_are_open(kind: type[Model], value: dict[str, Any], member: str) -> None:
    """A word that the documents do not list is kept as it is."""
    model = kind.from_dict(value)
    assert getattr(model, member) == value[member]
    assert model.to_dict().items() >= value.items()


def test_text_joins_the_text_parts() -> None:
    """Images, refusals, unknown and empty parts add nothing."""
    parts = (
        TextContent(text=Text(value="a")),
        ImageFileContent(image_file=ImageFile(file_id="f")),
        RefusalContent(refusal="no"),
        Unknown(raw={"type": "text?"}),
        TextContent(),
        TextContent(text=Text()),
        TextContent(text=Text(value="b")),
    )
    assert Message(id="m", content=parts).text == "ab"
    assert Message(id="m").text == ""


@pytest.mark.parametrize(
    ("status", "terminal"),
    [
        ("queued", False),
        ("in_progress", False),
        ("requires_action", False),
        ("cancelling", False),
        ("cancelled", True),
        ("failed", True),
        ("completed", True),
        ("incomplete", True),
        ("expired", True),
        ("paused", False),
        (None, False),
    ],
)
def test_runs_know_their_end(status: str | None, *, terminal: bool) -> None:
    """Only the states that a run does not leave are terminal."""
    run = Run(id="r", status=status)
    assert run.is_terminal is terminal
    assert run.needs_action is (status == "requires_action")


def test_runs_and_steps_show_their_calls() -> None:
    """The calls can be had without walking down to them, and are none where there are none."""
    (call,) = Run.from_dict(RUN).tool_calls
    assert (call.id, call.type) == ("c", "function")
    assert Run(id="r").tool_calls == ()
    step_call = FunctionToolCall(id="c")
    assert RunStep(id="s", step_details=ToolCallsDetails(tool_calls=(step_call,))).tool_calls == (step_call,)
    assert RunStep(id="s", step_details=Unknown(raw={})).tool_calls == RunStep(id="s").tool_calls == ()


app = FastAPI()


@app.get("/run")
def get_run() -> Run:
    return Run.from_dict(RUN)


@app.get("/assistants")
def get_assistants() -> list[Assistant]:
    return [Assistant(id="a", tools=(Unknown(raw={"type": "mcp"}),)), Assistant(id="b")]


@app.get("/page")
def get_page() -> Page[Run]:
    return Page(data=(Run(id="r"),), has_more=False)


@app.post("/text")
def post_message(message: Annotated[Message, Body()]) -> str:
    return message.text


async def test_fastapi_handlers_return_and_take_models() -> None:
    """A handler's annotation is enough: one model, a list, a page, a body."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        assert (await client.get("/run")).json() == RUN
        assert (await client.get("/assistants")).json() == [
            {"id": "a", "tools": [{"type": "mcp"}]},
            {"id": "b", "tools": []},
        ]
        assert (await client.get("/page")).json() == {"data": [{"id": "r", "tools": []}], "has_more": False}
        body = {"id": "m", "content": [{"type": "text", "text": {"value": "hi"}}]}
        assert (await client.post("/text", json=body)).json() == "hi"
        assert (await client.post("/text", json={"content": 7})).status_code == 422


def test_fastapi_describes_models() -> None:
    """The OpenAPI document of an application has the models' members."""
    schema = app.openapi()["paths"]["/run"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["properties"].keys() >= {"id", "status", "tools"}
    assert schema["required"] == ["id"]


def test_exports() -> None:
    """The package names all public models and aliases once, and none of the specs."""
    assert len(models.__all__) == len(set(models.__all__))
    assert all(hasattr(models, name) for name in models.__all__)
    assert not [name for name in models.__all__ if name.endswith("Spec")]
