"""Keywords of the operations: which are refused, and by which name."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async.endpoints import (
    CREATE_ASSISTANT,
    CREATE_FILE,
    CREATE_RUN,
    CREATE_THREAD,
    CREATE_THREAD_AND_RUN,
    LIST_RUNS,
    SUBMIT_TOOL_OUTPUTS,
)
from tests.support.keywords import MESSAGE, MODEL, RUN, Row, call

UNKNOWN: dict[str, tuple[Row, dict[str, Any], str]] = {
    "misspelt": (CREATE_ASSISTANT, {**MODEL, "instruction": "x"}, "'instruction', did you mean 'instructions'?"),
    "nothing like it": (CREATE_ASSISTANT, {**MODEL, "zzz": 1}, "'zzz'"),
    "of another operation": (LIST_RUNS, {"run_id": "x"}, "'run_id'"),
    "in a list": (
        CREATE_THREAD,
        {"messages": [MESSAGE, {**MESSAGE, "roles": 1}]},
        "'messages[1].roles', did you mean 'messages[1].role'?",
    ),
    "in an object in a list": (
        CREATE_THREAD_AND_RUN,
        {**RUN, "thread": {"messages": [{**MESSAGE, "contents": ""}]}},
        "'thread.messages[0].contents', did you mean 'thread.messages[0].content'?",
    ),
    "in a tool output": (
        SUBMIT_TOOL_OUTPUTS,
        {"tool_outputs": [{"tool_call_id": "c", "outputs": "x"}]},
        "'tool_outputs[0].outputs', did you mean 'tool_outputs[0].output'?",
    ),
    "in a form": (
        CREATE_FILE,
        {"purpose": "vision", "expires_after": {"anchor": "created_at", "second": 1}},
        "'expires_after.second', did you mean 'expires_after.seconds'?",
    ),
    "stream": (CREATE_RUN, {**RUN, "stream": True}, "takes no 'stream': use runs.create(…).stream()"),
    "no name at all": (CREATE_THREAD, {"messages": [{**MESSAGE, 1: "x"}]}, "'messages[0].1'"),
}


@pytest.mark.parametrize(("row", "keywords", "words"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_keyword_is_refused_at_every_depth(row: Row, keywords: dict[str, Any], words: str) -> None:
    """A TypeError names the method and the path, and the name that was probably meant."""
    with pytest.raises(TypeError) as caught:
        call(row, keywords)
    assert str(caught.value).startswith(f"{row.name}() ")
    assert str(caught.value).endswith(words)


MISSING: dict[str, tuple[Row, dict[str, Any], str]] = {
    "of the body": (CREATE_ASSISTANT, {"name": "x"}, "'model'"),
    "of an empty call": (CREATE_RUN, {}, "'assistant_id'"),
    "of the form": (CREATE_FILE, {}, "'purpose'"),
    "in a list": (CREATE_THREAD, {"messages": [MESSAGE, {"role": "user"}]}, "'messages[1].content'"),
    "in an object in a list": (
        CREATE_THREAD_AND_RUN,
        {**RUN, "thread": {"messages": [{"content": ""}]}},
        "'thread.messages[0].role'",
    ),
    "in a tool output": (SUBMIT_TOOL_OUTPUTS, {"tool_outputs": [{"output": "x"}]}, "'tool_outputs[0].tool_call_id'"),
}


@pytest.mark.parametrize(("row", "keywords", "path"), MISSING.values(), ids=MISSING.keys())
def test_a_missing_keyword_is_refused_at_every_depth(row: Row, keywords: dict[str, Any], path: str) -> None:
    """A TypeError names the method and the path."""
    with pytest.raises(TypeError) as caught:
        call(row, keywords)
    assert str(caught.value) == f"{row.name}() missing required keyword argument: {path}"
