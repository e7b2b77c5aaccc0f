"""Bounds of a server's memory and reading, for any request."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import aiohttp
import pytest

from assistants_async.server import ScriptedResponder
from assistants_async.server.request_log import MAX_BODY_BYTES, MAX_REQUESTS, RequestLog, RequestRecord
from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.due_times import DueTimes
from assistants_async.server.storage.memory import MemoryStore
from assistants_async.server.storage.vector_index import expire_files, forget_file
from tests.support.talk import Talk, path_of, talking

MIB = 2**20


# The latest requests


def record(path: str = "/v1/threads") -> RequestRecord:
    """A request as the server records it."""
    return RequestRecord("POST", path, "createThread", 200, None, "", {})


async def test_bodies_are_kept_for_who_wants_them(talk: Talk) -> None:
    """Heads are always there, bodies only on demand."""
    await talk.make("/threads", {"metadata": {"k": "v"}})
    [seen] = talk.server.requests
    assert (seen.path, seen.body) == ("/v1/threads", None)


def test_bodies_are_kept_up_to_a_cap() -> None:
    """The newest bodies that fit in a MiB together, and none that does not fit alone."""
    log = RequestLog()
    for number in range(5):
        log.add(record(), b"[%d%s]" % (number, b" " * (MIB // 3)))
    log.add(record(), b" " * MAX_BODY_BYTES + b"1")
    assert [one.body for one in log.records] == [None, None, None, [3], [4], None]
    log.clear()
    assert log.records == ()


def test_requests_are_kept_up_to_a_cap() -> None:
    """A thousand requests, fewer where their heads are long."""
    log = RequestLog()
    for number in range(MAX_REQUESTS + 1):
        log.add(record(), b"%d" % number)
    assert len(log.records) == MAX_REQUESTS
    assert log.records[0].body == 1
    for _ in range(10):
        log.add(record("x" * MIB), b"")
    assert len(log.records) == 4
    for _ in range(10):
        log.add(record(), b"", MIB)
    assert len(log.records) == 3


def test_heads_are_recorded_without_credentials() -> None:
    """Names are in lower case, and the size is that of what is kept."""
    sent = ((b"Host", b"a"), (b"Authorization", b"Bearer secret"), (b"X-Name", b"\xff"))
    assert RequestLog().head(sent) == ({"host": "a", "x-name": "\udcff"}, 12)


def test_few_heads_are_known() -> None:
    """Those of a usual size are read once; what many or long ones take has a cap."""
    log = RequestLog()
    short = ((b"Host", b"a"),)
    assert log.head(short) is log.head(short)
    long = ((b"Host", b"a" * 4096),)
    assert log.head(long) is not log.head(long)
    for number in range(1_000):
        log.head(((b"Host", b"%d" % number),))
    assert len(log._known) <= 64


# The store


async def test_a_full_store() -> None:
    """Past the cap creates get a 507 in words; reading and deleting go on, and make room."""
    async with talking(max_store_bytes=20_000) as talk:
        threads = []
        while (answer := await talk("POST", "/threads", {"metadata": {"k": "v" * 500}})).status == 200:
            threads.append(answer.document["id"])
        assert 5 < len(threads) < 20
        assert (answer.status, answer.error["code"]) == (507, "insufficient_storage")
        assert "max_store_bytes" in answer.error["message"]
        assert answer.headers["x-should-retry"] == "false"
        assert len((await talk.get("/threads"))["data"]) == len(threads)
        form = aiohttp.FormData({"purpose": "assistants"})
        form.add_field("file", b"x" * 30_000, filename="a.txt")
        assert (await talk("POST", "/files", data=form)).status == 507
        assert (await talk.get("/files"))["data"] == []
        for thread in threads[:3]:
            assert (await talk("DELETE", f"/threads/{thread}")).status == 200
        assert (await talk("POST", "/threads")).status == 200


async def test_deleted_objects_free_their_bytes() -> None:
    """Making and deleting everything again and again fills no store."""
    async with talking(max_store_bytes=300_000, responder=ScriptedResponder([])) as talk:
        for _ in range(20):
            file = await talk.upload(b"It rains. " * 1_000)
            store = await talk.make("/vector_stores", {"file_ids": [file["id"]]})
            await talk.get(f"/vector_stores/{store['id']}")
            run = await talk.until(await talk.run("hello"), "failed")
            upload = {"filename": "a.txt", "bytes": 3, "purpose": "assistants", "mime_type": "text/plain"}
            upload = await talk.make("/uploads", upload)
            form = aiohttp.FormData()
            form.add_field("data", b"x" * 10_000, filename="x")
            assert (await talk("POST", f"/uploads/{upload['id']}/parts", data=form)).status == 200
            await talk.make(f"/uploads/{upload['id']}/cancel")
            for path in (
                f"/threads/{run['thread_id']}",
                f"/assistants/{run['assistant_id']}",
                f"/files/{file['id']}",
                f"/vector_stores/{store['id']}",
            ):
                assert (await talk("DELETE", path)).status == 200


async def test_a_text_that_does_not_fit() -> None:
    """A file whose text finds no room for its index fails in its vector store, in words."""
    async with talking(max_store_bytes=100_000) as talk:
        file = await talk.upload(b"It rains. " * 2_000)
        store = await talk.make("/vector_stores", {"file_ids": [file["id"]]})
        [there] = (await talk.get(f"/vector_stores/{store['id']}/files"))["data"]
        assert there["status"] == "failed"
        assert "max_store_bytes" in there["last_error"]["message"]


# Bodies


@pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")  # aiohttp's own reader of forms calls it
async def test_a_form_of_many_fields(talk: Talk) -> None:
    """All fields together have a cap, and so has their number."""
    for size, count in ((300_000, 5), (1, 6_000)):
        form = aiohttp.FormData({"purpose": "assistants"})
        form.add_field("file", b"abc", filename="a.txt")
        for number in range(count):
            form.add_field(f"f{number}", "x" * size)
        answer = await talk("POST", "/files", data=form)
        assert (answer.status, answer.error["code"]) == (413, "content_too_large")


async def test_packed_bodies(talk: Talk) -> None:
    """A packed body is unpacked up to the cap of a plain one."""
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = await talk("POST", "/assistants", data=gzip.compress(b'{"model": "m"}'), headers=headers)
    assert (answer.status, answer.document["model"]) == (200, "m")
    bomb = gzip.compress(b" " * (64 * MIB))
    assert len(bomb) < MIB
    assert (await talk("POST", "/assistants", data=bomb, headers=headers)).status == 413
    odd = {**headers, "content-encoding": "br"}
    assert (await talk("POST", "/assistants", data=b"x", headers=odd)).status == 415
    form = aiohttp.FormData({"purpose": "assistants"})
    form.add_field("file", b"abc", filename="a.txt")
    answer = await talk("POST", "/files", data=form, headers={"content-encoding": "gzip"})
    assert answer.status in (400, 415)


REFUSED: dict[str, tuple[dict[str, Any], str, int]] = {
    "no key": ({"api_key": "sk-right"}, "content-type: application/json", 401),
    "foreign": ({}, "origin: http://evil.example\r\ncontent-type: application/json", 403),
    "no JSON": ({}, "content-type: text/plain", 415),
    "too large": ({}, "content-type: application/json", 413),
}


@pytest.mark.parametrize(("settings", "header", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_refused_body_is_not_read(settings: dict[str, Any], header: str, status: int) -> None:
    """A refusal comes at once; little more of the body is read, and the connection ends."""
    async with talking(**settings) as talk:
        port = int(talk.server.base_url.split(":")[2].removesuffix("/v1"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /v1/threads HTTP/1.1\r\nhost: localhost\r\ncontent-length: {2**30}\r\n{header}\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"connection: close" in answer.lower()
        sent = 0
        with pytest.raises(ConnectionError):
            while sent < 2**30:
                writer.write(b" " * MIB)
                await writer.drain()
                sent += MIB
        # What the sockets of the system took counts as well.
        assert sent < 64 * MIB
        writer.transport.abort()


async def test_a_short_refused_body_keeps_its_connection() -> None:
    """A client with a wrong key goes on with its connection, whether its body came with the head or after it."""
    async with talking(api_key="sk-right") as talk:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(talk.server.base_url.split(":")[2].removesuffix("/v1"))
        )
        kind = "content-type: application/json"
        for _ in range(2):
            writer.write(f"POST /v1/threads HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n{kind}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 401 ")
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            writer.write(b"{}")
        writer.close()
        await writer.wait_closed()


# Looking things up


def test_due_times() -> None:
    """Keys come up when they are due, soonest first; those taken back or set anew do not come up twice."""
    times = DueTimes[tuple[str]]()
    assert times.first is None
    for number in range(1_000):
        times.add((f"k{number}",), 1_000 - number)
        if number % 2:
            times.discard((f"k{number}",))
    times.add(("k0",), 5)
    times.discard(("none",))
    assert times.first == 2
    assert times.until(1) == []
    assert times.until(4) == [("k998",), ("k996",)] == times.until(4)
    times.discard(("k998",))
    times.discard(("k996",))
    assert times.until(6) == [("k0",), ("k994",)]
    assert len(times.until(10_000)) == 498


async def test_expiry_takes_due_files_only() -> None:
    """Files go when their time has come, and deleted ones have none."""
    store = MemoryStore()
    batch = Batch(store)
    for name, due in (("a", 10), ("b", 20), ("c", None)):
        batch.put("file", {"id": name, "purpose": "assistants", "expires_at": due, "blob": name})
    await batch.commit()
    await forget_file(batch, "a")
    await batch.commit()
    await expire_files(store, 15)
    assert [file["id"] for file in await batch.all("file", "")] == ["b", "c"]
    await expire_files(store, 20)
    assert [file["id"] for file in await batch.all("file", "")] == ["c"]


async def test_messages_by_run(talk: Talk) -> None:
    """The messages of a run, in pages both ways, with cursors of any message of the thread."""
    thread, assistant = await talk.thread("hello"), await talk.assistant()
    path = f"/threads/{thread['id']}"
    runs = []
    for _ in range(3):
        run = await talk.make(f"{path}/runs", {"assistant_id": assistant["id"]})
        runs.append(await talk.until(run, "completed"))
        await talk.make(f"{path}/messages", {"role": "user", "content": "more"})
    every = (await talk.get(f"{path}/messages?order=asc"))["data"]
    [of_run] = (await talk.get(f"{path}/messages?run_id={runs[1]['id']}"))["data"]
    assert of_run == every[3]
    for query, found in (
        (f"after={every[0]['id']}&order=asc", 1),
        (f"after={every[4]['id']}&order=asc", 0),
        (f"before={every[4]['id']}&order=asc", 1),
        (f"after={every[4]['id']}", 1),
        (f"before={every[4]['id']}", 0),
    ):
        assert len((await talk.get(f"{path}/messages?run_id={runs[1]['id']}&{query}"))["data"]) == found
    await talk("DELETE", f"{path}/messages/{of_run['id']}")
    assert (await talk.get(f"{path}/messages?run_id={runs[1]['id']}"))["data"] == []
    assert (await talk.get(f"{path}/messages?run_id=none"))["data"] == []
    assert path_of(runs[0]).startswith(path)
