"""Uploads: files that come in parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from ..errors import invalid, too_large
from ..requests.context import Context, Handler
from ..storage.collection import Document
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
    return context.render("upload", context.store.uploads.put(upload))


async def cancel(context: Context) -> Document:
    """Serve `cancelUpload`; its parts go."""
    upload = _pending(context)
    upload["status"] = "cancelled"
    context.store.forget_parts(upload["id"])
    return context.render("upload", upload)


async def complete(context: Context) -> Document:
    """Serve `completeUpload`: the parts, in the order that is given, are the file."""
    upload = _pending(context)
    part_ids: Sequence[str] = context.values["part_ids"]
    if len(set(part_ids)) != len(part_ids):
        raise invalid("Invalid 'part_ids': a part stands there twice.", "part_ids")
    parts = context.store.parts(upload["id"])
    for part_id in part_ids:
        if part_id not in parts:
            raise invalid(f"Invalid 'part_ids': the upload has no part '{part_id}'.", "part_ids")
    content = b"".join(context.store.contents[part_id] for part_id in part_ids)
    if len(content) != upload["bytes"]:
        message = f"The parts have {len(content)} bytes in all, and the upload was announced with {upload['bytes']}."
        raise invalid(message, "part_ids")
    wanted = context.values.get("md5")
    if wanted is not None and wanted.lower() != hashlib.md5(content, usedforsecurity=False).hexdigest():
        raise invalid("The md5 of the parts is not the one that was given: one is missing, or out of order.", "md5")
    file = keep(context, upload["filename"], content, upload["purpose"], upload["expires_after"])
    upload.update(status="completed", file=context.render("file", file))
    context.store.forget_parts(upload["id"])
    return context.render("upload", upload)


async def add_part(context: Context) -> Document:
    """Serve `addUploadPart`; parts may come in any order, and at once."""
    upload = _pending(context)
    given = context.upload
    if given is None:
        raise invalid("Missing required parameter: 'data'.", "data", "missing_required_parameter")
    if len(given.content) > _MOST_OF_A_PART:
        raise too_large(_MOST_OF_A_PART)
    part: Document = {
        "id": context.state.names.make("part"),
        "created_at": context.state.now,
        "upload_id": upload["id"],
    }
    context.store.keep_content(part["id"], given.content)
    return context.render("part", context.store.parts(upload["id"]).put(part))


def _pending(context: Context) -> Document:
    upload = context.store.uploads.get(context.ids["upload_id"])
    if upload["status"] == "pending" and upload["expires_at"] <= context.state.now:
        upload["status"] = "expired"
        context.store.forget_parts(upload["id"])
    if upload["status"] != "pending":
        raise invalid(f"The upload {upload['id']} is {upload['status']}: it takes nothing more.")
    return upload


HANDLERS: Mapping[str, Handler] = {
    "createUpload": create,
    "cancelUpload": cancel,
    "completeUpload": complete,
    "addUploadPart": add_part,
}
"""By operationId."""
