"""Messages, and protocol v1's files of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import invalid
from ..requests.context import Context, Handler
from ..requests.pages import page
from ..storage.collection import Document
from ..storage.documents import deleted
from .attachments import check_searchable, link, make_searchable, require


async def create(context: Context) -> Document:
    """Serve `createMessage`; refused while the thread has an active run."""
    thread_id = context.ids["thread_id"]
    thread = context.store.threads.get(thread_id)
    run = context.state.engine.active(thread_id)
    if run is not None:
        raise invalid(f"Can't add messages to {thread_id} while a run {run['id']} is active.")
    check_messages(context, [context.values], thread.get("tool_resources"))
    return context.render("message", add_messages(context, thread_id, [context.values])[0])


async def retrieve(context: Context) -> Document:
    """Serve `getMessage`."""
    return context.render("message", _find(context))


async def modify(context: Context) -> Document:
    """Serve `modifyMessage`."""
    document = _find(context)
    if "metadata" in context.values:
        document["metadata"] = context.values["metadata"]
        context.store.messages(document["thread_id"]).measure(document)
    return context.render("message", document)


async def delete(context: Context) -> Document:
    """Serve `deleteMessage`; refused while the thread has an active run."""
    document = _find(context)
    thread_id = context.ids["thread_id"]
    run = context.state.engine.active(thread_id)
    if run is not None:
        raise invalid(f"Can't delete messages from {thread_id} while a run {run['id']} is active.")
    context.store.messages(thread_id).remove(document["id"])
    return deleted("thread.message.deleted", document["id"])


async def index(context: Context) -> Document:
    """Serve `listMessages`."""
    return page(
        context.store.messages(context.ids["thread_id"]),
        context.values,
        lambda document: context.render("message", document),
        value=context.values.get("run_id"),
    )


async def retrieve_file(context: Context) -> Document:
    """Serve `getMessageFile`."""
    shelf = context.store.attached(_find(context)["id"])
    return context.render("message_file", shelf.get(context.ids["file_id"]))


async def list_files(context: Context) -> Document:
    """Serve `listMessageFiles`."""
    shelf = context.store.attached(_find(context)["id"])
    return page(shelf, context.values, lambda document: context.render("message_file", document))


def check_messages(
    context: Context, messages: Sequence[Mapping[str, Any]], resources: Mapping[str, Any] | None, path: str = ""
) -> None:
    """Check what messages in a request name, before any of them is kept: files, and the vector store of the thread.

    `resources` are the thread's `tool_resources`.
    """
    for place, message in enumerate(messages):
        at = f"{path}[{place}].content" if path else "content"
        content: str | list[Document] = message["content"]
        if content == "":
            raise invalid("Message content must be non-empty.", at, "invalid_value")
        require(context, message.get("file_ids") or ())
        require(context, (given["file_id"] for given in message.get("attachments") or () if "file_id" in given))
        check_searchable(context, resources, message.get("attachments") or ())
        parts = content if isinstance(content, list) else []
        require(context, (part["image_file"]["file_id"] for part in parts if part["type"] == "image_file"))


def add_messages(context: Context, thread_id: str, messages: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Put messages from a request at the end of a thread."""
    return [_add(context, thread_id, message) for message in messages]


def _add(context: Context, thread_id: str, message: Mapping[str, Any]) -> Document:
    state = context.state
    document: Document = {
        "id": state.names.make("message"),
        "created_at": state.now,
        "completed_at": state.now,
        "thread_id": thread_id,
        "role": message["role"],
        "content": _content(message["content"]),
        "run_id": None,
        "file_ids": list(dict.fromkeys(message.get("file_ids") or ())),
        "attachments": list(message.get("attachments") or ()),
        "metadata": message.get("metadata"),
    }
    context.store.messages(thread_id).put(document)
    link(context, document, "message_id")
    make_searchable(context, thread_id, document["attachments"])
    return document


def _content(content: str | Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Turn the content of a request into that of an answer: a plain string becomes text with annotations."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [
        {"type": "text", "text": {"value": part["text"], "annotations": []}} if part["type"] == "text" else part
        for part in parts
    ]


def _find(context: Context) -> Document:
    return context.store.messages(context.ids["thread_id"]).get(context.ids["message_id"])


HANDLERS: Mapping[str, Handler] = {
    "listMessages": index,
    "createMessage": create,
    "getMessage": retrieve,
    "modifyMessage": modify,
    "deleteMessage": delete,
    "listMessageFiles": list_files,
    "getMessageFile": retrieve_file,
}
"""By operationId."""
