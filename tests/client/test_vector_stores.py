"""Vector stores and uploads on the wire: what each operation sends, what it refuses, and what it reads back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import IO, Any, cast

import pytest

from assistants_async import (
    AssistantsClient,
    Call,
    FileBatchError,
    FilesDeadlineError,
    PaginationError,
    ServerError,
    StoreFileError,
    TimedOutError,
    Timeout,
    Unknown,
    Upload,
    UploadPart,
    ValidationError,
    VectorStore,
    VectorStoreFile,
    VectorStoreFileBatch,
    WrongProtocolError,
)
from assistants_async.models import (
    FileContentPage,
    FileCounts,
    OtherChunkingStrategy,
    SearchPage,
    StaticChunking,
    StaticChunkingStrategy,
)
from tests.client.test_uploads import parts
from tests.conftest import MS
from tests.support.http_server import KEY, Wire, answer, failure, page, silent

STORE: dict[str, Any] = {"id": "vs_1", "object": "vector_store", "name": "FAQ", "status": "completed"}
STORE_FILE: dict[str, Any] = {"id": "file_1", "object": "vector_store.file", "status": "in_progress"}
DONE_FILE = {**STORE_FILE, "status": "completed"}
BATCH: dict[str, Any] = {"id": "vsfb_1", "object": "vector_store.files_batch", "status": "in_progress"}
UPLOAD: dict[str, Any] = {"id": "upload_1", "object": "upload", "status": "pending"}
PART: dict[str, Any] = {"id": "part_1", "object": "upload.part", "upload_id": "upload_1"}

_CHUNKING = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}
_FILTERS = {
    "type": "and",
    "filters": [
        {"type": "eq", "key": "lang", "value": "en"},
        {"type": "or", "filters": [{"type": "in", "key": "year", "value": [2025, 2026]}]},
    ],
}
_STORE = VectorStore(id="vs_1")
_FILE = VectorStoreFile(id="file_1")
_BATCH = VectorStoreFileBatch(id="vsfb_1")
_UPLOAD = Upload(id="upload_1")

Make = Callable[[AssistantsClient], Call[Any, Any]]

SENT: dict[str, tuple[Make, str, Any]] = {
    "create": (
        lambda client: client.vector_stores.create(
            name="FAQ",
            description="d",
            file_ids=[_FILE, "file_2"],
            expires_after={"anchor": "last_active_at", "days": 7},
            chunking_strategy=_CHUNKING,
            metadata={"a": "b"},
        ),
        "POST /vector_stores",
        {
            "name": "FAQ",
            "description": "d",
            "file_ids": ["file_1", "file_2"],
            "expires_after": {"anchor": "last_active_at", "days": 7},
            "chunking_strategy": _CHUNKING,
            "metadata": {"a": "b"},
        },
    ),
    "retrieve": (lambda client: client.vector_stores.retrieve(_STORE), "GET /vector_stores/vs_1", None),
    "modify": (
        lambda client: client.vector_stores.modify("vs_1", name=None, expires_after=None),
        "POST /vector_stores/vs_1",
        {"name": None, "expires_after": None},
    ),
    "delete": (lambda client: client.vector_stores.delete(_STORE), "DELETE /vector_stores/vs_1", None),
    "list": (lambda client: client.vector_stores.list(limit=5), "GET /vector_stores?limit=5", None),
    "search": (
        lambda client: client.vector_stores.search(
            _STORE,
            query=["a", "b"],
            filters=_FILTERS,
            max_num_results=50,
            rewrite_query=True,
            ranking_options={"ranker": "auto", "score_threshold": 0.5},
        ),
        "POST /vector_stores/vs_1/search",
        {
            "query": ["a", "b"],
            "filters": _FILTERS,
            "max_num_results": 50,
            "rewrite_query": True,
            "ranking_options": {"ranker": "auto", "score_threshold": 0.5},
        },
    ),
    "files.create": (
        lambda client: client.vector_stores.files.create(
            _STORE,
            file_id=_FILE,
            attributes={"a": 1, "b": True, "c": "x", "d": 0.5},
            chunking_strategy={"type": "auto"},
        ),
        "POST /vector_stores/vs_1/files",
        {
            "file_id": "file_1",
            "attributes": {"a": 1, "b": True, "c": "x", "d": 0.5},
            "chunking_strategy": {"type": "auto"},
        },
    ),
    "files.retrieve": (
        lambda client: client.vector_stores.files.retrieve(_STORE, _FILE),
        "GET /vector_stores/vs_1/files/file_1",
        None,
    ),
    "files.modify": (
        lambda client: client.vector_stores.files.modify("vs_1", "file_1", attributes=None),
        "POST /vector_stores/vs_1/files/file_1",
        {"attributes": None},
    ),
    "files.delete": (
        lambda client: client.vector_stores.files.delete("vs_1", "file_1"),
        "DELETE /vector_stores/vs_1/files/file_1",
        None,
    ),
    "files.list": (
        lambda client: client.vector_stores.files.list("vs_1", filter="failed", order="asc"),
        "GET /vector_stores/vs_1/files?filter=failed&order=asc",
        None,
    ),
    "files.content": (
        lambda client: client.vector_stores.files.content("vs_1", "file_1"),
        "GET /vector_stores/vs_1/files/file_1/content",
        None,
    ),
    "file_batches.create": (
        lambda client: client.vector_stores.file_batches.create(
            "vs_1", files=[{"file_id": "file_1", "attributes": {"a": "b"}}, {"file_id": "file_2"}]
        ),
        "POST /vector_stores/vs_1/file_batches",
        {"files": [{"file_id": "file_1", "attributes": {"a": "b"}}, {"file_id": "file_2"}]},
    ),
    "file_batches.retrieve": (
        lambda client: client.vector_stores.file_batches.retrieve(_STORE, _BATCH),
        "GET /vector_stores/vs_1/file_batches/vsfb_1",
        None,
    ),
    "file_batches.cancel": (
        lambda client: client.vector_stores.file_batches.cancel("vs_1", "vsfb_1"),
        "POST /vector_stores/vs_1/file_batches/vsfb_1/cancel",
        None,
    ),
    "file_batches.list_files": (
        lambda client: client.vector_stores.file_batches.list_files("vs_1", _BATCH, filter="completed", after="x"),
        "GET /vector_stores/vs_1/file_batches/vsfb_1/files?filter=completed&after=x",
        None,
    ),
    "uploads.create": (
        lambda client: client.uploads.create(
            filename="a.txt",
            purpose="assistants",
            bytes=3,
            mime_type="text/plain",
            expires_after={"anchor": "created_at", "seconds": 3600},
        ),
        "POST /uploads",
        {
            "filename": "a.txt",
            "purpose": "assistants",
            "bytes": 3,
            "mime_type": "text/plain",
            "expires_after": {"anchor": "created_at", "seconds": 3600},
        },
    ),
    "uploads.cancel": (lambda client: client.uploads.cancel(_UPLOAD), "POST /uploads/upload_1/cancel", None),
    "uploads.complete": (
        lambda client: client.uploads.complete(_UPLOAD, part_ids=[UploadPart(id="part_1"), "part_2"], md5="0" * 32),
        "POST /uploads/upload_1/complete",
        {"part_ids": ["part_1", "part_2"], "md5": "0" * 32},
    ),
}


@pytest.mark.parametrize("name", SENT)
async def test_each_operation_sends_what_the_documents_say(wire: Wire, client: AssistantsClient, name: str) -> None:
    """Method, path, query and body; objects stand for their ids."""
    make, target, body = SENT[name]
    wire.answer(answer({"id": "x_1", "data": []}))
    await make(client)
    assert f"{wire.last.method} {wire.last.target.removeprefix('/v1')}" == target
    assert (wire.last.json if wire.last.body else None) == body
    assert wire.last.header("openai-beta") == "assistants=v2"


@pytest.mark.parametrize("name", SENT)
async def test_protocol_v1_has_none_of_them(wire: Wire, name: str) -> None:
    """Each is refused by its name before anything is sent."""
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY, protocol="v1")
    full = name if name.startswith("uploads") else f"vector_stores.{name}"
    with pytest.raises(WrongProtocolError, match=rf"^{full}\(\) is in protocol v2 only"):
        SENT[name][0](client).close()
    assert wire.seen == []


async def test_a_part_is_a_form_with_its_bytes(wire: Wire, client: AssistantsClient) -> None:
    """Under the name that the documents give it, by the method and by the operation's id."""
    told: list[tuple[int, int | None]] = []

    def progress(sent: int, total: int | None) -> None:
        told.append((sent, total))

    wire.answer(answer(PART))
    part = await client.uploads.parts.create(_UPLOAD, data=b"\0abc", on_progress=progress)
    assert part == UploadPart(id="part_1", object="upload.part", upload_id="upload_1")
    assert wire.last.path == "/v1/uploads/upload_1/parts"
    assert parts(wire.last)["data"].get_payload(decode=True) == b"\0abc"
    assert told == [(4, 4)]
    await client.operation("addUploadPart", upload_id="upload_1", body={"data": b"d"})
    assert parts(wire.last)["data"].get_payload(decode=True) == b"d"


