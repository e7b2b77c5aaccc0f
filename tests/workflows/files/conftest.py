"""A server of files and vector stores, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.calls.test_multipart_body import parts
from tests.support.http_server import Seen, Wire, answer, failure
from tests.support.routes import Routes, made

STORE: dict[str, Any] = {"id": "vs_1", "object": "vector_store", "status": "completed"}
GONE = failure(404, "no such file")


class Store:
    """A server of one store: it keeps uploads, and indexes batches at once but for files named `bad`."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        """Name and content of each file that is there."""
        self.batches: list[dict[str, Any]] = []
        """The bodies of the batches, in order."""
        self.routes = Routes()
        self.routes.on("POST /files", made(self.upload))
        self.routes.on("DELETE /files/.*", made(self.delete))
        self.routes.on("GET /vector_stores/vs_1", answer(STORE))
        self.routes.on("DELETE /vector_stores/vs_1/files/.*", answer({"id": "file", "deleted": True}))
        self.routes.on("POST /vector_stores/vs_1/file_batches", made(self.take))
        self.routes.on("GET /vector_stores/vs_1/file_batches/.*/files", made(self.listed))

    def upload(self, seen: Seen) -> bytes:
        """Keep a file."""
        part = parts(seen)["file"]
        name = f"file_{part.get_filename()}"
        self.files[name] = (str(part.get_filename()), cast("bytes", part.get_payload(decode=True)))
        return answer({"id": name, "object": "file", "filename": part.get_filename()})

    def delete(self, seen: Seen) -> bytes:
        """Forget a file."""
        name = seen.path.rpartition("/")[2]
        return answer({"id": name, "deleted": True}) if self.files.pop(name, None) else GONE

    def take(self, seen: Seen) -> bytes:
        """Take a batch in."""
        self.batches.append(seen.json)
        return answer(self.batch(len(self.batches)))

    def batch(self, number: int, **members: Any) -> dict[str, Any]:
        """A batch as it has ended."""
        ids = self.ids(number)
        failed = sum("bad" in name for name in ids)
        counts = {"completed": len(ids) - failed, "failed": failed, "cancelled": 0, "total": len(ids)}
        return {"id": f"vsfb_{number}", "status": "completed", "file_counts": counts, **members}

    def ids(self, number: int) -> list[str]:
        """The files of a batch."""
        body = self.batches[number - 1]
        return body.get("file_ids") or [file["file_id"] for file in body["files"]]

    def listed(self, seen: Seen) -> bytes:
        """The files of a batch, those that are bad with a reason."""
        problem = {"code": "invalid_file", "message": "It is torn."}
        bad = {"status": "failed", "last_error": problem}
        ids = self.ids(int(seen.path.split("_")[-1].split("/")[0]))
        data = [{"id": name, **(bad if "bad" in name else {"status": "completed"})} for name in ids]
        return answer({"object": "list", "data": data, "has_more": False})


@pytest.fixture
def store(wire: Wire) -> Store:
    """A store on the wire."""
    made = Store()
    wire.answer(made.routes)
    return made


def write(folder: Path, *names: str) -> list[Path]:
    """Files whose content is their name."""
    for name in names:
        (folder / name).write_text(name, encoding="utf-8")
    return [folder / name for name in names]


async def pieces(*values: bytes) -> AsyncIterator[bytes]:
    """An iterator that ends."""
    for value in values:
        yield value
