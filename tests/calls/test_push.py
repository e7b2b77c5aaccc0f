"""Items pushed into channels of the caller's: the same as pulled."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.calls.pipe import open_pipe
from assistants_async.core.requests.endpoint import Endpoint, ProtocolVersion
from assistants_async.endpoints import TABLE
from assistants_async.models import AnyPage
from tests.support.byte_server import CLOSE, RESET, Body, dumps, frame, named, whole
from tests.support.channels import JSON, LINES
from tests.support.http_server import KEY, Wire
from tests.support.places import FACTS as FACTS_FILE
from tests.support.run_events import DONE, ERROR, page, run_frames
from tests.testing.test_mocks import NEEDED

ROWS = [(row, protocol) for row in TABLE.values() for protocol in row.protocols]


def answers(row: Endpoint[Any, Any]) -> list[Body]:
    """The answers to an operation: whole, cut, wrong, and with an error inside."""
    if row.streams:
        frames = run_frames("a", "bc")
        return [
            Body(*frames, DONE),
            Body(*frames[:9], RESET),
            Body(*frames[:9], CLOSE),
            Body(*frames[:4], frame("thread.run.in_progress", b"{}"), DONE),
            Body(*frames[:4], frame("error", {"error": ERROR})),
            Body(dumps({"id": "run_1", "status": "queued"}), kind=JSON),
        ]
    if row.result is bytes:
        return [Body(b"abc", b"def", kind="application/octet-stream"), Body(b"abc", RESET, kind="text/plain")]
    if row.item is not row.result:
        body = page(*named("a", "b", "c"))
        bad = b'{"data":[{"id":"a"},{"id":1}]}'
    else:
        body = dumps({"id": "a"})
        bad = b'{"id":"a"}{"id":1}'
    return [
        Body(body, kind=JSON),
        Body(body[:-1], kind=JSON),
        Body(body[:-1], RESET, kind=JSON),
        Body(body[:-1], kind=JSON, framed="close"),
        Body(bad, kind=JSON),
        Body(dumps({"error": ERROR}), kind=JSON),
        Body(b'{"id":"a"}\n{"id":"b"}\n', kind=LINES),
        Body(b"", kind=JSON),
    ]


def facts_of(error: BaseException | None) -> Any:
    """An error as far as two of it can be compared."""
    if error is None:
        return None
    state = {name: value for name, value in vars(error).items() if name not in ("__notes__", "http", "elapsed")}
    return type(error), error.args, state, type(error.__cause__)


async def pulled(client: AssistantsClient, row: Endpoint[Any, Any]) -> tuple[list[Any], Any]:
    """The items of the pull form, and the error after them."""
    got: list[Any] = []
    try:
        async with make(client, row).stream() as channel:
            async for item in channel:
                got.append(item)  # noqa: PERF401  # an error comes in between
    except Exception as error:  # noqa: BLE001  # compared with the other form's
        return got, facts_of(error)
    return got, None


async def pushed(client: AssistantsClient, row: Endpoint[Any, Any]) -> tuple[list[Any], Any, Any]:
    """The items of the push form, the error at the reader and the one at the pump."""
    send, receive = open_pipe(2)
    got: list[Any] = []
    pump = asyncio.ensure_future(make(client, row).into(send))
    reader: BaseException | None = None
    try:
        async for item in receive:
            got.append(item)  # noqa: PERF401  # an error comes in between
    except Exception as error:  # noqa: BLE001  # compared with the other form's
        reader = error
    await asyncio.wait([pump])
    failed = pump.exception()
    assert failed is reader
    receive.close()
    return got, facts_of(reader), facts_of(failed)


def make(client: AssistantsClient, row: Endpoint[Any, Any]) -> Any:
    """A call of any row."""
    ids: dict[str, Any] = {name: f"{name}_1" for name in row.parameters}
    needed = NEEDED.get(row.operation, {})
    body = needed if row.method == "POST" and row.params is not None else None
    return client.operation(row.operation, body=body, **ids)


@pytest.mark.parametrize(("row", "protocol"), ROWS, ids=[f"{row.operation}-{protocol}" for row, protocol in ROWS])
async def test_r23_push_equals_pull(wire: Wire, row: Endpoint[Any, Any], protocol: ProtocolVersion) -> None:
    """Each operation gives the same items and the same error in both forms, whatever the server does."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None, protocol=protocol) as client:
        ends: set[bool] = set()
        for body in answers(row):
            wire.answer(body)
            items, error = await pulled(client, row)
            again, at_reader, at_pump = await pushed(client, row)
            assert (again, at_reader, at_pump) == (items, error, error)
            assert len(wire.seen) == 2
            ends.add(error is None)
            assert items or error is not None or body._steps == (b"",)
        assert ends == {True, False}


def test_r23_the_table_is_walked_whole() -> None:
    """Every operation of both documents that the client has is among the rows."""
    facts = json.loads(FACTS_FILE.read_text())
    walked = {(row.operation, protocol) for row, protocol in ROWS}
    assert {(name, version) for version in ("v1", "v2") for name in facts[version]["operations"]} <= walked
    assert {row.operation for row, _ in ROWS if row.streams} == {
        "createThreadAndRun",
        "createRun",
        "submitToolOuputsToRun",
    }
    assert set(NEEDED) <= set(TABLE)


@pytest.mark.parametrize("row", [row for row in TABLE.values() if not row.streams], ids=lambda row: row.operation)
async def test_r23_the_stream_agrees_with_the_plain_form(wire: Wire, row: Endpoint[Any, Any]) -> None:
    """One object is one item of the same value; a list is the same elements; a file the same bytes."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None, protocol=row.protocols[0]) as client:
        wire.answer(answers(row)[0])
        plain = await make(client, row)
        items, error = await pulled(client, row)
        if row.result is bytes:
            assert b"".join(items) == plain
        else:
            assert items == (list(plain.data) if isinstance(plain, AnyPage) else [plain])
            assert {type(item) for item in items} == {row.item}
        assert error is None


@pytest.mark.parametrize("operation", [row.operation for row in TABLE.values() if row.item is not row.result])
async def test_n34_page_mode_equals_the_plain_form(wire: Wire, operation: str) -> None:
    """For every list, the whole page as one item is what awaiting gives."""
    row = TABLE[operation]
    if row.streams or row.result is bytes:
        return
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None, protocol=row.protocols[0]) as client:
        wire.answer(whole(page(*named("a", "b"))))
        plain = await make(client, row)
        async with make(client, row).stream(pages=True) as channel:
            assert [item async for item in channel] == [plain]
