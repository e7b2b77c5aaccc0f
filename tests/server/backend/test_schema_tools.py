"""Tools as a schema: requests without tools."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async.server.backend.schema_tools import has_schema, with_schema

F: Any = {"type": "function", "function": {"name": "f", "description": "Does f.", "parameters": {"type": "object"}}}
G: Any = {"type": "function", "function": {"name": "g"}}
USER = {"role": "user", "content": "Hello"}
F_CALL = {
    "type": "object",
    "properties": {"tool": {"const": "f"}, "arguments": {"type": "object"}},
    "required": ["tool", "arguments"],
    "additionalProperties": False,
}


def schema(**body: Any) -> Any:
    """The schema of a request's answers."""
    changed = with_schema({"model": "m", "messages": [USER], **body})
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & changed.keys()
    return changed["response_format"]["json_schema"]["schema"]


def forms(found: Any) -> list[str]:
    """The objects that may be written, by their one member."""
    return [next(iter(one["properties"])) for one in found.get("anyOf", [found])]


def test_a_request_without_tools_stays_as_it_is() -> None:
    """Its answer is plain text."""
    body = {"model": "m", "messages": [USER], "response_format": {"type": "json_object"}}
    assert with_schema(body) == body
    assert not has_schema(body)


def test_no_choice_is_no_schema() -> None:
    """`tool_choice: "none"` takes the tools away."""
    changed = with_schema({"messages": [USER], "tools": [F], "tool_choice": "none"})
    assert changed == {"messages": [USER]}


def test_the_choice_is_in_the_schema() -> None:
    """An answer or calls; calls alone where they are required; one tool where it is named."""
    assert forms(schema(tools=[F, G])) == ["answer", "calls"]
    assert forms(schema(tools=[F, G], tool_choice="required")) == ["calls"]
    named = schema(tools=[F, G], tool_choice={"type": "function", "function": {"name": "f"}})
    assert named["properties"]["calls"]["items"] == {"anyOf": [F_CALL]}


def test_calls_one_at_a_time() -> None:
    """`parallel_tool_calls: false` is a list of one."""
    found = schema(tools=[F], tool_choice="required", parallel_tool_calls=False)
    assert found["properties"]["calls"]["maxItems"] == 1


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        pytest.param(None, {"type": "string"}, id="text"),
        pytest.param({"type": "json_object"}, {"type": "object"}, id="an object"),
        pytest.param(
            {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "array"}}},
            {"type": "array"},
            id="a schema",
        ),
    ],
)
def test_the_answer_keeps_its_format(form: Any, wanted: Any) -> None:
    """The run's own response format applies inside of the object."""
    found = schema(tools=[F], **({} if form is None else {"response_format": form}))
    assert found["anyOf"][0]["properties"]["answer"] == wanted


def test_the_manual_is_in_the_system_text() -> None:
    """Behind the instructions, or alone."""
    body = with_schema({"messages": [{"role": "system", "content": "Be brief."}, USER], "tools": [F]})
    text = body["messages"][0]["content"]
    assert text.startswith("Be brief.\n\nYou can call these tools:\n- f: Does f. Arguments: ")
    alone = with_schema({"messages": [USER], "tools": [G], "tool_choice": "required"})
    assert "no description" in alone["messages"][0]["content"]
    assert '"answer"' not in alone["messages"][0]["content"]


def test_earlier_rounds_are_text() -> None:
    """A backend without tools knows no such messages."""
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
    odd = {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{x"}}
    messages = [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "assistant", "content": "Wait.", "tool_calls": [odd]},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
    ]
    assert with_schema({"messages": messages})["messages"] == [
        USER,
        {"role": "assistant", "content": '{"calls": [{"tool": "f", "arguments": {"x": 1}}]}'},
        {"role": "user", "content": "Output of f:\n1"},
        {"role": "assistant", "content": 'Wait.\n{"calls": [{"tool": "g", "arguments": "{x"}]}'},
        {"role": "user", "content": "Output of g:\n2"},
    ]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [pytest.param("auto", True, id="either"), pytest.param("required", False, id="calls alone")],
)
def test_an_output_asks_for_an_answer(choice: str, wanted: bool) -> None:
    """Behind the last output, where an answer is allowed: small models repeat their calls without it."""
    messages: list[Any] = [
        USER,
        {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    ]
    last = with_schema({"messages": messages, "tools": [F], "tool_choice": choice})["messages"][-1]
    assert last["content"].startswith("Output of f:\n1")
    assert ('Write {"answer": …}' in last["content"]) is wanted
