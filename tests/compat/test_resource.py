"""The requests of every method are openai-python's: method, path, query, body; so are its refusals."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest

from assistants_async.compat import NOT_GIVEN, AsyncOpenAI, NotGiven, Omit, not_given, omit
from tests.support.http_server import Wire, answer, page

OBJECT = answer({"id": "x_1", "thread_id": "thread_1", "status": "completed"})


class Case(NamedTuple):
    """A line of old code, and the request that it sends."""

    line: Callable[[Any], Awaitable[Any]]
    sent: str
    """Method and target."""
    body: Any = None
    answered: bytes = OBJECT


THREAD, RUN, STORE, BETA = "/v1/threads/t", "/v1/threads/t/runs/r", "/v1/vector_stores/v", "beta"
MESSAGE = {"role": "user", "content": "hi"}
OUTPUTS = [{"tool_call_id": "c", "output": "o"}]
LIST = page("x_1")

CASES = {
    "assistants.create": Case(
        lambda c: c.beta.assistants.create(model="m", name=None, instructions=NOT_GIVEN, description=omit),
        "POST /v1/assistants",
        {"model": "m", "name": None},
    ),
    "assistants.retrieve": Case(lambda c: c.beta.assistants.retrieve(assistant_id="a"), "GET /v1/assistants/a"),
    "assistants.update": Case(
        lambda c: c.beta.assistants.update("a", tools=[{"type": "file_search"}]),
        "POST /v1/assistants/a",
        {"tools": [{"type": "file_search"}]},
    ),
    "assistants.delete": Case(lambda c: c.beta.assistants.delete("a"), "DELETE /v1/assistants/a"),
    "assistants.list": Case(
        lambda c: c.beta.assistants.list(limit=500, order="asc", after=NOT_GIVEN),
        "GET /v1/assistants?limit=500&order=asc",
        answered=LIST,
    ),
    "threads.create": Case(
        lambda c: c.beta.threads.create(messages=[MESSAGE]), "POST /v1/threads", {"messages": [MESSAGE]}
    ),
    "threads.retrieve": Case(lambda c: c.beta.threads.retrieve("t"), f"GET {THREAD}"),
    "threads.update": Case(
        lambda c: c.beta.threads.update("t", metadata={"a": "b"}), f"POST {THREAD}", {"metadata": {"a": "b"}}
    ),
    "threads.delete": Case(lambda c: c.beta.threads.delete("t"), f"DELETE {THREAD}"),
    "threads.create_and_run": Case(
        lambda c: c.beta.threads.create_and_run(assistant_id="a", stream=False),
        "POST /v1/threads/runs",
        {"assistant_id": "a", "stream": False},
    ),
    "messages.create": Case(
        lambda c: c.beta.threads.messages.create(thread_id="t", **MESSAGE), f"POST {THREAD}/messages", MESSAGE
    ),
    "messages.retrieve": Case(
        lambda c: c.beta.threads.messages.retrieve("m", thread_id="t"), f"GET {THREAD}/messages/m"
    ),
    "messages.update": Case(
        lambda c: c.beta.threads.messages.update("m", thread_id="t", metadata={}),
        f"POST {THREAD}/messages/m",
        {"metadata": {}},
    ),
    "messages.delete": Case(
        lambda c: c.beta.threads.messages.delete(message_id="m", thread_id="t"), f"DELETE {THREAD}/messages/m"
    ),
    "messages.list": Case(
        lambda c: c.beta.threads.messages.list("t", run_id="r"), f"GET {THREAD}/messages?run_id=r", answered=LIST
    ),
    "runs.create": Case(
        lambda c: c.beta.threads.runs.create("t", assistant_id="a", extra_body={"zz": 1}, extra_query={"q": 2}),
        f"POST {THREAD}/runs?q=2",
        {"assistant_id": "a", "zz": 1},
    ),
    "runs.retrieve": Case(lambda c: c.beta.threads.runs.retrieve(thread_id="t", run_id="r"), f"GET {RUN}"),
    "runs.update": Case(
        lambda c: c.beta.threads.runs.update("r", thread_id="t", metadata={}), f"POST {RUN}", {"metadata": {}}
    ),
    "runs.cancel": Case(lambda c: c.beta.threads.runs.cancel("r", thread_id="t"), f"POST {RUN}/cancel"),
    "runs.submit_tool_outputs": Case(
        lambda c: c.beta.threads.runs.submit_tool_outputs("r", thread_id="t", tool_outputs=iter(OUTPUTS)),
        f"POST {RUN}/submit_tool_outputs",
        {"tool_outputs": OUTPUTS},
    ),
    "runs.list": Case(lambda c: c.beta.threads.runs.list("t", limit=1), f"GET {THREAD}/runs?limit=1", answered=LIST),
    "steps.retrieve": Case(
        lambda c: c.beta.threads.runs.steps.retrieve("s", thread_id="t", run_id="r"), f"GET {RUN}/steps/s"
    ),
    "steps.list": Case(
        lambda c: c.beta.threads.runs.steps.list("r", thread_id="t", include=["x"]),
        f"GET {RUN}/steps?include[]=x",
        answered=LIST,
    ),
    "files.retrieve": Case(lambda c: c.files.retrieve("f"), "GET /v1/files/f"),
    "files.delete": Case(lambda c: c.files.delete("f"), "DELETE /v1/files/f"),
    "files.list": Case(lambda c: c.files.list(purpose="p"), "GET /v1/files?purpose=p", answered=LIST),
    "files.content": Case(lambda c: c.files.content("f"), "GET /v1/files/f/content"),
    "files.retrieve_content": Case(lambda c: c.files.retrieve_content("f"), "GET /v1/files/f/content"),
    "vector_stores.create": Case(
        lambda c: c.vector_stores.create(name="n", file_ids=["f"]),
        "POST /v1/vector_stores",
        {"name": "n", "file_ids": ["f"]},
    ),
    "vector_stores.retrieve": Case(lambda c: c.beta.vector_stores.retrieve("v"), f"GET {STORE}"),
    "vector_stores.update": Case(lambda c: c.vector_stores.update("v", name="n"), f"POST {STORE}", {"name": "n"}),
    "vector_stores.delete": Case(lambda c: c.vector_stores.delete("v"), f"DELETE {STORE}"),
    "vector_stores.list": Case(lambda c: c.vector_stores.list(), "GET /v1/vector_stores", answered=LIST),
    "vector_stores.search": Case(
        lambda c: c.vector_stores.search("v", query="q"),
        f"POST {STORE}/search",
        {"query": "q"},
        answer({"object": "page", "data": [{"file_id": "f"}], "has_more": False}),
    ),
    "store_files.create": Case(
        lambda c: c.vector_stores.files.create("v", file_id="f"), f"POST {STORE}/files", {"file_id": "f"}
    ),
    "store_files.retrieve": Case(
        lambda c: c.vector_stores.files.retrieve("f", vector_store_id="v"), f"GET {STORE}/files/f"
    ),
    "store_files.update": Case(
        lambda c: c.vector_stores.files.update("f", vector_store_id="v", attributes=None),
        f"POST {STORE}/files/f",
        {"attributes": None},
    ),
    "store_files.delete": Case(
        lambda c: c.vector_stores.files.delete("f", vector_store_id="v"), f"DELETE {STORE}/files/f"
    ),
    "store_files.content": Case(
        lambda c: c.vector_stores.files.content("f", vector_store_id="v"),
        f"GET {STORE}/files/f/content",
        answered=answer({"object": "page", "data": [{"type": "text", "text": "x"}], "has_more": False}),
    ),
    "store_files.list": Case(
        lambda c: c.vector_stores.files.list("v", filter="failed"), f"GET {STORE}/files?filter=failed", answered=LIST
    ),
    "file_batches.create": Case(
        lambda c: c.vector_stores.file_batches.create("v", file_ids=["f"]),
        f"POST {STORE}/file_batches",
        {"file_ids": ["f"]},
    ),
    "file_batches.retrieve": Case(
        lambda c: c.vector_stores.file_batches.retrieve("b", vector_store_id="v"), f"GET {STORE}/file_batches/b"
    ),
    "file_batches.cancel": Case(
        lambda c: c.vector_stores.file_batches.cancel("b", vector_store_id="v"), f"POST {STORE}/file_batches/b/cancel"
    ),
    "file_batches.list_files": Case(
        lambda c: c.vector_stores.file_batches.list_files("b", vector_store_id="v", limit=2),
        f"GET {STORE}/file_batches/b/files?limit=2",
        answered=LIST,
    ),
    "uploads.create": Case(
        lambda c: c.uploads.create(bytes=4, filename="a", mime_type="m", purpose="p"),
        "POST /v1/uploads",
        {"bytes": 4, "filename": "a", "mime_type": "m", "purpose": "p"},
    ),
    "uploads.cancel": Case(lambda c: c.uploads.cancel("u"), "POST /v1/uploads/u/cancel"),
    "uploads.complete": Case(
        lambda c: c.uploads.complete("u", part_ids=["p"]), "POST /v1/uploads/u/complete", {"part_ids": ["p"]}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_line_of_old_code_sends_the_old_request(wire: Wire, old: AsyncOpenAI, case: Case) -> None:
    """Ids go by name or position, `NOT_GIVEN` and `omit` are not sent, None is null, no limit is checked."""
    wire.answer(case.answered)
    await case.line(old)
    seen = wire.last
    assert f"{seen.method} {unquote(seen.target)}" == case.sent
    assert (json.loads(seen.body) if seen.body else None) == case.body
    versioned = not seen.path.startswith(("/v1/files", "/v1/uploads"))
    assert seen.header("openai-beta") == ("assistants=v2" if versioned else None)


async def test_a_file_goes_as_it_came(wire: Wire, old: AsyncOpenAI) -> None:
    """A part of a form: its name is the tuple's, its media type too; bytes without a name are `upload`."""
    wire.answer(answer({"id": "file_1"}))
    await old.files.create(file=("a.md", b"text", "text/x"), purpose="assistants")
    assert b'filename="a.md"\r\ncontent-type: text/x\r\n' in wire.last.body
    nameless: Any
    for nameless in (b"text", ("", b"text", None)):
        await old.files.create(file=nameless, purpose="assistants")
        assert b'filename="upload"' in wire.last.body
    await old.uploads.parts.create("u", data=b"part")
    assert (wire.last.path, b"part" in wire.last.body) == ("/v1/uploads/u/parts", True)


