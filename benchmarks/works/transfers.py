"""Files from and to the disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from assistants_async import AssistantsClient, File
from benchmarks.bodies import MB
from benchmarks.work import Hand, Work

_file = msgspec.json.Decoder(File).decode


@cache
def _folder() -> Path:
    """In memory where the system has such a place: the disk is not what is measured."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    Finalize(None, shutil.rmtree, (folder,), exitpriority=0)  # unlike atexit, also in workers
    return folder


@cache
def _path(megabytes: int) -> Path:
    path = _folder() / f"{megabytes}.bin"
    path.write_bytes(os.urandom(MB) * megabytes)
    return path


def _removed(path: Path) -> int:
    """Megabytes of a file, which is removed: one that is left would be charged to the client that replaces it."""
    size = path.stat().st_size // MB
    path.unlink()
    return size


async def _upload_by_hand(hand: Hand, count: int) -> int:
    with _path(count).open("rb") as file:
        form = aiohttp.FormData({"purpose": "assistants"})
        form.add_field("file", file, filename="a.bin", content_type="application/octet-stream")
        async with hand.session.post(f"{hand.url}/files", data=form) as response:
            _file(await response.read())
    return count


async def _upload(client: AssistantsClient, count: int) -> int:
    await client.files.create(file=_path(count), purpose="assistants")
    return count


async def _upload_by_peer(peer: Any, count: int) -> int:
    await peer.files.create(file=_path(count), purpose="assistants")
    return count


async def _download_by_hand(hand: Hand, _: int) -> int:
    target = _folder() / "hand.bin"
    async with hand.session.get(f"{hand.url}/files/file_1/content") as response:
        with target.open("wb") as file:  # blocking, as ours
            async for piece in response.content.iter_any():
                file.write(piece)
    return _removed(target)


async def _download(client: AssistantsClient, _: int) -> int:
    target = await client.files.content("file_1").save(_folder(), "ours.bin")
    return _removed(target)


async def _download_by_peer(peer: Any, _: int) -> int:
    target = _folder() / "peer.bin"
    async with peer.files.with_streaming_response.content("file_1") as response:
        await response.stream_to_file(target)
    return _removed(target)


WORKS = (
    Work(
        name="upload",
        title="upload of 200 MB",
        unit="MB",
        answer=lambda _: "file",
        count=200,
        quick=4,
        hand=_upload_by_hand,
        ours=_upload,
        peer=_upload_by_peer,
    ),
    Work(
        name="download",
        title="download of 200 MB",
        unit="MB",
        answer=lambda count: f"content-{count}",
        count=200,
        quick=4,
        hand=_download_by_hand,
        ours=_download,
        peer=_download_by_peer,
    ),
)
