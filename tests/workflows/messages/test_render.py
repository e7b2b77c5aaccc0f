"""`messages.render`: a message as people read it, with the names of the files that it cites."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from assistants_async import AssistantsClient, Message, ServerError
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.server import Say
from assistants_async.server.engine.turn import Turn
from tests.support.http_server import KEY, Peer, Seen, Wire, answer, failure, silent
from tests.support.peak import Peak
from tests.support.routes import Routes, made


async def quote(turn: Turn) -> Say:
    """Cite all that was found."""
    return Say(" and ".join(f"it says so {found.marker}" for found in turn.found) + ".")


async def test_citations_of_file_search_have_names() -> None:
    """From the embedded server, streamed or listed, by namespace and by message."""
    async with AssistantsClient.local(responder=quote) as client:
        files = [
            await client.files.create(file=f"rain in Oslo {name}".encode(), filename=name, purpose="assistants")
            for name in ("north.md", "south.md")
        ]
        store = await client.vector_stores.create()
        await client.vector_stores.file_batches.create(store, file_ids=[file.id for file in files]).poll()
        assistant = await client.assistants.create(
            model="m",
            tools=[{"type": "file_search"}],
            tool_resources={"file_search": {"vector_store_ids": [store.id]}},
        )
        thread = await client.threads.create(messages=[{"role": "user", "content": "Oslo north"}])
        async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
            (message,) = await channel.final_messages()
        wanted = "it says so [1] and it says so [2].\n\n[1] north.md\n[2] south.md"
        assert await client.messages.render(message) == await message.render(client) == wanted
        listed = await client.messages.list(thread).first()
        assert listed is not None
        wanted = "it says so [^1] and it says so [^2].\n\n[^1]: north.md\n[^2]: south.md"
        assert await listed.render(client, style="markdown") == wanted
        await client.files.delete(files[0])
        assert (await listed.render(client)).endswith(f"\n\n[1] {files[0].id}\n[2] south.md")


def cited(*file_ids: str, kind: str = "file_citation", text: str = "") -> Message:
    """A message that ends with a reference to each file."""
    marks = [{"type": kind, "text": text, kind: {"file_id": file_id}} for file_id in file_ids]
    return Message.from_dict(
        {"id": "msg_1", "content": [{"type": "text", "text": {"value": "x", "annotations": marks}}]}
    )


def named(seen: Seen) -> bytes:
    """A file named like its id."""
    name = seen.path.rpartition("/")[2]
    return answer({"id": name, "object": "file", "filename": f"{name}.txt"})


@pytest.fixture
def routes(wire: Wire) -> Routes:
    """A server that has every file."""
    places = Routes()
    places.on("GET /files/.*", made(named))
    wire.answer(places)
    return places


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_each_file_is_requested_once(wire: Wire, routes: Routes, protocol: ProtocolVersion) -> None:
    """For any number of citations, in either version."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, protocol=protocol) as client:
        shown = await client.messages.render(cited("a", "b", "a", "c"))
    assert shown == "x[1][2][3]\n\n[1] a.txt\n[2] b.txt\n[3] c.txt"
    assert sorted(seen.path for seen in wire.seen) == [f"/v1/files/{name}" for name in "abc"]


async def test_files_without_a_name_show_their_id(wire: Wire, routes: Routes, client: AssistantsClient) -> None:
    """A missing file, one without a name, and one with a bad id; none breaks the text."""
    routes.on("GET /files/gone", failure(404, "no such file"))
    routes.on("GET /files/bare", answer({"id": "bare"}))
    lenient = client.with_options(raise_for_status=False)
    shown = await lenient.messages.render(cited("gone", "bare", "..", "a\n", "ok"))
    assert shown == "x[1][2][3][4][5]\n\n[1] gone\n[2] bare\n[3] ..\n[4] a\\n\n[5] ok.txt"
    assert len(wire.seen) == 3


@pytest.mark.parametrize("status", [403, 404, 405])
async def test_a_file_that_cannot_be_described_shows_its_id(
    routes: Routes, client: AssistantsClient, status: int
) -> None:
    """Of another project, gone, or of a server that only has the content: the text is worth more than the name."""
    routes.on("GET /files/far", failure(status))
    assert await client.messages.render(cited("far", "ok")) == "x[1][2]\n\n[1] far\n[2] ok.txt"


async def test_nothing_is_requested_without_need(wire: Wire, routes: Routes, client: AssistantsClient) -> None:
    """No citations, or paths that have the name already."""
    made_by_code = cited("a", kind="file_path", text="sandbox:/mnt/data/plot.png")
    assert await client.messages.render(cited()) == "x"
    assert await client.messages.render(made_by_code, style="markdown") == "x[plot.png](plot.png)"
    assert await client.messages.render(made_by_code, style=lambda annotation, number, name: name) == "xplot.png"
    assert wire.seen == []


async def test_another_error_comes_out(routes: Routes, client: AssistantsClient) -> None:
    """One that says nothing of the file."""
    routes.on("GET /files/b", failure(500))
    with pytest.raises(ServerError) as caught:
        await client.messages.render(cited("a", "b", "c"))
    assert caught.value.__notes__ == ["while calling files.retrieve: GET /files/{file_id}"]


async def test_few_are_requested_at_a_time(wire: Wire, client: AssistantsClient) -> None:
    """Four, and each that has answered makes room for one more."""
    peak = Peak()
    four = asyncio.Event()

    async def slow(seen: Seen, peer: Peer) -> None:
        with peak:
            if peak.now == 4:
                four.set()
            await four.wait()
        await peer.send(named(seen))

    wire.answer(slow)
    shown = await client.messages.render(cited(*(f"f{number}" for number in range(9))))
    assert shown.count(".txt") == 9
    assert peak.most == 4


async def test_cancelling_gets_out(wire: Wire, client: AssistantsClient) -> None:
    """At once, with no request left behind."""
    wire.answer(silent)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(client.messages.render, cited("a", "b"))
            await wire.until_seen(2)
            scope.cancel()
    assert scope.cancelled_caught


async def test_bad_arguments_send_nothing(wire: Wire, client: AssistantsClient) -> None:
    """An id in place of a message, and a style that there is not."""
    wrong: Any = "msg_1"
    with pytest.raises(TypeError, match=r"messages\.render\(\): message must be a Message, not str"):
        await client.messages.render(wrong)
    wrong = "html"
    with pytest.raises(ValueError, match=r"messages\.render\(\): style must be 'footnotes', 'markdown' or a function"):
        await cited("a").render(client, style=wrong)
    assert wire.seen == []
