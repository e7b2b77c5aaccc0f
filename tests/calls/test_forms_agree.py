"""The same values from awaiting a call and from its stream: the caller's own types, and empty answers."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from assistants_async import AssistantsClient, DecodeError, HTTPResponse, NotFoundError
from assistants_async.calls.pipe import open_pipe
from assistants_async.errors import ItemDecodeError, StreamTruncatedError
from assistants_async.models import Page, SearchPage
from tests.support.byte_server import Body, dumps, named, whole
from tests.support.http_server import Wire, answer, failure, raw
from tests.support.run_events import page

THREAD = {"id": "thread_1", "object": "thread", "mine": 5}
LIST = {"object": "list", "data": [{"id": "a", "mine": 1}, {"id": "b", "mine": 2}], "has_more": False}


class Mine(msgspec.Struct, frozen=True):
    """A model of the caller's own."""

    id: str
    mine: int = 0


class MyPage(Page[Mine], frozen=True, kw_only=True):
    """A page of the caller's own."""


class Problem(msgspec.Struct, frozen=True):
    """An error's body as the caller reads it."""

    error: dict[str, Any]


MINE = [Mine("a", 1), Mine("b", 2)]


async def items(call: Any, **keywords: Any) -> list[Any]:
    """Everything that a call's stream yields."""
    async with call.stream(**keywords) as channel:
        return [item async for item in channel]


async def pushed(call: Any, **keywords: Any) -> list[Any]:
    """Everything that a call pushes."""
    send, receive = open_pipe(math.inf)
    await call.into(send, **keywords)
    return [item async for item in receive]


def resolved(call: Any, kind: Any) -> Any:
    """The call with a hook that chooses the type."""
    return call.with_options(resolve_type=lambda operation, http: kind)


@pytest.mark.parametrize("way", ["as_type", "resolve_type"])
async def test_an_object_of_a_type_of_the_callers(wire: Wire, client: AssistantsClient, way: str) -> None:
    """Awaited, streamed and pushed."""

    def call() -> Any:
        made = client.threads.retrieve("t")
        return made.as_type(Mine) if way == "as_type" else resolved(made, Mine)

    wire.answer(answer(THREAD))
    assert await call() == Mine("thread_1", 5)
    assert await items(call()) == [Mine("thread_1", 5)]
    assert await pushed(call()) == [Mine("thread_1", 5)]


@pytest.mark.parametrize("kind", [Mine, dict, msgspec.Raw], ids=["model", "dict", "raw"])
@pytest.mark.parametrize("way", ["as_type", "resolve_type"])
async def test_a_list_stays_a_list(wire: Wire, client: AssistantsClient, way: str, kind: Any) -> None:
    """Its items have the type, in each of its forms, and it goes on over the pages."""

    def call(**keywords: Any) -> Any:
        made = client.threads.list(**keywords)
        return made.as_type(kind) if way == "as_type" else resolved(made, kind)

    wanted = [msgspec.convert(item, kind) if kind is not msgspec.Raw else item for item in LIST["data"]]  # type: ignore[attr-defined]  # a list

    def plain(found: Any) -> list[Any]:
        return [msgspec.json.decode(item) if kind is msgspec.Raw else item for item in found]

    wire.answer(answer(LIST))
    got = await call()
    assert (plain(got.data), got.has_more) == (wanted, False)
    assert plain(await items(call())) == wanted
    assert plain(await pushed(call())) == wanted
    (whole_page,) = await items(call(), pages=True)
    assert plain(whole_page.data) == wanted
    assert plain(await call().collect()) == wanted
    assert plain([await call().first()]) == wanted[:1]
    wire.answer(answer({**LIST, "has_more": True, "last_id": "b"}), answer(LIST))
    assert plain([item async for item in call(limit=2)]) == wanted * 2


async def test_a_page_type_of_the_callers_takes_the_place_of_the_page(wire: Wire, client: AssistantsClient) -> None:
    """In each of its forms; a page that is no `Page` keeps its own members."""
    wire.answer(answer(LIST))
    got: Any = await client.threads.list().as_type(MyPage)
    assert got == MyPage.from_dict(LIST)
    assert await items(client.threads.list().as_type(MyPage)) == MINE
    assert await items(client.threads.list().as_type(MyPage), pages=True) == [got]
    wire.answer(answer({**LIST, "search_query": ["q"]}))
    found: Any = await client.vector_stores.search("vs", query="q").as_type(Mine)
    assert issubclass(type(found), SearchPage)
    assert list(found.data) == MINE
    assert found.search_query == ("q",)
    wire.answer(answer(LIST))
    content: Any = await client.threads.list().as_type(bytes)
    assert msgspec.json.decode(content) == LIST


async def test_an_item_that_does_not_fit_is_an_error_in_each_form(wire: Wire, client: AssistantsClient) -> None:
    """Nothing of another type comes out in silence."""
    wire.answer(answer({"data": [{"id": "a", "mine": "x"}]}))
    with pytest.raises(DecodeError, match="mine"):
        await client.threads.list().as_type(Mine)
    with pytest.raises(DecodeError, match="mine"):
        await client.threads.list().as_type(Mine).collect()
    with pytest.raises(ItemDecodeError, match="mine"):
        await items(client.threads.list().as_type(Mine))
    wire.answer(answer({"error": {"message": "no"}}))
    with pytest.raises(Exception, match="no"):
        await client.threads.list().as_type(Mine)


