"""Assistants, and protocol v1's files of assistants."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import invalid
from ..requests.context import Context, Handler
from ..requests.pages import page
from ..storage.collection import Document
from ..storage.documents import deleted, given
from .attachments import link, require, tool_resources

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
    changes = _changes(context)
    document: Document = {"id": state.names.make("assistant"), "created_at": state.now, "tools": [], **changes}
    context.store.assistants.put(document)
    _replace_files(context, document)
    return context.render("assistant", document)


async def retrieve(context: Context) -> Document:
    """Serve `getAssistant`."""
    return context.render("assistant", _find(context))


async def modify(context: Context) -> Document:
    """Serve `modifyAssistant`."""
    document = _find(context)
    document.update(_changes(context))
    context.store.assistants.measure(document)
    _replace_files(context, document)
    return context.render("assistant", document)


async def delete(context: Context) -> Document:
    """Serve `deleteAssistant`; its runs stay, and go on."""
    document = context.store.assistants.remove(context.ids["assistant_id"])
    return deleted("assistant.deleted", document["id"])


async def index(context: Context) -> Document:
    """Serve `listAssistants`."""
    return page(context.store.assistants, context.values, lambda document: context.render("assistant", document))


async def create_file(context: Context) -> Document:
    """Serve `createAssistantFile`."""
    document = _find(context)
    file_id = context.values["file_id"]
    require(context, [file_id])
    shelf = context.store.attached(document["id"])
    if len(shelf) >= _MOST_FILES and file_id not in shelf:
        raise invalid(f"An assistant can have at most {_MOST_FILES} files.", "file_id")
    shelf.put({"id": file_id, "created_at": context.state.now, "assistant_id": document["id"]})
    document["file_ids"] = [file["id"] for file in shelf]
    return context.render("assistant_file", shelf.get(file_id))


async def retrieve_file(context: Context) -> Document:
    """Serve `getAssistantFile`."""
    shelf = context.store.attached(_find(context)["id"])
    return context.render("assistant_file", shelf.get(context.ids["file_id"]))


async def delete_file(context: Context) -> Document:
    """Serve `deleteAssistantFile`; the file itself stays."""
    document = _find(context)
    shelf = context.store.attached(document["id"])
    file = shelf.remove(context.ids["file_id"])
    document["file_ids"] = [file["id"] for file in shelf]
    return deleted("assistant.file.deleted", file["id"])


async def list_files(context: Context) -> Document:
    """Serve `listAssistantFiles`."""
    shelf = context.store.attached(_find(context)["id"])
    return page(shelf, context.values, lambda document: context.render("assistant_file", document))


def _find(context: Context) -> Document:
    return context.store.assistants.get(context.ids["assistant_id"])


def _changes(context: Context) -> Document:
    values = context.values
    changes = given(values, _MEMBERS)
    if "file_ids" in values:
        require(context, values["file_ids"])
        changes["file_ids"] = list(dict.fromkeys(values["file_ids"]))
    if "tool_resources" in values:
        changes["tool_resources"] = tool_resources(context, values["tool_resources"])
    return changes


def _replace_files(context: Context, document: Document) -> None:
    if "file_ids" in context.values:
        link(context, document, "assistant_id")


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