async def test_options_of_one_call(wire: Wire, old: AsyncOpenAI) -> None:
    """Headers are added or taken away, a body that a GET cannot have is left out, and nothing of it stays."""
    wire.answer(answer({"id": "thread_1"}))
    headers = {"x-one": "1", "openai-beta": omit}
    await old.beta.threads.retrieve("t", extra_headers=headers, extra_body={"a": 1}, timeout=5)
    assert (wire.last.header("x-one"), wire.last.header("openai-beta"), wire.last.body) == ("1", None, b"")
    await old.beta.threads.retrieve("t", timeout=NOT_GIVEN, extra_headers=None)
    assert wire.last.header("x-one") is None


REFUSED: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "misspelt": (
        lambda c: c.beta.assistants.update("a", temprature=1),
        TypeError,
        "beta.assistants.update() got an unexpected keyword argument 'temprature', did you mean 'temperature'?",
    ),
    "missing": (lambda c: c.beta.threads.messages.create("t"), TypeError, "needs content=, role="),
    "missing, not given": (lambda c: c.beta.assistants.create(model=NOT_GIVEN), TypeError, "needs model="),
    "by position": (
        lambda c: c.beta.threads.runs.retrieve("r", "t"),
        TypeError,
        "takes only run_id by position, and was given 2 arguments: write the rest as name=value",
    ),
    "by position, none": (lambda c: c.beta.assistants.list(1), TypeError, "takes nothing by position"),
    "no id": (lambda c: c.beta.threads.retrieve(), TypeError, "thread_id"),
    "empty id": (
        lambda c: c.beta.threads.retrieve(""),
        ValueError,
        "Expected a non-empty value for `thread_id` but received '', in beta.threads.retrieve()",
    ),
    "no id at all": (lambda c: c.files.content(None), ValueError, "`file_id` but received None"),
    "blank id": (lambda c: c.beta.threads.retrieve(" "), ValueError, "thread_id: expected an id"),
    "empty id by name": (
        lambda c: c.beta.threads.runs.retrieve("r", thread_id=""),
        ValueError,
        "Expected a non-empty value for `thread_id` but received ''",
    ),
    "a path as text": (lambda c: c.files.create(file="a.md", purpose="p"), TypeError, "Path('a.md') to open it"),
}


@pytest.mark.parametrize(("line", "kind", "words"), REFUSED.values(), ids=REFUSED)
async def test_refusals_of_openai_python_are_refused_in_words(
    wire: Wire, old: AsyncOpenAI, line: Callable[[Any], Any], kind: type[Exception], words: str
) -> None:
    """Nothing is sent, and the message has the right form."""
    with pytest.raises(kind) as caught:
        await line(old)
    assert words in str(caught.value)
    assert not wire.seen


def test_absent_values_are_false() -> None:
    """`if value:` of old code works, and each value shows its name."""
    assert isinstance(omit, Omit)
    assert isinstance(omit, NotGiven)
    assert not NOT_GIVEN
    assert not omit
    assert (repr(NOT_GIVEN), repr(omit), not_given is NOT_GIVEN) == ("NOT_GIVEN", "omit", True)
