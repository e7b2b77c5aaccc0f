"""The keywords of methods, as `help`, notebooks and `inspect.signature` see them."""

from __future__ import annotations

import inspect
import pickle
import pydoc
import sys
import types
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import pytest
from msgspec import UNSET

from assistants_async import AssistantsClient
from assistants_async.calls.call import Call
from assistants_async.core.keyword_help import keywords_of
from assistants_async.endpoints import TABLE
from assistants_async.models import params
from assistants_async.resources.runs import Runs
from assistants_async.workflows.runs.call import RunCall

CLIENT = AssistantsClient(api_key="k")


def keywords(function: Callable[..., Any]) -> set[str]:
    """The parameters that are keywords alone."""
    parameters = inspect.signature(function).parameters.values()
    assert not [each for each in parameters if each.kind is each.VAR_KEYWORD]
    return {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}


def method(name: str) -> Callable[..., Any]:
    """Find a method by its name, such as `"runs.create"`."""
    found: Any = CLIENT
    for step in name.split("."):
        found = getattr(found, step)
    made: Callable[..., Any] = found
    return made


@pytest.mark.parametrize(
    "row", [row for row in TABLE.values() if row.params is not None], ids=lambda row: str(row.name)
)
def test_every_keyword_of_an_operation_shows(row: Any) -> None:
    """In the signature and in the help, each with a sentence."""
    function = method(row.name)
    names = set(row.params.__annotations__)
    assert names <= keywords(function)
    text = inspect.getdoc(function) or ""
    assert {name for name in names if f"    {name}: " not in text} == set()


OTHERS: dict[str, Callable[..., Any]] = {
    "poll": RunCall.poll,
    "drive": RunCall.drive,
    "wait": Runs.wait,
    "resume": Runs.resume,
    "view": CLIENT.with_options,
    "call": Call.with_options,
    "client": AssistantsClient,
}


@pytest.mark.parametrize("function", OTHERS.values(), ids=OTHERS)
def test_every_other_keyword_shows(function: Callable[..., Any]) -> None:
    """Those of waits, options and settings."""
    assert len(keywords(function)) > 1


def test_the_shown_signature() -> None:
    """The types are as written, without marks; optional keywords have a default."""
    parameters = inspect.signature(CLIENT.runs.create).parameters
    assistant, tokens = parameters["assistant_id"], parameters["max_prompt_tokens"]
    assert (assistant.annotation, assistant.default) == ("AssistantID", inspect.Parameter.empty)
    assert (tokens.annotation, tokens.default) == ("TokenCap | None", UNSET)
    assert "Sampling temperature." in pydoc.render_doc(CLIENT.runs.create)
    assert str(inspect.signature(Runs.create)).startswith("(self, thread: 'Thread | str', /, *, if_active")
    assert "api_key" in str(inspect.signature(AssistantsClient))


def test_the_static_form_stays() -> None:
    """The function itself, and its form for type checkers, are unchanged."""
    hint = get_type_hints(Runs.submit_tool_outputs)["keywords"]
    assert get_args(hint) == (params.SubmitToolOutputsParams,)
    assert pickle.loads(pickle.dumps(Runs.create)) is Runs.create


MADE = """
from __future__ import annotations
from typing import TypedDict

class Given(TypedDict, total=False):
    name: str

def make(**given: Unpack[Given]) -> None: ...
"""


def test_keywords_without_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names and types are there, without sentences."""
    module = types.ModuleType("made_without_sources")
    module.__file__ = "/nowhere/made_without_sources.py"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(MADE, vars(module))
    (found,) = keywords_of(module.make).items()
    assert (found[0], found[1].required, found[1].sentence) == ("name", False, "")
    assert "str" in found[1].annotation


def test_a_signature_can_be_pickled() -> None:
    """The copy is a plain signature with the same parameters."""
    signature = inspect.signature(Runs.create)
    assert pickle.loads(pickle.dumps(signature)).parameters == signature.parameters
