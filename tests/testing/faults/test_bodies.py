"""Rows 31 to 45: malformed documents, odd values, packing, and endless bodies."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    ConnectionLostError,
    DecodeError,
    PaginationError,
    ServerError,
    StreamInterruptedError,
    Timeout,
    Unknown,
)
from assistants_async.testing.faults import FaultyServer
from assistants_async.testing.faults.bodies import ODD
from assistants_async.testing.faults.table import requested
from tests.support.faults import CALLS, Ids, failing, plain
from tests.support.places import ROOT
from tests.support.steady_loop import MS

pytestmark = pytest.mark.both_transports

READING = ("get", "create", "message", "run", "modify")

UNREADABLE = (
    *(
        (35, f"json_{what}")
        for what in ("truncated", "trailing_garbage", "utf16", "invalid_utf8", "nan", "huge_int", "array", "null")
    ),
    *((36, name) for name in ("json_deep", "json_deep_unknown_field")),
    (37, "json_lone_surrogate"),
)


@pytest.mark.parametrize(("row", "name"), UNREADABLE, ids=[f"row{row}-{name}" for row, name in UNREADABLE])
async def test_a_document_that_cannot_be_read(
    row: int, name: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """It is one decode error, sent once: neither half an object, nor an exception of the decoder's own."""
    faulty.add(name)
    for call in READING:
        error = await failing(CALLS[call](client, ids))
        assert type(error) is DecodeError
        assert len(str(error)) < 500
    assert len(faulty.seen) == len(READING)


READABLE = (
    *((32, f"json_{what}") for what in ("wrong_type", "no_type", "bogus_charset")),
    *((37, f"json_{what}") for what in ("bom", "float_int", "dup_keys", "surrogate_pair", "nul_escape")),
    *((38, name) for name in ("extra_fields", "missing_optional")),
    *((39, name) for name in ("unknown_enum", "unknown_types")),
    *((40, name) for name in ("nulls_everywhere", "id_mismatch")),
)


