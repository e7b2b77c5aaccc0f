"""Vector stores and uploads on the wire: the requests of each operation, and their refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, cast

import pytest

from assistants_async import (
    AssistantsClient,
    Call,
    Upload,
    UploadPart,
    ValidationError,
    VectorStore,
    VectorStoreFile,
    VectorStoreFileBatch,
    WrongProtocolError,
)
from tests.calls.test_multipart_body import parts
from tests.support.http_server import KEY, Wire, answer
from tests.support.vector_stores import CHUNKING

UPLOAD: dict[str, Any] = {"id": "upload_1", "object": "upload", "status": "pending"}
PART: dict[str, Any] = {"id": "part_1", "object": "upload.part", "upload_id": "upload_1"}
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
            chunking_strategy=CHUNKING,
            metadata={"a": "b"},
        ),
        "POST /vector_stores",
        {
            "name": "FAQ",
            "description": "d",
            "file_ids": ["file_1", "file_2"],
            "expires_after": {"anchor": "last_active_at", "days": 7},
            "chunking_strategy": CHUNKING,
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
async def test_each_operation_sends_the_documented_request(wire: Wire, client: AssistantsClient, name: str) -> None:
    """Method, path, query and body; objects are sent as their ids."""
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
    reports: list[tuple[int, int | None]] = []

    def progress(sent: int, total: int | None) -> None:
        reports.append((sent, total))

    wire.answer(answer(PART))
    part = await client.uploads.parts.create(_UPLOAD, data=b"\0abc", on_progress=progress)
    assert part == UploadPart(id="part_1", object="upload.part", upload_id="upload_1")
    assert wire.last.path == "/v1/uploads/upload_1/parts"
    assert parts(wire.last)["data"].get_payload(decode=True) == b"\0abc"
    assert reports == [(4, 4)]
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
        "expected `bool | float | str`, not None",
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
        r"filters.type: expected 'eq', 'ne', .*not 'equals'",
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
    """A file that is one byte past a part's limit, without its bytes in memory."""

    def read(self, size: int = -1) -> bytes:
        """Nothing is read of it."""
        assert size == 0
        return b""

    def tell(self) -> int:
        """Return the start."""
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Its end is where it says."""
        return 64 * 2**20 + 1 if whence else offset


@pytest.mark.parametrize("name", BAD)
async def test_documented_limits_are_checked_before_anything_is_sent(
    wire: Wire, client: AssistantsClient, name: str
) -> None:
    """Each error names the argument, the rule and the value."""
    make, text = BAD[name]
    with pytest.raises(ValidationError, match=text):
        make(client).close()
    assert wire.seen == []


async def test_a_client_that_does_not_validate_leaves_limits_to_the_server(wire: Wire) -> None:
    """The part's size too: 64 MiB and a byte are announced, and then the file gives none."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, validate=False) as client:
        call = client.uploads.parts.create("upload_1", data=cast("IO[bytes]", Zeros()))
        call.close()
