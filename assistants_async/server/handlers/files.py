"""Files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from ..errors import invalid
from ..requests.context import Context, Handler
from ..requests.pages import page
from ..storage.collection import Document
from ..storage.documents import deleted

# In v2 this is the documented default; in v1 there is nothing to page by, so all of them come.
_DEFAULT_LIMIT = {"v1": 10**9, "v2": 10_000}


async def create(context: Context) -> Document:
    """Serve `createFile`."""
    upload, values = context.upload, context.values
    if upload is None:
        raise invalid("Missing required parameter: 'file'.", "file", "missing_required_parameter")
    document = keep(context, upload.filename, upload.content, values["purpose"], values.get("expires_after"))
    return context.render("file", document)


def keep(
    context: Context, filename: str, content: bytes, purpose: str, expires_after: Mapping[str, Any] | None
) -> Document:
    """A new file."""
    state = context.state
    document: Document = {
        "id": state.names.make("file"),
        "bytes": len(content),
        "created_at": state.now,
        "filename": filename,
        "purpose": purpose,
    }
    if expires_after is not None:
        document["expires_at"] = state.now + expires_after["seconds"]
    return context.store.keep_file(document, content)


async def retrieve(context: Context) -> Document:
    """Serve `retrieveFile`."""
    return context.render("file", context.store.files.get(context.ids["file_id"]))


async def delete(context: Context) -> Document:
    """Serve `deleteFile`; objects that name it keep its id."""
    file_id = context.ids["file_id"]
    context.store.forget_file(file_id)
    return deleted("file", file_id)


async def download(context: Context) -> web.StreamResponse:
    """Serve `downloadFile`: the bytes, whatever the purpose (the vendor refused some)."""
    document = context.store.files.get(context.ids["file_id"])
    return web.Response(
        body=context.store.contents[document["id"]],
        # Whatever somebody uploaded must not run as a page in a browser.
        headers={
            "content-disposition": _disposition(document["filename"]),
            "x-content-type-options": "nosniff",
        },
        content_type="application/octet-stream",
    )


async def index(context: Context) -> Document:
    """Serve `listFiles`; in protocol v1 it has one page and no members to page by."""
    purpose = context.values.get("purpose")
    listed = page(
        context.store.files,
        context.values,
        lambda document: context.render("file", document),
        keep=lambda document: purpose is None or document["purpose"] == purpose,
        limit=_DEFAULT_LIMIT[context.protocol],
    )
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
