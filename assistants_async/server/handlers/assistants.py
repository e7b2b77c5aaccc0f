"""Assistants, and protocol v1's files of assistants."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import invalid
from ..requests.context import Context, Handler
from ..requests.pages import page
from ..storage.documents import deleted, given
from ..storage.interface import Document
from .attachments import require, tool_resources

_MEMBERS = (
    "model",
    "name",
    "description",
    "instructions",
    "tools",
    "metadata",
    "temperature",
    "top_p",
    "response_format",
    "reasoning_effort",
)
_MOST_FILES = 20


async def create(context: Context) -> Document:
    """Serve `createAssistant`."""
    state = context.state
    changes = await _changes(context)
    document: Document = {"id": state.names.make("assistant"), "created_at": state.now, "tools": [], **changes}
    context.batch.put("assistant", document)
    await _replace_files(context, document)
    return context.render("assistant", document)


async def retrieve(context: Context) -> Document:
    """Serve `getAssistant`."""
    return context.render("assistant", await _find(context))


async def modify(context: Context) -> Document:
    """Serve `modifyAssistant`."""
    document = {**await _find(context), **await _changes(context)}
    context.batch.save("assistant", document)
    await _replace_files(context, document)
    return context.render("assistant", document)


async def delete(context: Context) -> Document:
    """Serve `deleteAssistant`; its runs stay, and go on."""
    document = await _find(context)
    context.batch.remove("assistant", document["id"])
    context.batch.clear("assistant_file", document["id"])
    return deleted("assistant.deleted", document["id"])


async def index(context: Context) -> Document:
    """Serve `listAssistants`."""
    return await page(context, "assistant")


async def create_file(context: Context) -> Document:
    """Serve `createAssistantFile`."""
    document = await _find(context)
    file_id = context.values["file_id"]
    await require(context, [file_id])
    # Without itself: a file that is attached already takes no further place.
    others = [file["id"] for file in await _files(context, document) if file["id"] != file_id]
    if len(others) >= _MOST_FILES:
        raise invalid(f"An assistant can have at most {_MOST_FILES} files.", "file_id")
    file = {"id": file_id, "created_at": context.state.now, "assistant_id": document["id"]}
    context.batch.put("assistant_file", file, document["id"])
    context.batch.save("assistant", {**document, "file_ids": [*others, file_id]})
    return context.render("assistant_file", file)


async def retrieve_file(context: Context) -> Document:
    """Serve `getAssistantFile`."""
    document = await _find(context)
    file = await context.batch.get("assistant_file", context.ids["file_id"], document["id"])
    return context.render("assistant_file", file)


async def delete_file(context: Context) -> Document:
    """Serve `deleteAssistantFile`; the file itself stays."""
    document = await _find(context)
    file = await context.batch.get("assistant_file", context.ids["file_id"], document["id"])
    context.batch.remove("assistant_file", file["id"], document["id"])
    left = [one["id"] for one in await _files(context, document)]
    context.batch.save("assistant", {**document, "file_ids": left})
    return deleted("assistant.file.deleted", file["id"])


async def list_files(context: Context) -> Document:
    """Serve `listAssistantFiles`."""
    return await page(context, "assistant_file", (await _find(context))["id"])


async def _find(context: Context) -> Document:
    return await context.batch.get("assistant", context.ids["assistant_id"])


async def _files(context: Context, document: Document) -> list[Document]:
    return await context.batch.all("assistant_file", document["id"])


async def _changes(context: Context) -> Document:
    values = context.values
    changes = given(values, _MEMBERS)
    if "file_ids" in values:
        await require(context, values["file_ids"])
        changes["file_ids"] = list(dict.fromkeys(values["file_ids"]))
    if "tool_resources" in values:
        changes["tool_resources"] = await tool_resources(context, values["tool_resources"])
    return changes


async def _replace_files(context: Context, document: Document) -> None:
    """Make the v1 files of an assistant those in its `file_ids`."""
    if "file_ids" not in context.values:
        return
    wanted: list[str] = document["file_ids"]
    there = [file["id"] for file in await _files(context, document)]
    for file_id in there:
        if file_id not in wanted:
            context.batch.remove("assistant_file", file_id, document["id"])
    for file_id in wanted:
        if file_id not in there:
            file = {"id": file_id, "created_at": context.state.now, "assistant_id": document["id"]}
            context.batch.put("assistant_file", file, document["id"])


HANDLERS: Mapping[str, Handler] = {
    "listAssistants": index,
    "createAssistant": create,
    "getAssistant": retrieve,
    "modifyAssistant": modify,
    "deleteAssistant": delete,
    "listAssistantFiles": list_files,
    "createAssistantFile": create_file,
    "getAssistantFile": retrieve_file,
    "deleteAssistantFile": delete_file,
}
"""By operationId."""
