"""Waiting for files and batches of vector stores, of which no end raises here."""

from __future__ import annotations

from typing import Any

from ..client import AssistantsClient
from ..errors import FileBatchError, StoreFileError
from .errors import translating
from .files import rewound
from .models import FileObject, VectorStoreFile, VectorStoreFileBatch, dressed
from .pending import Pending
from .resource import without_version


def waited(members: dict[str, Any]) -> dict[str, Any]:
    """Take the keywords of waiting out of those of a request, in seconds."""
    interval = members.pop("poll_interval_ms", None)
    limits = {"interval": None if interval is None else max(interval, 1) / 1000}
    # No time at all is a time-out at once, and none of the native limits.
    return limits | ({"deadline": max(members.pop("max_wait_seconds"), 1e-3)} if "max_wait_seconds" in members else {})


async def processed(client: AssistantsClient, store: str, file: str, **wait: Any) -> VectorStoreFile:
    """Poll a file of a store until the server is done with it; raises `TimeoutError` at a deadline."""
    try:
        with translating():
            native = await client.vector_stores.files.retrieve(store, file).poll(**wait)
    except StoreFileError as error:
        native = error.file
    made: VectorStoreFile = dressed(native)
    return made


async def batch_processed(client: AssistantsClient, store: str, batch: str, **wait: Any) -> VectorStoreFileBatch:
    """Poll a batch of files until the server is done with it."""
    try:
        with translating():
            native = await client.vector_stores.file_batches.retrieve(store, batch).poll(**wait)
    except FileBatchError as error:
        native = error.batch
    made: VectorStoreFileBatch = dressed(native)
    return made


async def uploaded(client: AssistantsClient, file: Any) -> FileObject:
    """Upload a file for assistants."""
    made: FileObject = await Pending(without_version(client).files.create(file=rewound(file), purpose="assistants"))
    return made
