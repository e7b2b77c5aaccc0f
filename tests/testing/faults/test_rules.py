"""The server of faults itself: requests that it passes on, counts, rules and headers."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from assistants_async import AssistantsClient, BadRequestError, ConnectionLostError, ServerError
from assistants_async.endpoints import TABLE
from assistants_async.server import AssistantsServer
from assistants_async.testing.faults import FAULTS, HEADER, Exchange, Fault, FaultyServer, Rule, named, operation_of
from tests.support.faults import CALLS, Ids, failing, plain, streamed, until_open
from tests.support.http_server import KEY
from tests.support.steady_loop import MS

# Without a fault


async def test_requests_without_a_fault_are_passed_on(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """Every kind of call and stream, over one kept connection; each request is listed."""
    for call in CALLS.values():
        assert await call(client, ids)
    events, error = await streamed(client, ids)
    assert (len(events), error) == (12, None)
    assert (faulty.connections, faulty.open_connections, len(faulty.seen)) == (1, 1, 9)
    assert {(seen.connection, seen.fault) for seen in faulty.seen} == {(1, None)}
    create = faulty.seen[1]
    assert (create.method, create.path, create.query, create.json) == (
        "POST",
        "/v1/assistants",
        "",
        {"model": "gpt-4o"},
    )
    assert create.headers["Authorization"] == f"Bearer {KEY}"
    assert repr(create) == "<Seen POST /v1/assistants, connection 1, fault None>"
    await client.messages.list(ids.thread, limit=2)
    listed = faulty.seen[-1]
    assert (listed.method, listed.query, listed.json) == ("GET", "limit=2", None)


async def test_bodies_go_through_to_the_byte(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """Bodies with a length, bodies in chunks, and bodies that wait for a `100 Continue`."""

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(10):
            yield bytes([number]) * 100_000

    wanted = b"".join([piece async for piece in pieces()])
    for file in (wanted, pieces()):
        made = await client.files.create(file=file, filename="a.bin", purpose="assistants")
        assert await client.files.content(made.id) == wanted
    framing = [(seen.headers.get("transfer-encoding"), "content-length" in seen.headers) for seen in faulty.seen[::2]]
    assert framing == [(None, True), ("chunked", False)]
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{faulty.base_url}/threads", json={}, expect100=True) as answer,
    ):
        assert answer.status == 200
        assert (await answer.json())["object"] == "thread"


async def test_a_stream_comes_as_it_is_made(server: AssistantsServer, faulty: FaultyServer, ids: Ids) -> None:
    """Event by event; leaving it, before a run that never ends, leaves the server behind too."""
    async with AssistantsClient(base_url=faulty.base_url, api_key=KEY) as client:
        await client.messages.create(ids.thread, role="user", content="/stall for ever")
        async with client.runs.create(ids.thread, assistant_id=ids.assistant).stream() as channel:
            async for event in channel:
                if event.event == "thread.message.delta":
                    break
        await until_open(faulty, 0)
        assert channel.run is not None
        assert (await client.runs.cancel(ids.thread, channel.run.id)).status == "cancelling"


# Rules


async def test_a_rule_takes_the_requests_that_fit(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """By method, path, operation and any other condition; it counts the matches, and the faults that it played."""
    rules = [
        Rule("status", operation="getRun"),
        Rule("status", path="*/messages", method="POST"),
        Rule("status", when=lambda seen: "x-odd" in seen.headers),
    ]
    for rule in rules:
        faulty.add(rule)
    assert list(faulty.rules) == rules
    view = plain(client)
    await failing(view.runs.retrieve(ids.thread, ids.run))
    await view.messages.list(ids.thread)
    await failing(view.messages.create(ids.thread, role="user", content="a"))
    await view.assistants.retrieve(ids.assistant)
    await failing(view.with_options(headers={"X-Odd": "1"}).assistants.retrieve(ids.assistant))
    assert [(rule.matched, rule.played) for rule in rules] == [(1, 1)] * 3
    assert repr(rules[0]) == "<Rule status, played to 1 of 1>"
    faulty.remove(rules[0])
    assert await view.runs.retrieve(ids.thread, ids.run)
    with pytest.raises(ValueError, match="not in list"):
        faulty.remove(rules[0])


@pytest.mark.parametrize(
    ("conditions", "played"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 3}, [3]),
        ({"every": 2}, [2, 4, 6]),
        ({"times": 2}, [1, 2]),
        ({"every": 2, "times": 1}, [2]),
        ({"probability": 0.0}, []),
        ({"probability": 0.5}, [3, 4, 6]),
    ],
    ids=str,
)
async def test_a_rule_counts(
    conditions: dict[str, Any], played: list[int], faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """The requests that get the fault, out of six; chance is the same in every run, by the server's seed."""
    rule = faulty.add("status", **conditions)
    failed: list[int] = []
    for number in range(1, 7):
        try:
            await plain(client).assistants.retrieve(ids.assistant)
        except ServerError:
            failed.append(number)
    assert failed == played
    assert (rule.matched, rule.played) == (6, len(played))