async def test_resolve_type_sees_the_head_of_a_stream(wire: Wire, client: AssistantsClient) -> None:
    """It can choose by status and headers, and leave the type as it is."""
    seen: list[tuple[str, int, bytes]] = []

    def resolve(operation: str, http: HTTPResponse) -> Any:
        seen.append((operation, http.status, http.content))
        return Mine if http.headers.get("x-kind") == "mine" else None

    view = client.with_options(resolve_type=resolve)
    wire.answer(answer(LIST, 201, x_kind="mine"), answer({"data": named("a")}))
    assert await items(view.threads.list()) == MINE
    assert [type(item).__name__ for item in await items(view.threads.list())] == ["Thread"]
    assert seen == [("listThreads", 201, b""), ("listThreads", 200, b"")]


async def test_error_statuses_are_read_as_the_caller_says(wire: Wire, client: AssistantsClient) -> None:
    """With error statuses as answers; None without a type, or where the type does not fit."""
    view = client.with_options(raise_for_status=False)
    wire.answer(failure(404, "gone"))
    plain: Any = await view.threads.retrieve("t").response()
    assert (plain.value, plain.http.status) == (None, 404)
    problem: Any = await view.threads.retrieve("t").as_type(Problem)
    assert problem.error["message"] == "gone"
    by_status = view.with_options(resolve_type=lambda operation, http: Problem if http.status == 404 else None)
    chosen: Any = await by_status.threads.retrieve("t")
    assert chosen == problem
    listed: Any = await by_status.threads.list()
    assert listed == problem
    wire.answer(raw(b"<html>", 502, content_type="text/html"))
    assert await view.threads.retrieve("t").as_type(Problem) is None
    assert await by_status.threads.retrieve("t") is None
    wire.answer(failure(404, "gone"))
    with pytest.raises(NotFoundError):
        await client.threads.retrieve("t").as_type(Problem)


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_an_empty_answer_to_a_delete(wire: Wire, client: AssistantsClient, status: int) -> None:
    """The status says it all: None when awaited, no items in a stream."""
    wire.answer(b"HTTP/1.1 204 No Content\r\n\r\n" if status == 204 else raw(b"", status))
    deletes: list[Any] = [client.threads.delete, client.files.delete, client.vector_stores.delete]
    for delete in deletes:
        value, http = await delete("id_1").response()
        assert (value, http.status) == (None, status)
        assert await delete("id_1") is None
        assert await items(delete("id_1")) == []
        assert await pushed(delete("id_1")) == []


@pytest.mark.parametrize("body", [b"", b" \r\n", b"\xef\xbb\xbf"], ids=["empty", "blank", "mark"])
async def test_an_empty_answer_to_anything_else_is_an_error(wire: Wire, client: AssistantsClient, body: bytes) -> None:
    """Awaited and streamed, whole pages too."""
    wire.answer(whole(body))
    with pytest.raises(DecodeError, match="empty body"):
        await client.threads.list()
    for keywords in ({}, {"pages": True}):
        with pytest.raises(StreamTruncatedError, match="the body is empty"):
            await items(client.threads.list(), **keywords)
    wire.answer(whole(body, "application/x-ndjson"))
    assert await items(client.threads.list()) == []  # no line is no item


async def test_whole_pages_are_pushed(wire: Wire, client: AssistantsClient) -> None:
    """As they are streamed."""
    wire.answer(whole(page(*named("a", "b"))))
    awaited = await client.threads.list()
    assert await pushed(client.threads.list(), pages=True) == [awaited]
    assert await pushed(client.threads.list()) == list(awaited.data)


async def test_streamed_data_is_traced(wire: Wire, client: AssistantsClient) -> None:
    """As it comes, no character cut; an awaited answer is traced once, as before."""
    body = dumps({"id": "t", "metadata": {"name": "Øé"}})
    cut = body.index("Ø".encode()) + 1
    reports: list[tuple[str, str]] = []
    view = client.with_options(trace=lambda kind, text: reports.append((kind, text)))
    for form in (items, pushed):
        reports.clear()
        wire.answer(Body(body[:cut], body[cut:], kind="application/json"))
        await form(view.threads.retrieve("t"))
        assert "".join(text for kind, text in reports if kind == "DATA IN") == body.decode()
        assert "HEADER IN" in {kind for kind, _ in reports}
    reports.clear()
    wire.answer(whole(body))
    await view.threads.retrieve("t")
    assert [text for kind, text in reports if kind == "DATA IN"] == [body.decode()]


async def test_a_saved_file_is_traced(wire: Wire, client: AssistantsClient, tmp_path: Any) -> None:
    """Its content is data of the answer like any other."""
    reports: list[str] = []
    wire.answer(raw(b"abc"))
    view = client.with_options(trace=lambda kind, text: reports.append(text) if kind == "DATA IN" else None)
    await view.files.content("f").save(tmp_path)
    assert "".join(reports) == "abc"
