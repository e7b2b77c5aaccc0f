"""No body of any operation makes the server fail, and what it refuses leaves nothing behind."""

from __future__ import annotations

import random
from typing import Any

import pytest
from msgspec import inspect

from assistants_async.core.requests.endpoint import Endpoint
from assistants_async.endpoints import TABLE
from tests.support.any_body import BodyMaker
from tests.support.talk import Talk, talking

BODIES = {
    f"{row.operation} {protocol}": (row, protocol)
    for row in TABLE.values()
    for protocol in row.protocols
    if row.takes_body and row.params is not None and not row.form
}
EACH = 12
"""Bodies of each kind and operation."""
LISTS = ("/assistants", "/threads", "/threads/{thread_id}/messages", "/threads/{thread_id}/runs")


async def ids_of(talk: Talk) -> dict[str, list[str]]:
    """Make one of each object."""
    file = await talk.upload(b"It rains in Bergen.")
    ids = {
        "file_id": [file["id"]],
        "assistant_id": [(await talk.assistant())["id"]],
        "thread_id": [(await talk.thread("hello"))["id"]],
    }
    thread = f"/threads/{ids['thread_id'][0]}"
    ids["message_id"] = [message["id"] for message in (await talk.get(f"{thread}/messages"))["data"]]
    run = await talk.make(f"{thread}/runs", {"assistant_id": ids["assistant_id"][0]})
    ids["run_id"] = [(await talk.until(run, "completed"))["id"]]
    if talk.protocol == "v2":
        store = await talk.make("/vector_stores", {"file_ids": ids["file_id"]})
        ids["vector_store_id"] = [store["id"]]
        upload = {"filename": "a.txt", "bytes": 3, "purpose": "assistants", "mime_type": "text/plain"}
        ids["upload_id"] = [(await talk.make("/uploads", upload))["id"]]
    return ids


async def kept(talk: Talk, ids: dict[str, list[str]]) -> list[int]:
    """Count the server's objects, with those that a refused request may have made."""
    lists = [*LISTS, *(("/vector_stores",) if talk.protocol == "v2" else ())]
    paths = [path.format(**{name: known[0] for name, known in ids.items()}) for path in lists]
    return [len((await talk.get(f"{path}?limit=100"))["data"]) for path in paths]


@pytest.mark.parametrize("kind", ["valid", "spoilt", "nulled"])
@pytest.mark.parametrize(("row", "protocol"), BODIES.values(), ids=BODIES.keys())
async def test_no_body_is_a_fault_of_the_server(row: Endpoint[Any, Any], protocol: str, kind: str) -> None:
    """Any body is accepted or refused with a message, and a refused one leaves nothing behind."""
    chance = random.Random(f"{row.operation} {protocol} {kind}")
    async with talking(protocol=protocol) as talk:
        ids = await ids_of(talk)
        maker = BodyMaker(chance, ids)
        path = row.path.format(**{name: ids.get(name, ["none"])[0] for name in row.parameters})
        before = await kept(talk, ids)
        for _ in range(EACH):
            body = maker.valid(inspect.type_info(row.params))
            if kind != "valid":
                body = maker.spoilt(body) if kind == "spoilt" else maker.nulled(body)
            answer = await talk(row.method, path, body)
            assert answer.status < 500, (body, answer.content)
            if answer.status == 200:
                before = await kept(talk, ids)
            else:
                assert answer.error["message"], body
                assert await kept(talk, ids) == before, (body, answer.content)


QUERIES = [
    "limit=x",
    "limit=-1",
    "limit=99999999999999999999999",
    "order=up",
    "after=%FF",
    "before=%00",
    "include[]=%FF",
]


@pytest.mark.parametrize("query", QUERIES)
async def test_no_query_is_a_fault_of_the_server(talk: Talk, query: str) -> None:
    """Lists and runs with queries that make no sense."""
    ids = await ids_of(talk)
    known = {name: values[0] for name, values in ids.items()}
    for row in TABLE.values():
        if "v2" in row.protocols and not row.form:
            path = row.path.format(**{name: known.get(name, "none") for name in row.parameters})
            url = f"{talk.server.base_url}{path}?{query}"
            answer = await talk(row.method, url)
            assert answer.status < 500, (row.operation, answer.content)