async def test_the_first_rule_that_takes_a_request_plays(server: AssistantsServer, ids: Ids) -> None:
    """Later rules do not see the request; rules can be given with the server."""
    first, second = Rule("status", times=1), Rule(named("status", code=400))
    async with (
        FaultyServer(server, [first, second]) as faulty,
        AssistantsClient(base_url=faulty.base_url, retry=None) as client,
    ):
        assert type(await failing(client.assistants.retrieve(ids.assistant))) is ServerError
        assert type(await failing(client.assistants.retrieve(ids.assistant))) is BadRequestError
    assert (first.matched, second.matched) == (2, 1)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Rule("stauts"), "unknown fault 'stauts', did you mean 'status'?"),
        (lambda: Rule("q"), "unknown fault 'q'; FAULTS has all names"),
        (lambda: Rule("status", operation="getRum"), "no operation 'getRum'"),
        (lambda: Rule("status", nth=0), "must be 1 or more"),
        (lambda: Rule("status", every=0), "must be 1 or more"),
        (lambda: Rule("status", probability=1.5), "from 0 to 1"),
        (lambda: named("status", kode=1), "the fault status has no parameter 'kode'; it has code, message, n"),
        (lambda: named("status", code="many"), "takes a number from 0 as code, not 'many'"),
        (lambda: named("status", code=-1), "takes a number from 0 as code, not -1"),
        (lambda: named("status", n=0), "takes a whole number from 1 as n, not 0"),
        (lambda: named("status", n="x"), "takes a whole number from 1 as n, not 'x'"),
    ],
)
def test_bad_rules_are_refused(make: Any, text: str) -> None:
    """At once, and by name."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the text follows
        make()
    assert text in str(caught.value)


async def test_a_rule_has_its_own_conditions(faulty: FaultyServer) -> None:
    """Others beside it would be lost."""
    with pytest.raises(TypeError, match="a Rule has its own conditions"):
        faulty.add(Rule("status"), nth=1)


async def test_a_port_can_be_chosen(server: AssistantsServer) -> None:
    """For clients that need to know it beforehand."""
    async with FaultyServer(server) as first:
        port = int(first.base_url.split(":")[2].split("/")[0])
    async with FaultyServer(server, port=port) as second:
        assert second.base_url == first.base_url == f"http://127.0.0.1:{port}/v1"


def test_an_address_is_there_once_it_is_entered() -> None:
    """Before, the error says so."""
    with pytest.raises(RuntimeError, match="before it is entered"):
        _ = FaultyServer(AssistantsServer()).base_url


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.operation)
@pytest.mark.parametrize("prefix", ["/v1", "/openai", "/openai/v1", "/api/projects/p-1"])
def test_every_operation_is_known_by_its_path(prefix: str, row: Any) -> None:
    """Under every prefix of the embedded server."""
    path = row.path.format_map(dict.fromkeys(row.parameters, "id_1"))
    assert operation_of(row.method, prefix + path) == row.operation
    assert operation_of(row.method, prefix + path + "/more/and/more") is None


# Requests that ask


async def test_a_request_can_choose_its_fault(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """By a header, with parameters; `n` counts requests with the same text, `id` separates them."""
    for wish in ("status; code=502; n=2; id=1", "status;code=502;n=2;id=2"):
        view = client.with_options(headers={HEADER: wish})
        _, http = await view.assistants.retrieve(ids.assistant).response()
        assert http.attempts == 3
    assert [seen.fault for seen in faulty.seen] == ["status", "status", None] * 2
    error = await failing(plain(client).with_options(headers={HEADER: "reset_mid_body;"}).threads.create())
    assert type(error) is ConnectionLostError


@pytest.mark.parametrize("wish", ["", "nothing", "status; kode=1", "status; code=x", "status; code"])
async def test_an_unknown_fault_in_a_header_is_refused(
    wish: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """A 400 in the vendor's shape; the connection is kept."""
    error = await failing(client.with_options(headers={HEADER: wish}).assistants.create(model="gpt-4o"))
    assert isinstance(error, BadRequestError)
    assert error.param == HEADER
    assert "fault" in error.message
    assert await client.assistants.retrieve(ids.assistant)
    assert faulty.connections == 1


