"""Options that a call's check needs: requests unchecked, and members that no document has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assistants_async import AssistantsClient, ValidationError
from tests.support.embedded import drop
from tests.support.http_server import Wire, answer

EXTRA = {"seed": 7, "nested": {"deep": [1, None]}}

UNKNOWN: Any = {"model": "m", "seed": 1}


def extra(client: AssistantsClient, **members: Any) -> AssistantsClient:
    """A view with members that no document has."""
    return client.with_options(extra_body=members or EXTRA)


@pytest.mark.parametrize(
    ("call", "sent"),
    [
        pytest.param(
            lambda client: extra(client).runs.create("thread_1", assistant_id="asst_1"),
            {"assistant_id": "asst_1", **EXTRA},
            id="body",
        ),
        pytest.param(lambda client: extra(client).threads.create(), EXTRA, id="empty body"),
        pytest.param(lambda client: extra(client).runs.cancel("thread_1", "run_1"), EXTRA, id="no body"),
        pytest.param(
            lambda client: extra(client, model="other").assistants.create(model="m", name="n"),
            {"model": "other", "name": "n"},
            id="over a keyword",
        ),
        pytest.param(
            lambda client: extra(extra(client, a=1, b=2), b=3).threads.create(), {"a": 1, "b": 3}, id="view of a view"
        ),
        pytest.param(
            lambda client: extra(client).with_options(extra_body=None).threads.create(metadata={"a": "b"}),
            {"metadata": {"a": "b"}},
            id="taken away",
        ),
        pytest.param(
            lambda client: extra(client).with_options(validate=False).assistants.create(**UNKNOWN),
            {"model": "m", **EXTRA},
            id="unchecked",
        ),
        pytest.param(
            lambda client: client.with_options(validate=False).assistants.create(**UNKNOWN),
            {"model": "m", "seed": 1},
            id="unchecked alone",
        ),
        pytest.param(
            lambda client: client.operation("createAssistant", body={"model": "m"}, extra_body=EXTRA),
            {"model": "m", **EXTRA},
            id="operation",
        ),
        pytest.param(
            lambda client: client.operation("createAssistant", body={"model": "m", "seed": 1}, validate=False),
            {"model": "m", "seed": 1},
            id="operation unchecked",
        ),
    ],
)
async def test_members_of_the_view_are_sent(
    wire: Wire, client: AssistantsClient, call: Callable[[AssistantsClient], Any], sent: dict[str, Any]
) -> None:
    """They win over those of the keywords; the client is unchanged."""
    wire.answer(answer({"id": "x_1"}))
    await call(client)
    assert wire.last.json == sent
    await client.threads.create()
    assert wire.last.json == {}


async def test_a_stream_keeps_the_members(wire: Wire, client: AssistantsClient) -> None:
    """Beside the member that requests events."""
    wire.answer(answer({"error": {"message": "no"}}, 400))
    with pytest.raises(Exception, match="no"):
        async with extra(client).runs.create("thread_1", assistant_id="asst_1").stream():
            pass
    assert wire.last.json == {"assistant_id": "asst_1", **EXTRA, "stream": True}


async def test_only_the_run_that_is_made_has_the_members(wire: Wire, client: AssistantsClient) -> None:
    """The requests that wait for it are of the client's own."""
    run = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1"}
    wire.answer(answer({**run, "status": "queued"}), answer({**run, "status": "completed"}))
    done = await extra(client).runs.create("thread_1", assistant_id="asst_1").poll(interval=0.001)
    assert done.status == "completed"
    assert [seen.body for seen in wire.seen if seen.method == "GET"] == [b""]


@pytest.mark.parametrize("name", ["files.create", "uploads.parts.create"])
async def test_a_form_has_the_members_as_fields(wire: Wire, client: AssistantsClient, name: str) -> None:
    """As its keywords are."""
    wire.answer(answer({"id": "x_1"}))
    view = extra(client, kind="a b")
    if name == "files.create":
        await view.files.create(file=("a.txt", b"x"), purpose="assistants")
    else:
        await view.uploads.parts.create("upload_1", data=b"x")
    assert b'name="kind"\r\n\r\na b\r\n' in wire.last.body


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda client: extra(client).runs.list("thread_1"), r"runs\.list: a GET has no body for extra_body"),
        (lambda client: extra(client).threads.delete("thread_1"), r"threads\.delete: a DELETE has no body"),
        (lambda client: extra(client, stream=True).threads.create(), r"takes no 'stream'"),
        (lambda client: extra(client, a=object()).threads.create(), r"threads\.create\(\): .*object"),
        (lambda client: client.with_options(extra_body=[1]), "extra_body must be a mapping, not list"),
        (lambda client: client.with_options(extra_body={1: 2}), "extra_body must have str names, not int"),
        (lambda client: client.with_options(validate=1), "validate must be True or False"),
        (lambda client: client.with_options(extra_bod={}), "'extra_bod'.*did you mean 'extra_body'"),
        (lambda client: extra(client).operation("listRuns", thread_id="thread_1"), "a GET has no body"),
    ],
    ids=("GET", "DELETE", "stream", "no JSON", "list", "name", "flag", "misspelt", "operation"),
)
async def test_bad_members_are_refused(
    client: AssistantsClient, call: Callable[[AssistantsClient], Any], words: str
) -> None:
    """Before anything is sent, with a sentence that shows the right form."""
    with pytest.raises(TypeError, match=words):
        drop(call(client))


@pytest.mark.parametrize("name", ["validate", "extra_body"])
async def test_a_call_comes_too_late(client: AssistantsClient, name: str) -> None:
    """It was checked when it was made, and the error has the line that works."""
    call: Any = client.threads.create()
    right = rf"client\.with_options\({name}=(False|…)\)\.threads\.create\(…\)"
    with pytest.raises(TypeError, match=right):
        call.with_options(**{name: False})
    call.close()


async def test_a_number_that_json_lacks_is_refused(client: AssistantsClient) -> None:
    """By its path."""
    with pytest.raises(ValidationError, match="finite"):
        drop(extra(client, a={"b": float("nan")}).threads.create())


async def test_calls_of_several_requests_take_no_members(client: AssistantsClient) -> None:
    """The members are for one request."""
    with pytest.raises(TypeError, match="one request"):
        await extra(client).usage("thread_1")


async def test_a_view_checks_again(client: AssistantsClient) -> None:
    """`validate` of a view goes before the client's."""
    view = client.with_options(validate=False).with_options(validate=True)
    with pytest.raises(TypeError, match="seed"):
        drop(view.assistants.create(**UNKNOWN))