@pytest.mark.parametrize(("row", "name"), READABLE, ids=[f"row{row}-{name}" for row, name in READABLE])
async def test_an_unusual_document_is_read(
    row: int, name: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """It is the result, and every attribute of it can be read."""
    faulty.add(name)
    for call in (*READING, "list"):
        value = await CALLS[call](client, ids)
        for item in value if isinstance(value, list) else [value]:
            look(item)
    assert {seen.fault for seen in faulty.seen} == {name}
    assert await CALLS["content"](client, ids) == b"content " * 1000


def look(item: Any) -> None:
    """Ask an object for everything that it has."""
    assert item.id
    assert repr(item)
    assert item.to_dict()["id"] == item.id
    assert type(item).__name__ in repr(item)
    for attribute in dir(item):
        if not attribute.startswith("_"):
            getattr(item, attribute)


async def test_row37_odd_text_is_read_as_it_was_meant(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """A surrogate pair is its character, an escaped NUL a character like others, the last of two keys counts."""
    for fault, name in (("json_surrogate_pair", "\U0001f600"), ("json_nul_escape", "a\0b")):
        rule = faulty.add(fault)
        assert (await client.assistants.retrieve(ids.assistant)).name == name
        faulty.remove(rule)
    faulty.add("json_float_int")
    created_at = (await client.assistants.retrieve(ids.assistant)).created_at
    assert (type(created_at), created_at) == (int, 1_700_000_000)


async def test_row39_unknown_values_survive_a_round_trip(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """`unknown_types`, `unknown_enum`: the raw value is there, and is sent back unchanged."""
    rule = faulty.add("unknown_types")
    assistant = await client.assistants.retrieve(ids.assistant)
    odd = assistant.tools[-1]
    assert isinstance(odd, Unknown)
    assert odd.type == ODD
    assert assistant.to_dict()["tools"][-1] == {"type": ODD, ODD: {"a": [1, None]}}
    faulty.remove(rule)
    again = await client.assistants.modify(ids.assistant, tools=assistant.tools)
    assert faulty.seen[-1].json["tools"] == again.to_dict()["tools"] == assistant.to_dict()["tools"]
    faulty.add("unknown_enum")
    run = await client.runs.retrieve(ids.thread, ids.run)
    assert (run.status, run.is_terminal, run.to_dict()["status"]) == (ODD, False, ODD)


async def test_row40_id_mismatch_is_not_hidden(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """The object has the id that the server gives."""
    faulty.add("id_mismatch")
    assert (await client.assistants.retrieve(ids.assistant)).id == f"another_{ids.assistant}"


@pytest.mark.parametrize("empty", [0, 1])
async def test_row41_page_loop_ends(empty: int, faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """A page that comes again is an error after its items; one that is empty and promises more is the end."""
    faulty.add(requested(f"page_loop; empty={empty}"))
    got: list[str] = []

    async def walk() -> None:
        async for assistant in client.assistants.list():
            got.append(assistant.id)  # noqa: PERF401  # what came before the error counts

    if empty:
        await walk()
        assert (got, len(faulty.seen)) == ([], 1)
    else:
        error = await failing(walk())
        assert type(error) is PaginationError
        assert (got, len(faulty.seen)) == ([ids.assistant], 2)


@pytest.mark.parametrize("text", ["poll", f"poll; status={ODD}", "poll; hint=soon", "poll; hint=-1", "poll; hint=nan"])
async def test_row42_poll_ends_at_its_limit(
    text: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """A run that never ends is an error with its last state, however often the server says to come back."""
    faulty.add("sse_clean_end_early", operation="createRun")
    rule = faulty.add(requested(text), operation="getRun")
    view = client.with_options(timeout=Timeout(total=1200 * MS))
    async with view.runs.create(ids.thread, assistant_id=ids.assistant).stream(recover=True) as channel:
        with pytest.raises(StreamInterruptedError, match="the run was still") as caught:
            [event async for event in channel]
    assert rule.played >= 2
    assert caught.value.run_id
    assert ("x_unheard_of" in str(caught.value)) == (ODD in text)


# Packing


PACKED = (
    *((43, f"gzip_{what}") for what in ("truncated", "bad_crc", "not_gzip")),
    (43, "encoding_unknown"),
    (44, "gzip_bomb_nested"),
)


@pytest.mark.parametrize(("row", "name"), PACKED, ids=[f"row{row}-{name}" for row, name in PACKED])
async def test_a_body_that_cannot_be_unpacked(
    row: int, name: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """It is a lost answer, of a file's content too: nothing short ever passes as whole."""
    rule = faulty.add(name)
    # An unrequested coding comes again with every further request.
    sent = 1 if name in ("encoding_unknown", "gzip_bomb_nested") else 3
    for call in ("get", "content", "list"):
        before = rule.played
        error = await failing(CALLS[call](client, ids))
        assert type(error) is ConnectionLostError
        assert rule.played - before == sent

    async def stream() -> None:
        async with plain(client).files.content(ids.file).stream() as channel:
            [piece async for piece in channel]

    assert type(await failing(stream())) is ConnectionLostError


# Size

CHILD = """
import asyncio, resource, sys
from assistants_async import AssistantsClient, AssistantsError
from assistants_async.server import AssistantsServer
from assistants_async.testing.faults import FaultyServer

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

async def main():
    async with AssistantsServer() as server, FaultyServer(server) as faulty:
        async with AssistantsClient(base_url=faulty.base_url, api_key="key", retry=None) as client:
            await client.threads.create()
            for name in sys.argv[1:]:
                rule = faulty.add(name)
                before = peak()
                try:
                    if name.startswith("sse"):
                        async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
                            async for _ in channel:
                                pass
                    else:
                        await client.assistants.retrieve("asst_1")
                except AssistantsError as error:
                    print(name, type(error).__name__, peak() - before)
                faulty.remove(rule)

asyncio.run(main())
"""

HUGE = (
    *((44, name) for name in ("gzip_bomb", "huge_body", "endless_body")),
    *((55, name) for name in ("sse_huge_line", "sse_gzip_bomb")),
)


@pytest.mark.parametrize(("row", "name"), HUGE, ids=[f"row{row}-{name}" for row, name in HUGE])
def test_a_body_past_the_cap(row: int, name: str) -> None:
    """It ends at the cap of 64 MiB, and the process grows by at most twice that."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, name],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=240,
    )
    fault, kind, growth = done.stdout.split()
    assert (fault, kind) == (name, "BodyTooLargeError" if row == 44 else "ItemTooLargeError")
    assert int(growth) <= 128 + 8  # MiB, and what the child's own server needs


async def test_row44_huge_body_below_the_cap_is_read(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """A size is no fault in itself."""
    faulty.add(requested("huge_body; mib=1"))
    assert (await client.assistants.retrieve(ids.assistant)).metadata == {"a": "a" * 2**20}


async def test_row45_endless_error_body_is_cut(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """The status decides the error; 1 MiB of the body is read, and the connection is cut."""
    faulty.add("endless_error_body")
    error = await failing(plain(client).assistants.retrieve(ids.assistant))
    assert isinstance(error, ServerError)
    assert len(error.http.content) == 2**20
