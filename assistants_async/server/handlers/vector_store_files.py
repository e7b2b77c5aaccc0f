"""Files of vector stores, one by one and in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import invalid
from ..requests.context import Context, Handler
from ..requests.pages import page, token_page
from ..storage.collection import Collection, Document
from ..storage.documents import deleted
from ..storage.vector_index import counted
from .attachments import require

_PART = 8_000
_PARTS = 10


async def create(context: Context) -> Document:
    """Serve `createVectorStoreFile`; a file that is in the store is read anew."""
    require(context, [context.values["file_id"]])
    library = context.state.library
    return _shown(context, library.add(library.use(context.ids["vector_store_id"]), context.values))


async def retrieve(context: Context) -> Document:
    """Serve `getVectorStoreFile`."""
    return _shown(context, _find(context))


async def modify(context: Context) -> Document:
    """Serve `updateVectorStoreFileAttributes`."""
    file = _find(context)
    file["attributes"] = context.values["attributes"]
    return _shown(context, file)


async def delete(context: Context) -> Document:
    """Serve `deleteVectorStoreFile`; the file itself stays."""
    file = _files(context).remove(context.ids["file_id"])
    return deleted("vector_store.file.deleted", file["id"])


async def index(context: Context) -> Document:
    """Serve `listVectorStoreFiles`."""
    return _listed(context, _files(context))


async def content(context: Context) -> Document:
    """Serve `retrieveVectorStoreFileContent`: the text that was read, in parts."""
    file = _find(context)
    if file["status"] == "in_progress":
        raise invalid(f"The file {file['id']} is still being processed.", "file_id")
    text: str = file.get("text", "")
    parts = [{"type": "text", "text": text[start : start + _PART]} for start in range(0, len(text), _PART)]
    return {"object": "vector_store.file_content.page", **token_page(context, parts, _PARTS)}


# Batches


async def create_batch(context: Context) -> Document:
    """Serve `createVectorStoreFileBatch`; nothing is added where one of its files does not exist."""
    state, values = context.state, context.values
    alike = {name: values.get(name) for name in ("attributes", "chunking_strategy")}
    files: Sequence[Mapping[str, Any]] = values.get("files") or [
        {"file_id": file_id, **alike} for file_id in dict.fromkeys(values["file_ids"])
    ]
    require(context, (file["file_id"] for file in files))
    store = state.library.use(context.ids["vector_store_id"])
    batch: Document = {
        "id": state.names.make("batch"),
        "created_at": state.now,
        "vector_store_id": store["id"],
        "cancelled": False,
    }
    context.store.batches(store["id"]).put(batch)
    shelf = context.store.batch_files(batch["id"])
    for file in files:
        shelf.put(state.library.add(store, file))
    return _shown_batch(context, batch)


async def retrieve_batch(context: Context) -> Document:
    """Serve `getVectorStoreFileBatch`."""
    return _shown_batch(context, _find_batch(context))


async def cancel_batch(context: Context) -> Document:
    """Serve `cancelVectorStoreFileBatch`; files that were read stay."""
    batch = _find_batch(context)
    status = _status(batch, counted(context.store.batch_files(batch["id"])))
    if status != "in_progress":
        raise invalid(f"Cannot cancel file batch with status '{status}'.")
    batch["cancelled"] = True
    for file in context.store.batch_files(batch["id"]):
        if file["status"] == "in_progress":
            file["status"] = "cancelled"
    return _shown_batch(context, batch)


async def list_batch(context: Context) -> Document:
    """Serve `listFilesInVectorStoreBatch`."""
    return _listed(context, context.store.batch_files(_find_batch(context)["id"]))


def _shown_batch(context: Context, batch: Document) -> Document:
    counts = counted(context.store.batch_files(batch["id"]))
    status = _status(batch, counts)
    if status == "in_progress":
        _hint(context)
    return context.render("batch", {**batch, "file_counts": counts, "status": status})


def _status(batch: Document, counts: Document) -> str:
    if batch["cancelled"]:
        return "cancelled"
    if counts["in_progress"]:
        return "in_progress"
    return "failed" if counts["failed"] == counts["total"] else "completed"


def _listed(context: Context, shelf: Collection) -> Document:
    state = context.values.get("filter")
    return page(
        shelf,
        context.values,
        lambda file: context.render("store_file", file),
        keep=lambda file: state is None or file["status"] == state,
    )


def _shown(context: Context, file: Document) -> Document:
    if file["status"] == "in_progress":
        _hint(context)
    return context.render("store_file", file)


def _hint(context: Context) -> None:
    context.headers["openai-poll-after-ms"] = str(max(1, round(1000 * context.state.settings.pace)))


def _files(context: Context) -> Collection:
    return context.store.store_files(context.ids["vector_store_id"])


def _find(context: Context) -> Document:
    return _files(context).get(context.ids["file_id"])


def _find_batch(context: Context) -> Document:
    return context.store.batches(context.ids["vector_store_id"]).get(context.ids["batch_id"])


HANDLERS: Mapping[str, Handler] = {
    "listVectorStoreFiles": index,
    "createVectorStoreFile": create,
    "getVectorStoreFile": retrieve,
    "updateVectorStoreFileAttributes": modify,
    "deleteVectorStoreFile": delete,
    "retrieveVectorStoreFileContent": content,
    "createVectorStoreFileBatch": create_batch,
    "getVectorStoreFileBatch": retrieve_batch,
    "cancelVectorStoreFileBatch": cancel_batch,
    "listFilesInVectorStoreBatch": list_batch,
}
"""By operationId."""
