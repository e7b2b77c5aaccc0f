"""Bodies that are no JSON, or hardly: as an answer, an error, a stream and an event each has its documented end."""

from __future__ import annotations

import base64
import json
import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from assistants_async import (
    AssistantsClient,
    AssistantsError,
    BadRequestError,
    DecodeError,
    ServerError,
    StreamError,
    Thread,
)
from tests.support.http_server import Wire, answer, raw
from tests.support.places import SHARED

SUITE = SHARED / "cases" / "json_suite.json"

OWN: dict[str, bytes] = {
    "nothing": b"",
    "space": b" \r\n\t",
    "HTML": b"<!DOCTYPE html><title>502 Bad Gateway</title>",
    "null": b"null",
    "an array": b'[{"id": "thread_1"}]',
    "a number": b"1",
    "a string": b'"thread_1"',
    "cut short": b'{"id": "thread_1", "metadata": {"a": "b',
    "followed by rubbish": b'{"id": "thread_1"} x',
    "two documents": b'{"id": "thread_1"}{"id": "thread_2"}',
    "UTF-16": '{"id": "thread_1"}'.encode("utf-16"),
    "invalid UTF-8": b'{"id": "thread_\xff"}',
    "an overlong slash": b'{"id": "thread_\xc0\xaf"}',
    "NaN": b'{"id": "thread_1", "created_at": NaN}',
    "a number past doubles": b'{"id": "thread_1", "created_at": 1e400}',
    "a lone surrogate": b'{"id": "thread_\\ud800"}',
    "deep": b'{"id": ' + b"[" * 100_000,
    "deep and whole": b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no id": b"{}",
    "an id that is a number": b'{"id": 1}',
    "single quotes": b"{'id': 'thread_1'}",
    "a comment": b'{"id": "thread_1" /* mine */}',
    "a comma too many": b'{"id": "thread_1",}',
}

READ: dict[str, tuple[bytes, Thread]] = {
    "a number past 64 bits": (
        b'{"id": "thread_1", "created_at": %d}' % 10**30,
        Thread(id="thread_1", created_at=10**30),
    ),
    "a byte order mark": (b'\xef\xbb\xbf{"id": "thread_1"}', Thread(id="thread_1")),
    "a member twice": (b'{"id": "thread_0", "id": "thread_1"}', Thread(id="thread_1")),
    "a float for a time": (b'{"id": "thread_1", "created_at": 5.0}', Thread(id="thread_1", created_at=5)),
    "a surrogate pair": (b'{"id": "thread_\\ud83d\\ude00"}', Thread(id="thread_\N{GRINNING FACE}")),
    "NUL": (b'{"id": "thread_\\u0000"}', Thread(id="thread_\0")),
    "space around": (b' \r\n{"id": "thread_1"}\r\n\t', Thread(id="thread_1")),
    "nulls": (b'{"id": "thread_1", "created_at": null, "metadata": null}', Thread(id="thread_1")),
    "unknown members": (b'{"id": "thread_1", "x": {"y": [1.5e3, null]}}', Thread(id="thread_1")),
    "a deep unknown member": (b'{"id": "thread_1", "x": ' + b"[" * 500 + b"]" * 500 + b"}", Thread(id="thread_1")),
}


@pytest.mark.parametrize(("body", "thread"), READ.values(), ids=READ.keys())
async def test_odd_bodies_that_are_read(wire: Wire, client: AssistantsClient, body: bytes, thread: Thread) -> None:
    """A body with only one possible meaning is read."""
    wire.answer(raw(body, content_type="application/json"))
    assert await client.threads.retrieve("thread_1") == thread


class Body(NamedTuple):
    """A body of the public suite or of ours."""

    name: str
    data: bytes
    readable: bool = True
    """True for a body that may be JSON, though no object of the protocol."""


def suite() -> list[Body]:
    """The public suite's cases; none where it is not at hand."""
    if not SUITE.is_file():
        return []
    cases = json.loads(SUITE.read_text(encoding="utf-8"))["cases"]
    return [Body(case["name"], _data(case), case["expect"] != "error") for case in cases]


def _data(case: dict[str, Any]) -> bytes:
    if "recipe" not in case:
        return base64.b64decode(case["base64"])
    part: dict[str, bytes] = {
        name: base64.b64decode(value) for name, value in case["recipe"].items() if name != "count"
    }
    return part["unit_base64"] * int(case["recipe"]["count"]) + part.get("suffix_base64", b"")


PUBLIC = suite()
absent = pytest.mark.skipif(not PUBLIC, reason="the public suite's cases are not at hand")
# Hundreds of bodies in a test each would take longer to set up than to send.
bodies = pytest.mark.parametrize(
    "bodies",
    [pytest.param([Body(*each) for each in OWN.items()], id="ours"), pytest.param(PUBLIC, id="public", marks=absent)],
)