# Faults of one's own


async def test_a_function_can_be_a_fault(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """It sees the request, may ask the server, and answers as it likes."""

    async def rename(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await exchange.send(answer.holding(answer.body.replace(b"Ada", b"Eve")).whole)

    faulty.add(rename, times=1)
    assert (await client.assistants.retrieve(ids.assistant)).name == "Eve"
    assert (await client.assistants.retrieve(ids.assistant)).name == "Ada"
    assert [seen.fault for seen in faulty.seen] == ["rename", None]
    faulty.add(Fault("renaming", rename))
    assert (await client.assistants.retrieve(ids.assistant)).name == "Eve"
    assert faulty.seen[-1].fault == "renaming"


async def test_a_fault_that_fails_is_logged(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection is closed, and the server goes on."""

    async def broken(exchange: Exchange) -> None:
        raise KeyError(exchange.seen.method)

    rule = faulty.add(broken)
    assert type(await failing(plain(client).assistants.retrieve(ids.assistant))) is ConnectionLostError
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "a fault failed"
    assert record.exc_info is not None
    faulty.remove(rule)
    assert await client.assistants.retrieve(ids.assistant)


async def test_a_server_that_has_gone_is_a_connection_that_ends(
    server: AssistantsServer, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """The server behind is gone, and the client sees its connection end."""
    await server.close()
    assert type(await failing(plain(client).assistants.retrieve(ids.assistant))) is ConnectionLostError


# Connections


async def test_a_reset_is_a_reset(faulty: FaultyServer) -> None:
    """The other side sees RST, after the bytes that were sent before it; a close is an end of file."""
    host, port = faulty.base_url.split("/")[2].split(":")
    for name, wanted in (("reset_after_headers", ConnectionResetError), ("truncated_content_length", None)):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /v1/assistants HTTP/1.1\r\nhost: {host}\r\nx-fault: {name}\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        got: type[Exception] | None = None
        try:
            await reader.read()
        except ConnectionResetError as error:
            got = type(error)
        writer.close()
        assert got is wanted


async def test_a_client_that_leaves_ends_its_task(faulty: FaultyServer) -> None:
    """At any place: before a request, inside one, inside a fault, and inside its answer."""
    host, port = faulty.base_url.split("/")[2].split(":")
    head = b"GET /v1/assistants HTTP/1.1\r\nhost: {host}\r\nx-fault: never_answer\r\n\r\n"
    for sent in (b"", head[:20], b"POST /v1/threads HTTP/1.1\r\ncontent-length: 9\r\n\r\n{}", head):
        for cut in (False, True):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent)
            await until_open(faulty, 1)
            await asyncio.sleep(MS)
            if cut:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                writer.transport.abort()
            else:
                writer.close()
            await until_open(faulty, 0)
    assert faulty.connections == 8


async def test_leaving_the_block_ends_every_connection(server: AssistantsServer, ids: Ids) -> None:
    """Faults under way and idle connections alike."""
    async with FaultyServer(server) as faulty:
        faulty.add("never_answer", operation="getThread")
        idle, busy = (AssistantsClient(base_url=faulty.base_url, api_key=KEY, retry=None) for _ in range(2))
        await idle.assistants.retrieve(ids.assistant)
        call = asyncio.create_task(failing(busy.threads.retrieve(ids.thread)))
        while len(faulty.seen) < 2:  # there is no event for it
            await asyncio.sleep(MS)
    assert faulty.open_connections == 0
    assert type(await call) is ConnectionLostError
    await idle.close()
    await busy.close()


def test_every_fault_has_its_own_name() -> None:
    """None hides another."""
    assert {name: fault.name for name, fault in FAULTS.items()} == {name: name for name in FAULTS}
    assert len(FAULTS) > 130
