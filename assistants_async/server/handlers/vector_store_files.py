"""Files of vector stores, one by one and in batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import invalid
from ..requests.context import Context, Handler
from ..requests.pages import list_page, page, token_page
from ..storage.batch import content_of
from ..storage.documents import deleted
from ..storage.interface import Document
from ..storage.vector_index import counted, take_out
from .attachments import require

_PART = 8_000
_PARTS = 10


async def create(context: Context) -> Document:
    """Serve `createVectorStoreFile`; a file that is in the store is read anew."""
    await require(context, [context.values["file_id"]])
    library, batch = context.state.library, context.batch
    store = await library.use(batch, context.ids["vector_store_id"])
    batch.guard("vector_store", store["id"])
    return _shown(context, await library.add(batch, store, context.values))


async def retrieve(context: Context) -> Document:
    """Serve `getVectorStoreFile`."""
    return _shown(context, await _find(context))


async def modify(context: Context) -> Document:
    """Serve `updateVectorStoreFileAttributes`."""
    file = {**await _find(context), "attributes": context.values["attributes"]}
    return _shown(context, context.batch.save("store_file", file, file["vector_store_id"]))


async def delete(context: Context) -> Document:
    """Serve `deleteVectorStoreFile`; the file itself stays."""
    file = await _find(context)
    take_out(context.batch, file, {"status": "cancelled"})
    return deleted("vector_store.file.deleted", file["id"])


async def index(context: Context) -> Document:
    """Serve `listVectorStoreFiles`."""
    store = await context.batch.get("vector_store", context.ids["vector_store_id"])
    return await _listed(context, store["id"])


async def content(context: Context) -> Document:
    """Serve `retrieveVectorStoreFileContent`: the text that was read, in parts."""
    file = await _find(context)
    if file["status"] == "in_progress":
        raise invalid(f"The file {file['id']} is still being processed.", "file_id")
    blob = file.get("text")
    text = "" if blob is None else (await content_of(context.batch.store, blob)).decode()
    # In parts: the text of a large file would be one line of many megabytes.
    parts = [{"type": "text", "text": text[start : start + _PART]} for start in range(0, len(text), _PART)]
    return {"object": "vector_store.file_content.page", **token_page(context, parts, _PARTS)}


# Batches


async def create_batch(context: Context) -> Document:
    """Serve `createVectorStoreFileBatch`; nothing is added where one of its files does not exist."""
    state, values = context.state, context.values
    alike = {name: values.get(name) for name in ("attributes", "chunking_strategy")}
    files: Sequence[Mapping[str, Any]] = values.get("files") or [
        # A file that is named twice is taken in once.
        {"file_id": file_id, **alike}
        for file_id in dict.fromkeys(values["file_ids"])
    ]
    await require(context, [file["file_id"] for file in files])
    store = await state.library.use(context.batch, context.ids["vector_store_id"])
    context.batch.guard("vector_store", store["id"])
    batch: Document = {
        "id": state.names.make("batch"),
        "created_at": state.now,
        "vector_store_id": store["id"],
        "cancelled": False,
    }
    context.batch.put("batch", batch, store["id"])
    for file in files:
        await state.library.add(context.batch, store, file, batch["id"])
    return await _shown_batch(context, batch)


async def retrieve_batch(context: Context) -> Document:
    """Serve `getVectorStoreFileBatch`."""
    return await _shown_batch(context, await _find_batch(context))


async def cancel_batch(context: Context) -> Document:
    """Serve `cancelVectorStoreFileBatch`; files that were read stay."""
    batch = await _find_batch(context)
    status = _status(batch, await _counts(context, batch))
    if status != "in_progress":
        raise invalid(f"Cannot cancel file batch with status '{status}'.")
    store_id = batch["vector_store_id"]
    batch = context.batch.save("batch", {**batch, "cancelled": True}, store_id)
    for file in await context.batch.all("store_file", store_id, batch["id"]):
        if file["status"] == "in_progress":
            context.batch.save("store_file", {**file, "status": "cancelled"}, store_id)
    return await _shown_batch(context, batch)


async def list_batch(context: Context) -> Document:
    """Serve `listFilesInVectorStoreBatch`."""
    batch = await _find_batch(context)
    left = await context.batch.all("batch_file", batch["id"])
    if not left:
        return await _listed(context, batch["vector_store_id"], batch["id"])
    # Files of the batch that have left the store, or came into it once more.
    there = await context.batch.all("store_file", batch["vector_store_id"], batch["id"])
    state = context.values.get("filter")
    files = [file for file in (*left, *there) if state is None or file["status"] == state]
    return list_page("store_file", [context.render("store_file", file) for file in files], context.values)


async def _counts(context: Context, batch: Document) -> Document:
    there = await context.batch.tally("store_file", batch["vector_store_id"], batch["id"])
    left = await context.batch.tally("batch_file", batch["id"])
    return counted(Counter(there.states) + Counter(left.states))


async def _shown_batch(context: Context, batch: Document) -> Document:
    counts = await _counts(context, batch)
    status = _status(batch, counts)
    if status == "in_progress":
        _hint(context)
    return context.render("batch", {**batch, "file_counts": counts, "status": status})


def _status(batch: Document, counts: Document) -> str:
    if batch["cancelled"]:
        return "cancelled"
    if counts["in_progress"]:
        return "in_progress"
    # One good file is enough: the counts say how many failed.
    return "failed" if counts["failed"] == counts["total"] else "completed"


async def _listed(context: Context, store_id: str, batch_id: str | None = None) -> Document:
    return await page(context, "store_file", store_id, ref=batch_id, state=context.values.get("filter"))


def _shown(context: Context, file: Document) -> Document:
    if file["status"] == "in_progress":
        _hint(context)
    return context.render("store_file", file)


def _hint(context: Context) -> None:
    context.headers["openai-poll-after-ms"] = str(max(1, round(1000 * context.state.settings.pace)))


async def _find(context: Context) -> Document:
    store = await context.batch.get("vector_store", context.ids["vector_store_id"])
    return await context.batch.get("store_file", context.ids["file_id"], store["id"])


async def _find_batch(context: Context) -> Document:
    store = await context.batch.get("vector_store", context.ids["vector_store_id"])
    return await context.batch.get("batch", context.ids["batch_id"], store["id"])


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
