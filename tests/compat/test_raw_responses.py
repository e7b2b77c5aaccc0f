"""`with_raw_response` and `with_streaming_response`: the answer beside its value; and what files come as."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistants_async.compat import AsyncOpenAI, Message, NotFoundError, Thread
from tests.support.http_server import Wire, answer, failure, page, raw


async def test_an_answer_with_its_value(wire: Wire, old: AsyncOpenAI) -> None:
    """Head, body and value, under openai-python's names."""
    wire.answer(answer({"id": "msg_1", "role": "user"}, x_request_id="req_1"))
    got = await old.beta.threads.messages.with_raw_response.create("t", role="user", content="hi")
    assert type(got.parse()) is Message
    assert (got.status_code, got.method, got.url) == (200, "POST", f"{wire.base_url}/threads/t/messages")
    assert (got.headers["X-Request-Id"], got.request_id, got.retries_taken) == ("req_1", "req_1", 0)
    assert (got.content, got.text) == (b'{"id": "msg_1", "role": "user"}', '{"id": "msg_1", "role": "user"}')
    assert got.http_response.json() == {"id": "msg_1", "role": "user"}
    assert got.http_request == ("POST", got.url)
    assert got.elapsed == got.http_response.elapsed
    assert repr(got) == "<APIResponse [200] Message>"
    await got.http_response.aclose()
    assert got.is_closed


async def test_from_every_place(wire: Wire, old: AsyncOpenAI) -> None:
    """The view may be taken of the client, of a namespace, or of one within it."""
    wire.answer(answer({"id": "thread_1"}))
    for threads in (
        old.beta.threads.with_raw_response,
        old.beta.with_raw_response.threads,
        old.with_raw_response.beta.threads,
    ):
        assert type((await threads.retrieve("t")).parse()) is Thread
    with pytest.raises(AttributeError, match="create_and_poll"):
        _ = old.beta.threads.runs.with_raw_response.create_and_poll
    assert "retrieve" in dir(old.beta.threads.with_raw_response)


async def test_a_list_and_an_error(wire: Wire, old: AsyncOpenAI) -> None:
    """A list is its first page, which knows the next; an error is raised as ever."""
    wire.answer(page("a", more=True), page("b"))
    first = (await old.beta.assistants.with_raw_response.list()).parse()
    assert [item.id async for item in first] == ["a", "b"]
    wire.answer(failure(404))
    with pytest.raises(NotFoundError):
        await old.beta.assistants.with_raw_response.retrieve("a")


async def test_an_answer_at_its_head(wire: Wire, old: AsyncOpenAI) -> None:
    """Its body is read in the chosen form; an error is raised on entering."""
    data = b'{"id":\n"thread_1"}'
    wire.answer(raw(data, content_type="application/json", x_request_id="req_1"))
    threads = old.with_streaming_response.beta.threads
    async with threads.retrieve("t") as got:
        assert (got.status_code, got.request_id, got.headers["content-type"]) == (200, "req_1", "application/json")
        assert not got.is_closed
        assert type(await got.parse()) is Thread
        assert got.is_closed
        assert (await got.read(), await got.text(), await got.json()) == (data, data.decode(), {"id": "thread_1"})
    async with threads.retrieve("t") as got:
        assert [line async for line in got.iter_lines()] == ['{"id":', '"thread_1"}']
    async with threads.retrieve("t") as got:
        assert [piece async for piece in got.iter_bytes(10)] == [data[:10], data[10:]]
        await got.close()
    wire.answer(failure(404))
    with pytest.raises(NotFoundError):
        async with threads.retrieve("t"):
            raise AssertionError


async def test_lines_that_end(wire: Wire, old: AsyncOpenAI) -> None:
    """A last line end begins no line, and the one of Windows is none of the line."""
    wire.answer(raw(b"a\r\nb\n", content_type="text/plain"))
    async with old.files.with_streaming_response.content("f") as got:
        assert [line async for line in got.iter_lines()] == ["a", "b"]


async def test_a_file_to_disk(wire: Wire, old: AsyncOpenAI, tmp_path: Path) -> None:
    """Streamed, or read already: the same bytes."""
    wire.answer(raw(b"0123456789", content_type="application/octet-stream"))
    async with old.files.with_streaming_response.content("f") as got:
        await got.stream_to_file(tmp_path / "a")
    async with old.files.with_streaming_response.content("f") as got:
        assert await got.parse() == b"0123456789"
    content = await old.files.content("f")
    content.write_to_file(tmp_path / "b")
    content.stream_to_file(str(tmp_path / "c"))
    await content.astream_to_file(tmp_path / "d")
    assert {tmp_path.joinpath(name).read_bytes() for name in "abcd"} == {b"0123456789"}
    assert (content.read(), await content.aread(), content.text) == (b"0123456789", b"0123456789", "0123456789")
    assert list(content.iter_bytes()) == [b"0123456789"]
    assert [piece async for piece in content.aiter_bytes(6)] == [b"012345", b"6789"]
    assert [piece async for piece in await content.aiter_bytes()] == [b"0123456789"]  # as openai-python has it
    wire.answer(raw(b'{"a": 1}', content_type="application/json"))
    assert (await old.files.content("f")).json() == {"a": 1}
    assert await old.files.retrieve_content("f") == '{"a": 1}'
