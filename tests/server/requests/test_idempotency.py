"""The same request with the same `Idempotency-Key`: done once, and answered the same, over each store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from assistants_async.server import AssistantsServer, MemoryStore, PostgresStore, SqliteStore
from assistants_async.server.requests.idempotency import KIND, KeptAnswers, KeyedRequest
from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.interface import Store
from tests.support.keyed import post, twice
from tests.support.postgres import new_database
from tests.support.stores import ENGINES
from tests.support.talk import Talk, talking

DAY = 86_400


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(params=ENGINES.keys())
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Talk, Store, Clock]]:
    """Speaks to a server over a store of each kind, whose clock is set by the test."""
    clock = Clock()
    async with ENGINES[request.param](tmp_path) as store, talking(store=store, clock=clock) as talk:
        yield talk, store, clock


async def test_one_object_a_key(kept: tuple[Talk, Store, Clock]) -> None:
    """Of every kind that a request makes or changes; a key is of its path alone."""
    talk, _, _ = kept
    assistant = (await twice(talk, "/assistants", {"model": "gpt-4o"})).document
    thread = (await twice(talk, "/threads", {})).document
    path = f"/threads/{thread['id']}"
    await twice(talk, f"{path}/messages", {"role": "user", "content": "hi \u0000 \U0001f642"})
    run = (await twice(talk, f"{path}/runs", {"assistant_id": assistant["id"]})).document
    await talk.until(run, "completed")
    await twice(talk, f"{path}/runs/{run['id']}", {"metadata": {"a": "b"}})
    other = await twice(talk, "/threads/runs", {"assistant_id": assistant["id"], "thread": {}})
    await talk.until(other.document, "completed")
    await twice(talk, "/vector_stores", {"name": "books"})
    assert len((await talk.get("/assistants"))["data"]) == 1
    assert len((await talk.get(f"{path}/messages"))["data"]) == 2
    assert len((await talk.get(f"{path}/runs"))["data"]) == 1
    assert len((await talk.get("/vector_stores"))["data"]) == 1
    other = await post(talk, "twice /threads", "/assistants", {"model": "gpt-4o"})
    assert other.document["id"] != assistant["id"]
    await talk("DELETE", path)
    assert (await post(talk, "twice /threads", "/threads", {})).document == thread


async def test_another_body_is_refused(kept: tuple[Talk, Store, Clock]) -> None:
    """A 409 that no client sends again, also for another protocol version and query; without a key there is no rule."""
    talk, _, _ = kept
    made = await post(talk, "k", "/threads", {})
    assert made.status == 200
    for other in (
        await post(talk, "k", "/threads", {"metadata": {}}),
        await post(talk, "k", "/threads", {}, headers={"openai-beta": "assistants=v1"}),
        await post(talk, "k", "/threads?a=b", {}),
    ):
        assert (other.status, other.error["code"]) == (409, "idempotency_key_reused")
        assert other.headers["x-should-retry"] == "false"
    assert (await talk("POST", "/threads", {}, headers={"idempotency-key": ""})).document != made.document
    assert (await talk("GET", f"/threads/{made.document['id']}", headers={"idempotency-key": "k"})).status == 200


async def test_a_day(kept: tuple[Talk, Store, Clock]) -> None:
    """The key is free after 24 h, and what was kept goes an hour later."""
    talk, store, clock = kept
    first = await post(talk, "k", "/threads", {})
    clock.now += DAY - 1
    assert (await post(talk, "k", "/threads", {})).document == first.document
    clock.now += 1
    second = await post(talk, "k", "/threads", {"metadata": {"a": "b"}})
    assert second.document["id"] != first.document["id"]
    assert (await post(talk, "k", "/threads", {"metadata": {"a": "b"}})).document == second.document
    clock.now += DAY + 3600
    assert len(await store.due(KIND, clock.now)) == 1
    await post(talk, "other", "/threads", {})
    assert await store.due(KIND, clock.now) == []
    await post(talk, "another", "/threads", {})
    assert len(await store.due(KIND, clock.now + DAY)) == 2


async def test_requests_at_once(kept: tuple[Talk, Store, Clock]) -> None:
    """One does the work, and the others wait for its answer."""
    talk, _, _ = kept
    answers = await asyncio.gather(*(post(talk, "k", "/threads", {}) for _ in range(8)))
    assert len({answer.content for answer in answers}) == 1
    assert len((await talk.get("/threads"))["data"]) == 1


async def test_refusals_are_not_kept(kept: tuple[Talk, Store, Clock]) -> None:
    """A request that failed is served by its own merits when it comes again."""
    talk, _, _ = kept
    thread = await talk.thread()
    path, body = f"/threads/{thread['id']}/runs", {"assistant_id": "asst_x"}
    assert (await post(talk, "k", path, body)).status == 404
    body = {"assistant_id": (await talk.assistant())["id"]}
    made = await post(talk, "k", path, body)
    assert made.status == 200
    await talk.until(made.document, "completed")


async def test_uploads(kept: tuple[Talk, Store, Clock]) -> None:
    """A form is the same by its fields and bytes, whatever its boundary; parts come once, and a completion too."""
    talk, _, _ = kept

    def form(name: str, content: bytes, **fields: str) -> aiohttp.FormData:
        made = aiohttp.FormData(fields)
        made.add_field(name, content, filename="a.txt")
        return made

    files = [await post(talk, "f", "/files", data=form("file", b"abc", purpose="assistants")) for _ in range(2)]
    assert files[0].content == files[1].content
    for other in (form("file", b"abd", purpose="assistants"), form("file", b"abc", purpose="vision")):
        assert (await post(talk, "f", "/files", data=other)).status == 409
    assert len((await talk.get("/files"))["data"]) == 1
    announced = {"filename": "b.txt", "bytes": 3, "purpose": "assistants", "mime_type": "text/plain"}
    upload = (await twice(talk, "/uploads", announced)).document
    parts = [await post(talk, "p", f"/uploads/{upload['id']}/parts", data=form("data", b"abc")) for _ in range(2)]
    assert parts[0].content == parts[1].content
    done = await twice(talk, f"/uploads/{upload['id']}/complete", {"part_ids": [parts[0].document["id"]]})
    assert done.document["status"] == "completed"
    assert len((await talk.get("/files"))["data"]) == 2


async def test_after_a_restart(tmp_path: Path) -> None:
    """A file of SQLite knows the keys of before."""
    answers = []
    for _ in range(2):
        async with talking(store=SqliteStore(tmp_path / "home.db")) as talk:
            answers.append(await post(talk, "k", "/threads", {}))
            assert len((await talk.get("/threads"))["data"]) == 1
    assert answers[0].content == answers[1].content


async def test_two_processes() -> None:
    """Servers that share a database do the work once, whichever gets the request, and both give its answer."""
    with new_database() as url:
        # Ids of a seed would be the same in both.
        one_of, two_of = (talking(store=PostgresStore(url), seed=None) for _ in range(2))
        async with one_of as one, two_of as two:
            for number in range(5):
                body = await one.ask("hi")
                asked = [post(talk, f"k{number}", "/threads/runs", body) for talk in (one, two, one, two)]
                answers = await asyncio.gather(*asked)
                assert [answer.status for answer in answers] == [200] * 4
                assert len({answer.content for answer in answers}) == 1
                path = f"/threads/{answers[0].document['thread_id']}"
                await one.until(answers[0].document, "completed")
                asked = [post(talk, "r", f"{path}/runs", {"assistant_id": body["assistant_id"]}) for talk in (one, two)]
                answers = await asyncio.gather(*asked)
                assert answers[0].content == answers[1].content
                assert len((await two.get(f"{path}/runs"))["data"]) == 2
                await one.until(answers[0].document, "completed")


async def test_memory_is_bounded() -> None:
    """The oldest answers go where they take more than a sixteenth of the store's memory."""
    store = MemoryStore()
    answers = KeptAnswers(store, 16 * 10_000)
    for number in range(100):
        batch = Batch(store)
        answers.keep(KeyedRequest(str(number), (), ()), batch, 0, {"answer": "x" * 1000, "headers": {}})
        await batch.commit()
    assert store.size < 20_000
    assert await answers.find(KeyedRequest("0", (), ()), 0) is None
    assert await answers.find(KeyedRequest("99", (), ()), 0) is not None


async def test_a_server_that_is_reset() -> None:
    """It forgets the keys too."""
    async with AssistantsServer(pace=0) as server, aiohttp.ClientSession() as session:
        talk = Talk(session, server, None)
        assert (await post(talk, "k", "/threads", {})).status == 200
        server.reset()
        assert (await post(talk, "k", "/threads", {})).status == 200
        assert len((await talk.get("/threads"))["data"]) == 1
