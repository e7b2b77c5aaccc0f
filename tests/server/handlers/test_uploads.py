"""Uploads over HTTP: parts into a file, and everything that is refused."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import aiohttp
import pytest

from tests.support.talk import Document, Talk, talking

CONTENT = bytes(range(256)) * 4
HALVES = (CONTENT[:500], CONTENT[500:])
WANTED: Document = {"filename": "a.bin", "purpose": "assistants", "bytes": len(CONTENT), "mime_type": "text/plain"}


async def part(talk: Talk, upload: Document, content: bytes, name: str = "data") -> Any:
    """Send a part."""
    form = aiohttp.FormData()
    form.add_field(name, io.BytesIO(content), filename="part")
    return await talk("POST", f"/uploads/{upload['id']}/parts", data=form)


async def test_parts_become_a_file(talk: Talk) -> None:
    """In the order in which they are named, whichever came first."""
    upload = await talk.make("/uploads", {**WANTED, "expires_after": {"anchor": "created_at", "seconds": 3600}})
    assert (upload["object"], upload["status"]) == ("upload", "pending")
    assert upload["expires_at"] == upload["created_at"] + 3600
    second, first = [(await part(talk, upload, half)).document for half in reversed(HALVES)]
    assert (first["object"], first["upload_id"]) == ("upload.part", upload["id"])
    body = {"part_ids": [first["id"], second["id"]], "md5": hashlib.md5(CONTENT).hexdigest()}
    done = await talk.make(f"/uploads/{upload['id']}/complete", body)
    assert (done["status"], done["file"]["bytes"], done["file"]["filename"]) == ("completed", len(CONTENT), "a.bin")
    assert done["file"]["expires_at"] is not None
    assert (await talk("GET", f"/files/{done['file']['id']}/content")).content == CONTENT
    again = await talk("POST", f"/uploads/{upload['id']}/complete", body)
    assert again.error["message"] == f"The upload {upload['id']} is completed: it takes nothing more."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one, two: {"part_ids": [two, one], "md5": hashlib.md5(CONTENT).hexdigest()}, "out of order"),
        (lambda one, two: {"part_ids": [one]}, "500 bytes in all, and the upload was announced with 1024"),
        (lambda one, two: {"part_ids": [one, one]}, "stands there twice"),
        (lambda one, two: {"part_ids": [one, "part_none"]}, "no part 'part_none'"),
    ],
)
async def test_a_wrong_sum_of_parts_is_refused(talk: Talk, change: Any, message: str) -> None:
    """And the upload can still be completed rightly."""
    upload = await talk.make("/uploads", WANTED)
    one, two = [(await part(talk, upload, half)).document["id"] for half in HALVES]
    refused = await talk("POST", f"/uploads/{upload['id']}/complete", change(one, two))
    assert refused.status == 400
    assert message in refused.error["message"]
    assert (await talk.make(f"/uploads/{upload['id']}/complete", {"part_ids": [one, two]}))["status"] == "completed"


async def test_a_cancelled_upload_takes_nothing(talk: Talk) -> None:
    """Its parts are gone."""
    upload = await talk.make("/uploads", WANTED)
    await part(talk, upload, b"x")
    assert (await talk.make(f"/uploads/{upload['id']}/cancel"))["status"] == "cancelled"
    assert "is cancelled" in (await part(talk, upload, b"x")).error["message"]
    assert "is cancelled" in (await talk("POST", f"/uploads/{upload['id']}/cancel")).error["message"]


async def test_an_upload_expires_after_an_hour() -> None:
    """By the server's clock."""
    now = [1_000_000.0]
    async with talking(clock=lambda: now[0]) as talk:
        upload = await talk.make("/uploads", WANTED)
        now[0] += 3600
        assert "is expired" in (await part(talk, upload, b"x")).error["message"]


@pytest.mark.parametrize("size", [0, -1, 8 * 2**30 + 1])
async def test_a_size_past_the_limit_is_refused(talk: Talk, size: int) -> None:
    """8 GB is the most."""
    assert (await talk("POST", "/uploads", {**WANTED, "bytes": size})).error["param"] == "bytes"


async def test_a_part_needs_its_bytes(talk: Talk) -> None:
    """In a part of the form called `data`, at most 64 MB."""
    upload = await talk.make("/uploads", WANTED)
    assert (await part(talk, upload, b"x", name="file")).status == 400
    empty = aiohttp.FormData({}, default_to_multipart=True)
    empty.add_field("other", "x")
    assert (await talk("POST", f"/uploads/{upload['id']}/parts", data=empty)).status == 400
    assert (await part(talk, upload, bytes(64 * 2**20 + 1))).status == 413


async def test_a_form_without_parts_has_no_bytes(talk: Talk) -> None:
    """The error names the part that is missing."""
    upload = await talk.make("/uploads", WANTED)
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = await talk("POST", f"/uploads/{upload['id']}/parts", data=b"--b--\r\n", headers=headers)
    assert (answer.status, answer.error["param"]) == (400, "data")
