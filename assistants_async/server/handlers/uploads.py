"""Uploads: files that come in parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import msgspec

from ..errors import invalid, too_large
from ..requests.context import Context, Handler
from ..requests.idempotency import whole
from ..storage.batch import Batch
from ..storage.blob_writer import BlobWriter
from ..storage.interface import Document
from .files import keep

# Seconds from an upload's creation to its expiry.
_LIFE = 3600
_MOST = 8 * 2**30
_MOST_OF_A_PART = 64 * 2**20


async def create(context: Context) -> Document:
    """Serve `createUpload`."""
    values, state = context.values, context.state
    if not 0 < values["bytes"] <= _MOST:
        raise invalid(f"Invalid 'bytes': expected a number from 1 to {_MOST}, not {values['bytes']}.", "bytes")
    upload: Document = {
        "id": state.names.make("upload"),
        "created_at": state.now,
        "expires_at": state.now + _LIFE,
        "status": "pending",
        "expires_after": values.get("expires_after"),
        **{name: values[name] for name in ("filename", "bytes", "purpose", "mime_type")},
    }
    return context.render("upload", context.batch.put("upload", upload))


async def cancel(context: Context) -> Document:
    """Serve `cancelUpload`; its parts go."""
    upload = {**await _pending(context), "status": "cancelled"}
    await _forget_parts(context, upload)
    return context.render("upload", context.batch.save("upload", upload))


async def complete(context: Context) -> Document:
    """Serve `completeUpload`: the parts, in the order that is given, are the file."""
    upload, batch = await _pending(context), context.batch
    part_ids: Sequence[str] = context.values["part_ids"]
    if len(set(part_ids)) != len(part_ids):
        raise invalid("Invalid 'part_ids': a part stands there twice.", "part_ids")
    parts = {part["id"]: part for part in await batch.all("part", upload["id"])}
    for part_id in part_ids:
        if part_id not in parts:
            raise invalid(f"Invalid 'part_ids': the upload has no part '{part_id}'.", "part_ids")
    size = sum(parts[part_id]["size"] for part_id in part_ids)
    if size != upload["bytes"]:
        message = f"The parts have {size} bytes in all, and the upload was announced with {upload['bytes']}."
        raise invalid(message, "part_ids")
    blob = batch.store.new_blob()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(blob.close)
        digest = await _join(batch, [parts[part_id]["blob"] for part_id in part_ids], blob)
        wanted = context.values.get("md5")
        if wanted is not None and wanted.lower() != digest:
            raise invalid("The md5 of the parts is not the one that was given: one is missing, or out of order.", "md5")
        file = keep(context, upload["filename"], blob, upload["purpose"], upload["expires_after"])
        await _forget_parts(context, upload)
        upload = {**upload, "status": "completed", "file": context.render("file", file)}
        batch.save("upload", upload)
        answer = context.render("upload", upload)
        context.keep(whole(msgspec.json.encode(answer), context.headers))
        # Before the blob is closed, which throws away what no commit has kept.
        await batch.commit()
    return answer


async def add_part(context: Context) -> Document:
    """Serve `addUploadPart`; parts may come in any order, and at once."""
    upload, batch = await _pending(context), context.batch
    given = context.upload
    if given is None:
        raise invalid("Missing required parameter: 'data'.", "data", "missing_required_parameter")
    if given.blob.size > _MOST_OF_A_PART:
        raise too_large(_MOST_OF_A_PART)
    part: Document = {
        "id": context.state.names.make("part"),
        "created_at": context.state.now,
        "upload_id": upload["id"],
        "blob": batch.keep(given.blob),
        "size": given.blob.size,
    }
    # No part is added to an upload that is completed or cancelled at the same time.
    batch.guard("upload", upload["id"])
    return context.render("part", batch.put("part", part, upload["id"]))


async def _pending(context: Context) -> Document:
    batch = context.batch
    upload = await batch.get("upload", context.ids["upload_id"])
    if upload["status"] == "pending" and upload["expires_at"] <= context.state.now:
        upload = batch.save("upload", {**upload, "status": "expired"})
        await _forget_parts(context, upload)
        # The refusal below would take it back.
        await batch.commit()
    if upload["status"] != "pending":
        raise invalid(f"The upload {upload['id']} is {upload['status']}: it takes nothing more.")
    return upload


async def _forget_parts(context: Context, upload: Document) -> None:
    for part in await context.batch.all("part", upload["id"]):
        context.batch.drop(part["blob"])
    context.batch.clear("part", upload["id"])


async def _join(batch: Batch, parts: Sequence[str], blob: BlobWriter) -> str:
    """Write parts one behind the other into a blob and return the md5 of it all."""
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts:
        async for piece in batch.store.read_blob(part):
            digest.update(piece)
            await blob.write(piece)
    return digest.hexdigest()


HANDLERS: Mapping[str, Handler] = {
    "createUpload": create,
    "cancelUpload": cancel,
    "completeUpload": complete,
    "addUploadPart": add_part,
}
"""By operationId."""
