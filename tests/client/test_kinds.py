"""Answers with an object of another kind: refused in every form, with the name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from assistants_async import AssistantsClient, DecodeError, Deleted, ItemDecodeError, Run
from assistants_async import models as all_models
from assistants_async.models.base import Model
from assistants_async.models.kinds import KINDS, check_kind
from tests.support.byte_server import frame, whole
from tests.support.http_server import ASSISTANT, RUN, THREAD, Wire
from tests.support.http_server import answer as ok
from tests.support.run_events import DONE, message, run

OTHER = {**RUN, "object": "thread", "id": "thread_1"}


def page(*items: dict[str, Any]) -> dict[str, Any]:
    """A page."""
    return {"object": "list", "data": list(items), "has_more": False}


async def test_awaited(wire: Wire, client: AssistantsClient) -> None:
    """An object, a page and a deletion."""
    wire.answer(ok({**RUN, "object": "thread"}))
    with pytest.raises(DecodeError, match=r"expected an object of the kind `thread\.run`, not `thread` at \$\.object"):
        await client.runs.retrieve("thread_1", "run_1")
    with pytest.raises(DecodeError, match="not `thread`"):
        await client.runs.retrieve("thread_1", "run_1").response()
    wire.answer(ok(page(ASSISTANT, THREAD)), ok(page({**THREAD})))
    assert len((await client.assistants.list()).data) == 2
    with pytest.raises(DecodeError, match=r"kind `assistant`, not `thread` at \$\.data\[0\]\.object"):
        await client.assistants.list()
    wire.answer(ok({"id": "thread_1", "object": "thread"}))
    with pytest.raises(DecodeError, match="something deleted, not `thread`"):
        await client.threads.delete("thread_1")
    wire.answer(ok({"id": "a", "object": "assistant.deleted", "deleted": True}))
    with pytest.raises(DecodeError, match=r"not `assistant\.deleted`"):
        await client.assistants.retrieve("a")


async def test_iterated_and_streamed(wire: Wire, client: AssistantsClient) -> None:
    """Elements of a list, one object, pages, and the payloads of a run's events."""
    wire.answer(ok(page(THREAD)))
    with pytest.raises(DecodeError, match="not `thread`"):
        async for _ in client.assistants.list():
            pass
    async with client.assistants.list().stream() as elements:
        with pytest.raises(ItemDecodeError, match="not `thread`"):
            await anext(elements)
    wire.answer(ok(THREAD))
    async with client.assistants.retrieve("a").stream() as objects:
        with pytest.raises(ItemDecodeError, match="not `thread`"):
            await anext(objects)
    for name, payload in (
        ("thread.run.completed", message("completed")),
        ("thread.message.completed", run("completed")),
        ("thread.message.delta", {"id": "s", "object": "thread.run.step.delta", "delta": {}}),
    ):
        wire.answer(whole(frame(name, payload) + DONE, "text/event-stream"))
        async with client.runs.create("thread_1", assistant_id="a").stream() as channel:
            with pytest.raises(ItemDecodeError, match=f"event {name}: expected an object of the kind"):
                await anext(channel)
    wire.answer(ok(OTHER))
    async with client.runs.create("thread_1", assistant_id="a").stream() as channel:
        with pytest.raises(ItemDecodeError, match="not `thread`"):
            await anext(channel)


async def test_polled_and_driven(wire: Wire, client: AssistantsClient) -> None:
    """The run that is looked at, at once and not after the deadline."""
    for form in ("poll", "drive", "wait"):
        wire.answer(ok(RUN), ok(OTHER))
        with pytest.raises(DecodeError, match="not `thread`"):
            match form:
                case "poll":
                    await client.runs.create("thread_1", assistant_id="a").poll(deadline=60)
                case "drive":
                    await client.runs.create("thread_1", assistant_id="a").drive(stream=False, deadline=60)
                case _:
                    wire.answer(ok(OTHER))
                    await client.runs.wait("thread_1", "run_1", deadline=60)


@pytest.mark.parametrize("name", [None, "run", "astra.run", "thread.run"], ids=str)
async def test_names_of_the_servers_own_pass(wire: Wire, client: AssistantsClient, name: str | None) -> None:
    """Only a documented name of another object shows another kind."""
    wire.answer(ok({**RUN, "object": name}))
    assert (await client.runs.retrieve("thread_1", "run_1")).object == name
    assert await client.runs.retrieve("thread_1", "run_1").as_type(dict) == {**RUN, "object": name}


def test_deletions_are_read_as_servers_send_them() -> None:
    """The vendor answers the deletion of a file with `"file"`."""
    check_kind(Deleted(id="f", object="file", deleted=True))
    check_kind(Deleted(id="f", object="file.deleted"))
    check_kind(Deleted(id="f"))
    check_kind("no model")
    with pytest.raises(msgspec.ValidationError):
        check_kind(Run(id="r", object="thread.deleted"))


def test_the_table_has_every_kind() -> None:
    """Each name of a model is known, and each known one but the list's is a model's."""
    models = [kind for kind in vars(all_models).values() if isinstance(kind, type) and issubclass(kind, Model)]
    assert {name for kind in models for name in kind.kinds} - {"deleted"} == KINDS - {"list"}
