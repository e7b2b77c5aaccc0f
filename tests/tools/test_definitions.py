"""Functions, toolboxes and types as values of `tools` and `response_format`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from assistants_async import AssistantsClient
from assistants_async.server import CallTools, Say
from assistants_async.tools import Toolbox, answer_format, tool
from assistants_async.tools.definitions import with_definitions
from tests.support.embedded import drop, serving
from tests.support.http_server import Wire, answer

CODE = {"type": "code_interpreter"}


class Meal(BaseModel):
    """A meal."""

    name: str
    calories: int = 100


def log_meal(meal: Meal) -> Meal:
    """Log a meal."""
    return Meal(name=meal.name, calories=meal.calories + 1)


DEFINITION = tool(log_meal).definition
FORMAT = answer_format(Meal).response_format

CALLS: dict[str, Callable[..., Any]] = {
    "assistants.create": lambda client, **given: client.assistants.create(model="m", **given),
    "assistants.modify": lambda client, **given: client.assistants.modify("asst_1", **given),
    "runs.create": lambda client, **given: client.runs.create("thread_1", assistant_id="asst_1", **given),
    "threads.create_and_run": lambda client, **given: client.threads.create_and_run(assistant_id="asst_1", **given),
    "operation": lambda client, **given: client.operation("createAssistant", body={"model": "m", **given}),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        pytest.param("tools", [log_meal], [DEFINITION], id="function"),
        pytest.param("tools", [tool(log_meal), CODE], [DEFINITION, CODE], id="tool beside a dict"),
        pytest.param("tools", Toolbox([log_meal]), [DEFINITION], id="toolbox"),
        pytest.param("tools", (CODE, Toolbox([log_meal])), [CODE, DEFINITION], id="toolbox in a list"),
        pytest.param("response_format", Meal, FORMAT, id="type"),
        pytest.param("response_format", list[int], answer_format(list[int]).response_format, id="generic type"),
        pytest.param("response_format", answer_format(Meal), FORMAT, id="format"),
        pytest.param("response_format", "auto", "auto", id="text"),
    ],
)
async def test_the_sent_definitions(
    wire: Wire, client: AssistantsClient, call: Callable[..., Any], name: str, given: Any, sent: Any
) -> None:
    """The definitions and the schema are in the body."""
    wire.answer(answer({"id": "x_1"}))
    await call(client, **{name: given})
    assert wire.last.json[name] == sent


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"tools": log_meal}, r"tools=\[log_meal\]", id="bare function"),
        pytest.param({"tools": [Meal]}, "'Meal' is a class", id="class"),
        pytest.param({"response_format": complex}, "complex", id="type without a schema"),
    ],
)
def test_bad_definitions_are_refused(
    client: AssistantsClient, call: Callable[..., Any], given: dict[str, Any], words: str
) -> None:
    """At once, with a sentence that shows the right form."""
    with pytest.raises(TypeError, match=words):
        call(client, **given)


async def test_a_drive_with_models_of_pydantics() -> None:
    """The tool takes one and returns one, and the answer is one."""
    required, said = {"meal": {"name": "Soup"}}, '{"name":"Soup","calories":200}'
    async with serving(CallTools([("log_meal", required)]), Say(said)) as served:
        box = Toolbox([log_meal])
        run = served.client.runs.create(served.thread, assistant_id=served.assistant, tools=box)
        result = await run.drive(box, output_type=Meal)
        assert result.parsed == Meal(name="Soup", calories=200)
        (submitted,) = [each.body for each in served.server.requests if each.operation == "submitToolOuputsToRun"]
        assert isinstance(submitted, dict)
        assert json.loads(submitted["tool_outputs"][0]["output"]) == {"name": "Soup", "calories": 101}


def test_a_format_excludes_an_output_type(client: AssistantsClient) -> None:
    """A drive that reads a type writes the format itself."""
    call = client.threads.create_and_run(assistant_id="asst_1", response_format=Meal)
    with pytest.raises(TypeError, match="not both"):
        drop(call.drive(output_type=Meal))


def test_tools_that_are_no_list_stay() -> None:
    """A null or a dict goes to the server as it was given."""
    assert with_definitions({"tools": None}) == {"tools": None}
    assert with_definitions({"tools": CODE}) == {"tools": CODE}