@contextmanager
def named(body: Body) -> Iterator[None]:
    """Say which body it was."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"with the body {body.name!r}")
        raise


@bodies
async def test_as_an_answer(wire: Wire, client: AssistantsClient, bodies: list[Body]) -> None:
    """A `DecodeError` with the answer in it; by itself no such body is an object of the protocol."""
    for body in bodies:
        with named(body):
            wire.answer(raw(body.data, content_type="application/json", x_request_id="req_1"))
            with pytest.raises(DecodeError) as caught:
                await client.threads.retrieve("thread_1")
            is_well_formed(caught.value)
            assert caught.value.http.content == body.data
            assert caught.value.http.request_id == "req_1"
            assert caught.value.path.startswith("$")


@bodies
async def test_as_an_answer_of_any_type(wire: Wire, client: AssistantsClient, bodies: list[Body]) -> None:
    """A body that is no JSON is a `DecodeError` for any type."""
    for body in bodies:
        with named(body):
            wire.answer(raw(body.data, content_type="application/json"))
            try:
                await client.threads.retrieve("thread_1").as_type(object)
            except DecodeError as error:
                is_well_formed(error)
            else:
                assert body.readable


@bodies
async def test_as_a_part_of_an_answer(wire: Wire, client: AssistantsClient, bodies: list[Body]) -> None:
    """In a member that is read, or one that is not: a `DecodeError` or a thread, and nothing else."""
    for body in bodies:
        for member in (b"metadata", b"x", b"created_at"):
            with named(body):
                wire.answer(raw(b'{"id": "thread_1", "%b": %b}' % (member, body.data), content_type="application/json"))
                try:
                    thread = await client.threads.retrieve("thread_1")
                except DecodeError as error:
                    is_well_formed(error)
                else:
                    assert thread.id == "thread_1"
                    assert Thread.from_dict(thread.to_dict()) == thread


@bodies
@pytest.mark.parametrize(("status", "kind"), [(400, BadRequestError), (503, ServerError)])
async def test_as_an_error(
    wire: Wire, client: AssistantsClient, bodies: list[Body], status: int, kind: type[AssistantsError]
) -> None:
    """The class of the status, by itself and inside the vendor's shape: a body adds words to it or does not."""
    for body in bodies:
        for shape in (b"%b", b'{"error": %b}', b'{"error": {"message": %b, "code": %b}}'):
            with named(body):
                sent = shape.replace(b"%b", body.data)
                wire.answer(raw(sent, status, content_type="application/json"))
                with pytest.raises(kind) as caught:
                    await client.threads.retrieve("thread_1")
                assert type(caught.value) is kind
                is_well_formed(caught.value)


@bodies
@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson", "text/plain"])
async def test_as_a_stream(wire: Wire, client: AssistantsClient, bodies: list[Body], kind: str) -> None:
    """The stream ends with a `StreamError`, or well where there is nothing to read in it."""
    for body in bodies:
        with named(body):
            wire.answer(raw(body.data, content_type=kind))
            got: list[Thread] = []
            try:
                async with client.threads.retrieve("thread_1").stream() as channel:
                    got.extend([item async for item in channel])
            except (StreamError, DecodeError) as error:
                is_well_formed(error)
            assert all(type(item) is Thread for item in got)


@bodies
async def test_as_an_event(wire: Wire, client: AssistantsClient, bodies: list[Body]) -> None:
    """A `StreamError` behind the events before it, whatever the name of the event."""
    run = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "status": "queued"}
    first = b"event: thread.run.created\ndata: %b\n\n" % json.dumps(run).encode()
    for body in bodies:
        lines = body.data.replace(b"\r", b"\n").replace(b"\n", b"\ndata: ")
        for name in (b"thread.run.queued", b"error"):
            with named(body):
                sent = first + b"event: %b\ndata: %b\n\n" % (name, lines)
                wire.answer(raw(sent, content_type="text/event-stream"))
                async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
                    with pytest.raises(StreamError) as caught:
                        await channel.until_done()
                assert channel.items_delivered == 1
                is_well_formed(caught.value)


def is_well_formed(error: AssistantsError) -> None:
    """An error prints on one line of moderate length, and pickles."""
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", str(error))
    assert len(str(error)) < 1000
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


async def test_the_client_is_unharmed(wire: Wire, client: AssistantsClient) -> None:
    """Bad bodies one after another go over one connection, and a good one follows."""
    for body in OWN.values():
        wire.answer(raw(body, content_type="application/json"))
        with pytest.raises(DecodeError):
            await client.threads.retrieve("thread_1")
    wire.answer(answer({"id": "thread_1"}))
    assert (await client.threads.retrieve("thread_1")).id == "thread_1"
    assert wire.connections == 1
