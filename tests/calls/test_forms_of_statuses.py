"""`raise_for_status=False` in every form of a call: an answer where there is one, an error where there are many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from assistants_async import AssistantsClient, NotFoundError, ServerError, open_pipe
from tests.support.http_server import KEY, Wire, failure, raw


class Problem(msgspec.Struct):
    """The body of an error."""

    error: dict[str, Any]


CALLS = {
    "one": lambda client: client.threads.retrieve("thread_1"),
    "list": lambda client: client.threads.list(),
    "bytes": lambda client: client.files.content("file_1"),
    "delete": lambda client: client.threads.delete("thread_1"),
    "run": lambda client: client.runs.create("thread_1", assistant_id="asst_1"),
}
RUNS = {
    "create": lambda client: client.runs.create("thread_1", assistant_id="asst_1"),
    "create with a thread": lambda client: client.threads.create_and_run(assistant_id="asst_1"),
    "outputs": lambda client: client.runs.submit_tool_outputs("thread_1", "run_1", tool_outputs=[]),
}


def names(folder: Path) -> list[str]:
    """Names in a folder."""
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def view(client: AssistantsClient) -> AssistantsClient:
    """A view that takes error statuses."""
    return client.with_options(raise_for_status=False)


@pytest.mark.parametrize("kind", CALLS)
async def test_a_value_of_none_is_no_item(wire: Wire, view: AssistantsClient, kind: str) -> None:
    """Awaited it is None; a stream and a pipe have no item, and the head has the status."""
    wire.answer(failure(404, "gone"))
    made: Any = CALLS[kind]
    assert await made(view) is None
    value, http = await made(view).response()
    assert (value, http.status) == (None, 404)
    options = {"events": False} if kind == "run" else {}
    async with made(view).stream(**options) as channel:
        assert channel.http.status == 404
        assert [item async for item in channel] == []
        assert channel.outcome == "completed"
    sender, receiver = open_pipe(4)
    head = await made(view).into(sender, **options)
    assert head.status == 404
    assert [item async for item in receiver] == []


async def test_a_named_type_is_the_item(wire: Wire, view: AssistantsClient) -> None:
    """By `as_type`, or by `resolve_type`, which is given the whole answer."""
    wire.answer(failure(404, "gone"))
    problem: Any = await view.threads.retrieve("t").as_type(Problem)
    async with view.threads.retrieve("t").as_type(Problem).stream() as channel:
        assert [item async for item in channel] == [problem]
    by_status = view.with_options(resolve_type=lambda _, http: Problem if http.status == 404 and http.content else None)
    for call in (by_status.threads.retrieve("t"), by_status.threads.list()):
        stream: Any = call.stream()
        async with stream as channel:
            assert [item async for item in channel] == [problem]
    wire.answer(raw(b"<html>", 502, content_type="text/html"))
    async with view.threads.retrieve("t").as_type(Problem).stream() as channel:
        assert [item async for item in channel] == []
        assert channel.http.content == b"<html>"


@pytest.mark.parametrize("recover", [False, True], ids=["plain", "recover"])
@pytest.mark.parametrize("kind", RUNS)
async def test_a_stream_of_events_is_entered_and_raises(wire: Wire, kind: str, recover: bool) -> None:
    """A run without events would be a lie; no other request is made, and `on_error` has the error."""
    wire.answer(failure(404, "gone"))
    seen: list[Exception] = []
    made: Any = RUNS[kind]
    async with AssistantsClient(
        base_url=wire.base_url, api_key=KEY, raise_for_status=False, on_error=seen.append
    ) as view:
        async with made(view).stream(recover=recover) as channel:
            assert channel.http.status == 404
            with pytest.raises(NotFoundError, match="gone") as caught:
                await channel.final_run()
            assert channel.outcome == "failed"
        assert seen == [caught.value]
        assert len(wire.seen) == 1
        with pytest.raises(NotFoundError):
            await made(view).drive()


async def test_forms_of_several_answers_raise(wire: Wire, view: AssistantsClient, tmp_path: Path) -> None:
    """A walk would seem to end, a file would have the error's text."""
    wire.answer(failure(404, "gone"))
    stores = view.vector_stores
    with pytest.raises(NotFoundError):
        await view.threads.list().collect()
    with pytest.raises(NotFoundError):
        await view.threads.list().first()
    with pytest.raises(NotFoundError):
        async with view.threads.list().prefetch() as items:
            await items.first()
    with pytest.raises(NotFoundError):
        await view.files.content("file_1").save(tmp_path)
    with pytest.raises(NotFoundError):
        await stores.files.create("vs_1", file_id="file_1").poll()
    with pytest.raises(NotFoundError):
        await stores.file_batches.create("vs_1", file_ids=["file_1"]).poll()
    assert names(tmp_path) == []


async def test_workflows_have_the_models(wire: Wire, client: AssistantsClient) -> None:
    """A view's `resolve_type` changes only the answers that the caller gets."""
    file = {"id": "file_1", "object": "vector_store.file", "status": "completed", "vector_store_id": "vs_1"}
    wire.answer(raw(msgspec.json.encode(file), content_type="application/json"))
    odd = client.with_options(resolve_type=lambda _, __: dict)
    stored = await odd.vector_stores.files.create("vs_1", file_id="file_1").poll()
    assert stored.status == "completed"
    plain: Any = await odd.vector_stores.files.retrieve("vs_1", "file_1")
    assert plain == file


async def test_without_the_option_a_stream_raises_as_it_is_entered(wire: Wire, client: AssistantsClient) -> None:
    """The two forms agree here as well."""
    wire.answer(failure(500, "broken"))
    view = client.with_options(retry=None)
    with pytest.raises(ServerError):
        await view.threads.retrieve("t")
    with pytest.raises(ServerError):
        await view.threads.retrieve("t").stream().__aenter__()
