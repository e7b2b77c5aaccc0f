"""Ids on their way into a path: refused by parameter name, or exactly one encoded segment."""

from __future__ import annotations

from enum import Enum
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from assistants_async import Run, Thread, ValidationError
from assistants_async._typing import override
from assistants_async.core.requests.path_ids import segment
from assistants_async.core.requests.request import bind
from assistants_async.endpoints import DELETE_THREAD, GET_RUN_STEP, KINDS
from assistants_async.models.files import File
from assistants_async.models.tools import CodeInterpreterTool

REFUSED = {
    "empty": "",
    "space": " ",
    "tab": "\t",
    "no-break space": "\N{NO-BREAK SPACE}",
    "dot": ".",
    "two dots": "..",
    "carriage return": "thread_1\r",
    "line feed": "thread_1\n",
    "header injection": "thread_1\r\nx-admin: 1",
    "NUL": "thread_1\0",
    "escape": "\x1b[2J",
    "DEL": "a\x7f",
    "C1": "a\x85b",
    "lone high surrogate": "a\ud800",
    "lone low surrogate": "\udfffa",
}

ENCODED = {
    "as servers make them": ("thread_abc-123", "thread_abc-123"),
    "slash": ("a/b", "a%2Fb"),
    "climbing": ("../assistants", "..%2Fassistants"),
    "three dots": ("...", "..."),
    "backslash": ("a\\b", "a%5Cb"),
    "encoded dots": ("%2e%2e", "%252e%252e"),
    "encoded slash": ("%2F", "%252F"),
    "query": ("a?b=1", "a%3Fb%3D1"),
    "fragment": ("a#b", "a%23b"),
    "space inside": ("a b", "a%20b"),
    "plus": ("a+b", "a%2Bb"),
    "semicolon": ("a;b", "a%3Bb"),
    "at and colon": ("u:p@h", "u%3Ap%40h"),
    "brackets": ("a[0]", "a%5B0%5D"),
    "tilde": ("~a", "~a"),
    "format directive": ("%s", "%25s"),
    "accents": ("é", "%C3%A9"),
    "emoji": ("\N{GRINNING FACE}", "%F0%9F%98%80"),
    "right to left": ("\N{RIGHT-TO-LEFT OVERRIDE}a", "%E2%80%AEa"),
    "very long": ("x" * 10_000, "x" * 10_000),
}

NOT_IDS = {
    "bytes": b"thread_1",
    "int": 1,
    "bool": True,
    "None": None,
    "list": ["thread_1"],
    "model of another kind": Run(id="run_1"),
    "file for a thread": File(id="file_1"),
    "model without an id": CodeInterpreterTool(),
    "class": Thread,
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED.keys())
def test_text_that_is_no_id_is_refused(value: str) -> None:
    """The error names the method and the parameter, and shows the value escaped."""
    with pytest.raises(ValidationError) as caught:
        segment("threads.delete", "thread_id", value, KINDS)
    assert (caught.value.operation, caught.value.path, caught.value.value) == ("threads.delete", "thread_id", value)
    assert str(caught.value).startswith("threads.delete(): thread_id: expected an id")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("value", "wanted"), ENCODED.values(), ids=ENCODED.keys())
def test_any_other_text_is_one_encoded_segment(value: str, wanted: str) -> None:
    """Everything but unreserved characters is percent-encoded, once."""
    assert segment("threads.delete", "thread_id", value, KINDS) == wanted


@pytest.mark.parametrize("value", NOT_IDS.values(), ids=NOT_IDS.keys())
def test_other_values_than_ids_and_objects_are_refused(value: object) -> None:
    """The error names the parameter, the fitting types and the value."""
    with pytest.raises(TypeError, match=r"threads\.delete\(\): thread_id must be str or Thread, not \w+"):
        segment("threads.delete", "thread_id", value, KINDS)


def test_an_object_is_sent_as_its_id() -> None:
    """The id of an object is handled like any id: encoded, or refused."""
    assert segment("threads.delete", "thread_id", Thread(id="a/b"), KINDS) == "a%2Fb"
    with pytest.raises(ValidationError, match="thread_id"):
        segment("threads.delete", "thread_id", Thread(id=".."), KINDS)


def test_a_file_may_be_given_by_its_links() -> None:
    """A File, protocol v1's links to it, and its object in a store all have the id of the file."""
    assert [segment("files.delete", "file_id", kind(id="file_1"), KINDS) for kind in KINDS["file_id"]] == ["file_1"] * 4


def test_a_str_that_prints_as_something_else_is_taken_by_its_characters() -> None:
    """An enum of strings, or any subclass with a `__str__` of its own, cannot smuggle in another path."""

    class Name(str, Enum):  # noqa: UP042  # what services had before StrEnum
        ONE = "thread_1"

    class Sly(str):
        __slots__ = ()

        @override
        def __str__(self) -> str:
            return "../assistants"

    for value in (Name.ONE, Sly("thread_1")):
        assert bind(DELETE_THREAD, (value,), {}, protocol="v2", kinds=KINDS).path == "/threads/thread_1"


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=20))
@settings(max_examples=500)
def test_no_text_reaches_another_path(text: str) -> None:
    """For any id, the request is refused, or its path has the same segments and gives the id back."""
    try:
        request = bind(GET_RUN_STEP, ("thread_1", text, "step_1"), {}, protocol="v2", kinds=KINDS)
    except ValidationError as error:
        assert error.path == "run_id"
        return
    assert request.path.isascii()
    assert not {"?", "#", "\\", " "} & set(request.path)
    *before, run, steps, step = URL("http://127.0.0.1/v1" + request.path, encoded=True).raw_path.split("/")
    assert [*before, steps, step] == ["", "v1", "threads", "thread_1", "runs", "steps", "step_1"]
    assert unquote(run) == text
    assert run not in (".", "..")