BAD: dict[str, tuple[Make, str]] = {
    "too many files": (
        lambda client: client.vector_stores.create(file_ids=["f"] * 501),
        r"vector_stores.create\(\): file_ids: expected `array` of length <= 500",
    ),
    "days": (
        lambda client: client.vector_stores.create(expires_after={"anchor": "last_active_at", "days": 366}),
        r"expires_after.days: expected `int` <= 365, not 366",
    ),
    "chunk size": (
        lambda client: client.vector_stores.create(
            chunking_strategy={"type": "static", "static": {"max_chunk_size_tokens": 99, "chunk_overlap_tokens": 1}}
        ),
        "max_chunk_size_tokens: expected `int` >= 100",
    ),
    "overlap": (
        lambda client: client.vector_stores.files.create(
            "vs_1",
            file_id="f",
            chunking_strategy={"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 51}},
        ),
        "at most half of `max_chunk_size_tokens`",
    ),
    "attributes": (
        lambda client: client.vector_stores.files.modify("vs_1", "f", attributes={str(n): n for n in range(17)}),
        "attributes: expected `object` of length <= 16",
    ),
    "attribute key": (
        lambda client: client.vector_stores.files.modify("vs_1", "f", attributes={"k" * 65: 1}),
        "expected `str` of length <= 64",
    ),
    "attribute text": (
        lambda client: client.vector_stores.files.modify("vs_1", "f", attributes={"k": "v" * 513}),
        "expected `str` of length <= 512",
    ),
    "attribute kind": (
        lambda client: client.vector_stores.files.modify("vs_1", "f", attributes={"k": None}),  # type: ignore[dict-item]
        "got `null`",
    ),
    "both": (
        lambda client: client.vector_stores.file_batches.create("vs_1", file_ids=["f"], files=[{"file_id": "f"}]),
        r"files: expected exactly one of `file_ids` and `files`, not \['file_ids', 'files'\]",
    ),
    "neither": (
        lambda client: client.vector_stores.file_batches.create("vs_1"),
        r"files: expected exactly one of `file_ids` and `files`, not \[\]",
    ),
    "batch": (
        lambda client: client.vector_stores.file_batches.create("vs_1", file_ids=["f"] * 2001),
        "file_ids: expected `array` of length <= 2000",
    ),
    "results": (
        lambda client: client.vector_stores.search("vs_1", query="q", max_num_results=51),
        "max_num_results: expected `int` <= 50",
    ),
    "no query": (
        lambda client: client.vector_stores.search("vs_1", query=[]),
        "query: expected `array` of length >= 1",
    ),
    "threshold": (
        lambda client: client.vector_stores.search("vs_1", query="q", ranking_options={"score_threshold": 1.1}),
        "ranking_options.score_threshold: expected `float` <= 1",
    ),
    "operator": (
        lambda client: client.vector_stores.search("vs_1", query="q", filters={"type": "equals", "key": "a"}),
        r"filters.type: invalid value 'equals'",
    ),
    "nested filter": (
        lambda client: client.vector_stores.search(
            "vs_1", query="q", filters={"type": "or", "filters": [{"type": "gt", "key": "a"}]}
        ),
        r"filters.filters\[0\]: object missing required field `value`",
    ),
    "part": (
        lambda client: client.uploads.parts.create("upload_1", data=cast("IO[bytes]", Zeros())),
        r"uploads.parts.create\(\): data: expected at most 67108864 bytes, not 67108865",
    ),
}


class Zeros:
    """A file that is one byte past a part's limit, without holding it."""

    def read(self, size: int = -1) -> bytes:
        """Nothing is read of it."""
        assert size == 0
        return b""

    def tell(self) -> int:
        """At its start."""
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Its end is where it says."""
        return 64 * 2**20 + 1 if whence else offset


@pytest.mark.parametrize("name", BAD)
async def test_documented_limits_hold_before_anything_is_sent(wire: Wire, client: AssistantsClient, name: str) -> None:
    """Each names the argument, the rule and the value."""
    make, text = BAD[name]
    with pytest.raises(ValidationError, match=text):
        make(client).close()
    assert wire.seen == []


async def test_a_client_that_does_not_validate_leaves_limits_to_the_server(wire: Wire) -> None:
    """The part's size too: 64 MiB and a byte are announced, and then the file gives none."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, validate=False) as client:
        call = client.uploads.parts.create("upload_1", data=cast("IO[bytes]", Zeros()))
        call.close()


# What comes back


async def test_both_spellings_of_a_batch_decode(wire: Wire, client: AssistantsClient) -> None:
    """As the schema has it, and as the vendor's servers send it."""
    counts = {"in_progress": 0, "completed": 2, "failed": 0, "cancelled": 0, "total": 2}
    for spelling in ("vector_store.file_batch", "vector_store.files_batch"):
        wire.answer(answer({"id": "b", "object": spelling, "status": "completed", "file_counts": counts}))
        batch = await client.vector_stores.file_batches.retrieve("vs_1", "b")
        counted = FileCounts(in_progress=0, completed=2, failed=0, cancelled=0, total=2)
        assert batch == VectorStoreFileBatch(id="b", object=spelling, status="completed", file_counts=counted)
        assert batch.is_terminal


async def test_chunking_strategies_decode_known_or_not(wire: Wire, client: AssistantsClient) -> None:
    """A strategy of the server's own is kept as it came."""
    sizes = StaticChunking(max_chunk_size_tokens=100, chunk_overlap_tokens=50)
    own = {"type": "semantic", "breaks": [1, 2]}
    for sent, read in (
        (_CHUNKING, StaticChunkingStrategy(static=sizes)),
        ({"type": "other"}, OtherChunkingStrategy()),
        (own, Unknown(raw=own)),
    ):
        wire.answer(answer({**STORE_FILE, "chunking_strategy": sent}))
        file = await client.vector_stores.files.retrieve("vs_1", "file_1")
        assert file.chunking_strategy == read
        assert file.to_dict()["chunking_strategy"] == sent


async def test_what_came_back_goes_in_again(wire: Wire, client: AssistantsClient) -> None:
    """A strategy and an expiry of answers are taken in requests."""
    store = {**STORE, "expires_after": {"anchor": "last_active_at", "days": 3}}
    wire.answer(answer({**STORE_FILE, "chunking_strategy": _CHUNKING}), answer(store))
    file = await client.vector_stores.files.retrieve("vs_1", "file_1")
    found = await client.vector_stores.retrieve("vs_1")
    assert file.chunking_strategy is not None
    assert not isinstance(file.chunking_strategy, OtherChunkingStrategy)
    assert found.expires_after is not None
    await client.vector_stores.create(chunking_strategy=file.chunking_strategy, expires_after=found.expires_after)
    assert wire.last.json == {"chunking_strategy": _CHUNKING, "expires_after": {"anchor": "last_active_at", "days": 3}}


async def test_an_expired_store_says_so(wire: Wire, client: AssistantsClient) -> None:
    """By its status."""
    wire.answer(answer({**STORE, "status": "expired"}), answer(STORE))
    assert (await client.vector_stores.retrieve("vs_1")).is_expired
    assert not (await client.vector_stores.retrieve("vs_1")).is_expired


# Lists that page by token


def found(*ids: str, **members: Any) -> bytes:
    """A page of search results."""
    results = [
        {"file_id": name, "score": 0.5, "content": [{"type": "text", "text": text} for text in (name, "more")]}
        for name in ids
    ]
    return answer({"object": "vector_store.search_results.page", "search_query": ["q"], "data": results, **members})


async def test_a_search_awaits_to_a_page(wire: Wire, client: AssistantsClient) -> None:
    """With the query as the server has it, be it a list or, as in the documents' example, one text."""
    wire.answer(found("a", has_more=True, next_page="t1"), found(search_query="one text"))
    page = await client.vector_stores.search("vs_1", query="q")
    assert isinstance(page, SearchPage)
    assert (page.search_query, page.has_more, page.next_page) == (("q",), True, "t1")
    assert page.data[0].text == "a\n\nmore"
    assert (await client.vector_stores.search("vs_1", query="q")).search_query == ("one text",)


async def test_a_search_iterates_to_its_end(wire: Wire, client: AssistantsClient) -> None:
    """The token goes back in the query, the body is the same each time; a page may be empty and have a next."""
    wire.answer(
        found("a", "b", has_more=True, next_page="t/1"),
        found(has_more=True, next_page="t2"),
        found("c", has_more=False, next_page="t3"),
    )
    call = client.vector_stores.search("vs_1", query="q", max_num_results=2)
    assert [result.file_id async for result in call] == ["a", "b", "c"]
    assert [seen.query for seen in wire.seen] == [{}, {"page": "t/1"}, {"page": "t2"}]
    assert [seen.json for seen in wire.seen] == [{"query": "q", "max_num_results": 2}] * 3


async def test_a_search_has_the_forms_of_every_list(wire: Wire, client: AssistantsClient) -> None:
    """Pages, the first item alone without a limit, items ahead of time, and elements of one page as they come."""
    pages = (found("a", has_more=True, next_page="t"), found("b"))
    wire.answer(*pages)
    assert [len(each.data) async for each in client.vector_stores.search("vs_1", query="q").pages()] == [1, 1]
    wire.answer(*pages)
    first = await client.vector_stores.search("vs_1", query="q").first()
    assert first is not None
    assert first.file_id == "a"
    assert wire.last.query == {}
    wire.answer(*pages)
    async with client.vector_stores.search("vs_1", query="q").prefetch() as items:
        assert [item.file_id async for item in items] == ["a", "b"]
    wire.answer(*pages)
    async with client.vector_stores.search("vs_1", query="q").stream() as channel:
        assert [item.file_id async for item in channel] == ["a"]


async def test_a_server_that_repeats_a_token_is_an_error(wire: Wire, client: AssistantsClient) -> None:
    """Instead of a list without end."""
    wire.answer(found("a", has_more=True, next_page="t"))
    with pytest.raises(PaginationError, match="repeated the cursor 't' after 1 items"):
        await client.vector_stores.search("vs_1", query="q").collect()


async def test_content_iterates_to_its_end(wire: Wire, client: AssistantsClient) -> None:
    """A server that does not say whether there is more says it by the token."""

    def texts(*texts: str, **members: Any) -> bytes:
        data = [{"type": "text", "text": text} for text in texts]
        return answer({"object": "vector_store.file_content.page", "data": data, **members})

    wire.answer(texts("a", "b", next_page="t1"), texts("c", next_page=None, has_more=False))
    call = client.vector_stores.files.content("vs_1", "file_1")
    assert [part.text async for part in call] == ["a", "b", "c"]
    assert [seen.query for seen in wire.seen] == [{}, {"page": "t1"}]
    wire.answer(texts("a"))
    page = await client.vector_stores.files.content("vs_1", "file_1")
    assert isinstance(page, FileContentPage)
    assert not page.is_empty


# Waiting


async def test_poll_waits_for_a_file(wire: Wire, client: AssistantsClient) -> None:
    """It asks for the file by its own path, as often as the server hints, until it has ended."""
    hint = str(MS * 1000)
    wire.answer(
        answer(STORE_FILE, openai_poll_after_ms=hint),
        answer({**STORE_FILE, "status": "reading"}, openai_poll_after_ms=hint),
        answer(DONE_FILE),
    )
    file = await client.vector_stores.files.create("vs_1", file_id="file_1").poll(deadline=5000 * MS)
    assert file.status == "completed"
    places = ["/v1/vector_stores/vs_1/files", *["/v1/vector_stores/vs_1/files/file_1"] * 2]
    assert [seen.path for seen in wire.seen] == places
    assert [seen.method for seen in wire.seen] == ["POST", "GET", "GET"]


async def test_poll_waits_for_a_file_that_is_there(wire: Wire, client: AssistantsClient) -> None:
    """`retrieve` polls as well, at an interval of the caller's."""
    wire.answer(answer(STORE_FILE), answer(DONE_FILE))
    file = await client.vector_stores.files.retrieve("vs_1", "file_1").poll(interval=MS)
    assert file.status == "completed"
    assert [seen.target for seen in wire.seen] == ["/v1/vector_stores/vs_1/files/file_1"] * 2


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_poll_raises_where_a_file_did_not_get_in(wire: Wire, client: AssistantsClient, status: str) -> None:
    """With the file and the server's reason."""
    problem = {"code": "unsupported_file", "message": "No text."}
    wire.answer(answer({**STORE_FILE, "status": status, "last_error": problem}))
    with pytest.raises(StoreFileError, match="No text") as caught:
        await client.vector_stores.files.create("vs_1", file_id="file_1").poll()
    assert (caught.value.file.status, caught.value.code) == (status, "unsupported_file")
    assert caught.value.__notes__ == [
        "while calling vector_stores.files.create: POST /vector_stores/{vector_store_id}/files"
    ]


async def test_poll_waits_for_a_batch(wire: Wire, client: AssistantsClient) -> None:
    """It asks for the batch until all its files are in."""
    whole = {**BATCH, "status": "completed", "file_counts": {"completed": 2, "failed": 0, "cancelled": 0, "total": 2}}
    wire.answer(answer(BATCH), answer(whole))
    batch = await client.vector_stores.file_batches.create("vs_1", file_ids=["a", "b"]).poll(interval=MS)
    assert batch.status == "completed"
    assert [seen.path for seen in wire.seen][1:] == ["/v1/vector_stores/vs_1/file_batches/vsfb_1"]


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_poll_raises_where_a_batch_is_not_whole(wire: Wire, client: AssistantsClient, status: str) -> None:
    """With the reason of each file, over all pages of them; a server that ignores the filter is no trouble."""
    ended = {**BATCH, "status": status, "file_counts": {"completed": 1, "failed": 2, "cancelled": 0, "total": 3}}
    failed = {"status": "failed", "last_error": {"code": "invalid_file", "message": "Torn."}}
    first = answer({"data": [{"id": "a", **failed}], "last_id": "a", "has_more": True})
    wire.answer(answer(ended), first, answer({"data": [{"id": "b", **failed}, DONE_FILE], "has_more": False}))
    with pytest.raises(FileBatchError, match=r"2 failed and 0 cancelled of 3 files; first a: Torn") as caught:
        await client.vector_stores.file_batches.create("vs_1", file_ids=["a", "b", "c"]).poll()
    assert caught.value.batch.status == status
    assert [file.id for file in caught.value.files] == ["a", "b"]
    assert [seen.path for seen in wire.seen][1:] == ["/v1/vector_stores/vs_1/file_batches/vsfb_1/files"] * 2
    assert wire.seen[1].query == {"limit": "100", "filter": "failed"}


async def test_a_batch_that_failed_is_told_without_reasons_too(wire: Wire, client: AssistantsClient) -> None:
    """Where the server cannot be asked for them, or not in time."""
    ended = answer({**BATCH, "status": "failed"})
    wire.answer(ended, failure(500))
    with pytest.raises(FileBatchError) as caught:
        await client.vector_stores.file_batches.retrieve("vs_1", "vsfb_1").poll()
    assert str(caught.value) == "batch vsfb_1 failed"
    assert isinstance(caught.value.__cause__, ServerError)
    wire.answer(ended, silent)
    with pytest.raises(FileBatchError) as caught:
        await client.vector_stores.file_batches.retrieve("vs_1", "vsfb_1").poll(deadline=50 * MS)
    assert isinstance(caught.value.__cause__, TimeoutError)


async def test_the_deadline_is_real(wire: Wire, client: AssistantsClient) -> None:
    """Between requests, and while one of them hangs; the error has what was seen last."""
    wire.answer(answer(STORE_FILE))
    with pytest.raises(FilesDeadlineError, match=r"still in_progress after") as caught:
        await client.vector_stores.files.create("vs_1", file_id="file_1").poll(deadline=30 * MS)
    assert caught.value.last == VectorStoreFile(id="file_1", object="vector_store.file", status="in_progress")
    assert caught.value.deadline == 30 * MS
    wire.answer(silent)
    with pytest.raises(FilesDeadlineError, match=r"file_batches\.create: unanswered after") as hung:
        await client.vector_stores.file_batches.create("vs_1", file_ids=["a"]).poll(deadline=30 * MS)
    assert hung.value.last is None


async def test_a_limit_of_one_request_stays_its_own_error(wire: Wire, client: AssistantsClient) -> None:
    """The deadline is the wait's, the time-out the request's."""
    wire.answer(silent)
    call = client.vector_stores.files.retrieve("vs_1", "file_1").with_options(timeout=Timeout(head=20 * MS))
    with pytest.raises(TimedOutError):
        await call.poll(deadline=10_000 * MS)


async def test_an_error_while_waiting_names_what_was_waited_for(wire: Wire, client: AssistantsClient) -> None:
    """The batch is at the server, and its id in the note is what finds it again; before it is made there is none."""
    wire.answer(answer(BATCH), failure(500))
    with pytest.raises(ServerError) as caught:
        await client.vector_stores.file_batches.create("vs_1", file_ids=["a"]).poll(interval=MS)
    assert caught.value.__notes__[-1] == "while waiting for vsfb_1, which was in_progress"
    wire.answer(failure(500))
    with pytest.raises(ServerError) as caught:
        await client.vector_stores.file_batches.create("vs_1", file_ids=["a"]).poll()
    assert len(caught.value.__notes__) == 1


async def test_a_time_out_of_the_callers_own_is_no_deadline(wire: Wire, client: AssistantsClient) -> None:
    """What a hook raises comes out as it is."""

    def refuse(_: object) -> None:
        raise TimeoutError("mine")

    wire.answer(answer(DONE_FILE))
    call = client.with_options(on_request=refuse).vector_stores.files.retrieve("vs_1", "file_1")
    with pytest.raises(TimeoutError, match="mine"):
        await call.poll(deadline=10_000 * MS)


async def test_cancelling_a_poll_gets_out_at_once(wire: Wire, client: AssistantsClient) -> None:
    """In the middle of its sleep."""
    wire.answer(answer(STORE_FILE))
    task = asyncio.create_task(client.vector_stores.files.retrieve("vs_1", "file_1").poll(interval=600))
    await wire.until_seen(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_poll_with_bad_seconds_is_refused(wire: Wire, client: AssistantsClient) -> None:
    """By name, before anything is sent; and a call polls once."""
    for seconds, kind in ((0, ValueError), (float("inf"), ValueError), ("5", ValueError), (True, ValueError)):
        call: Any = client.vector_stores.files.retrieve("vs_1", "file_1")
        with pytest.raises(kind, match=r"vector_stores.files.retrieve\(\): deadline must be"):
            await call.poll(deadline=seconds)
        with pytest.raises(kind, match="interval must be"):
            await call.poll(interval=seconds)
        call.close()
    assert wire.seen == []
    wire.answer(answer(DONE_FILE))
    call = client.vector_stores.files.retrieve("vs_1", "file_1")
    await call.poll()
    with pytest.raises(RuntimeError, match="only once"):
        await call.poll()


async def test_pages_of_ids_are_as_they_were(wire: Wire, client: AssistantsClient) -> None:
    """The lists of this module that page by ids go on behind the last one."""
    wire.answer(page("a", more=True), page("b"))
    assert [store.id async for store in client.vector_stores.list()] == ["a", "b"]
    assert wire.last.query == {"after": "a"}
