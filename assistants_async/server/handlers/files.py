"""Files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from ..errors import invalid
from ..requests.context import Context, Handler
from ..requests.pages import page
from ..storage.batch import content_of
from ..storage.blob_writer import BlobWriter
from ..storage.documents import deleted
from ..storage.interface import Document
from ..storage.memory import MemoryStore
from ..storage.vector_index import forget_file

# In v2 this is the documented default; in v1 there is nothing to page by, so all of them come.
# Bytes up to which a file is sent in one piece.
_SMALL = 2**20
_DEFAULT_LIMIT = {"v1": 10**9, "v2": 10_000}


async def create(context: Context) -> Document:
    """Serve `createFile`."""
    upload, values = context.upload, context.values
    if upload is None:
        raise invalid("Missing required parameter: 'file'.", "file", "missing_required_parameter")
    document = keep(context, upload.filename, upload.blob, values["purpose"], values.get("expires_after"))
    return context.render("file", document)


def keep(
    context: Context, filename: str, blob: BlobWriter, purpose: str, expires_after: Mapping[str, Any] | None
) -> Document:
    """A new file."""
    state = context.state
    document: Document = {
        "id": state.names.make("file"),
        "bytes": blob.size,
        "created_at": state.now,
        "filename": filename,
        "purpose": purpose,
        "blob": context.batch.keep(blob),
    }
    if expires_after is not None:
        document["expires_at"] = state.now + expires_after["seconds"]
    return context.batch.put("file", document)


async def retrieve(context: Context) -> Document:
    """Serve `retrieveFile`."""
    return context.render("file", await context.batch.get("file", context.ids["file_id"]))


async def delete(context: Context) -> Document:
    """Serve `deleteFile`; objects that name it keep its id."""
    file_id = context.ids["file_id"]
    await forget_file(context.batch, file_id)
    return deleted("file", file_id)


async def download(context: Context) -> web.StreamResponse:
    """Serve `downloadFile`: the bytes, whatever the purpose (the vendor refused some)."""
    document = await context.batch.get("file", context.ids["file_id"])
    # Whatever somebody uploaded must not run as a page in a browser.
    headers = {
        "content-disposition": _disposition(document["filename"]),
        "content-type": "application/octet-stream",
        "x-content-type-options": "nosniff",
    }
    store, size = context.batch.store, document["bytes"]
    if size <= _SMALL or isinstance(store, MemoryStore):
        return web.Response(body=await content_of(store, document["blob"]), headers=headers)
    response = web.StreamResponse(headers={**headers, "content-length": str(size)})
    await response.prepare(context.http)
    async for piece in store.read_blob(document["blob"]):
        await response.write(piece)
    await response.write_eof()
    return response


async def index(context: Context) -> Document:
    """Serve `listFiles`; in protocol v1 it has one page and no members to page by."""
    purpose, limit = context.values.get("purpose"), _DEFAULT_LIMIT[context.protocol]
    listed = await page(context, "file", state=purpose, limit=limit)
    return {"object": listed["object"], "data": listed["data"]} if context.protocol == "v1" else listed


def _disposition(filename: str) -> str:
    plain = "".join(letter if " " <= letter <= "~" and letter not in '"\\' else "_" for letter in filename)
    if plain == filename:
        return f'attachment; filename="{filename}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


HANDLERS: Mapping[str, Handler] = {
    "listFiles": index,
    "createFile": create,
    "retrieveFile": retrieve,
    "deleteFile": delete,
    "downloadFile": download,
}
"""By operationId."""
