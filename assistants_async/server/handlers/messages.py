"""Messages, and protocol v1's files of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..engine.thread_items import files_of
from ..engine.tokens import text_of, tokens
from ..errors import invalid, missing
from ..requests.context import Context, Handler
from ..requests.pages import list_page, page
from ..storage.documents import deleted
from ..storage.interface import Document
from .attachments import check_searchable, make_searchable, require


async def create(context: Context) -> Document:
    """Serve `createMessage`; refused while the thread has an active run."""
    thread_id = context.ids["thread_id"]
    thread = await context.batch.get("thread", thread_id)
    run_id = await context.batch.active(thread_id)
    if run_id is not None:
        raise invalid(f"Can't add messages to {thread_id} while a run {run_id} is active.")
    await check_messages(context, [context.values], thread.get("tool_resources"))
    return context.render("message", (await add_messages(context, thread_id, [context.values]))[0])


async def retrieve(context: Context) -> Document:
    """Serve `getMessage`."""
    return context.render("message", await _find(context))


async def modify(context: Context) -> Document:
    """Serve `modifyMessage`."""
    document = await _find(context)
    if "metadata" in context.values:
        document = {**document, "metadata": context.values["metadata"]}
        context.batch.save("message", document, document["thread_id"])
    return context.render("message", document)


async def delete(context: Context) -> Document:
    """Serve `deleteMessage`; refused while the thread has an active run."""
    document = await _find(context)
    thread_id = context.ids["thread_id"]
    run_id = await context.batch.active(thread_id)
    if run_id is not None:
        raise invalid(f"Can't delete messages from {thread_id} while a run {run_id} is active.")
    context.batch.remove("message", document["id"], thread_id)
    return deleted("thread.message.deleted", document["id"])


async def index(context: Context) -> Document:
    """Serve `listMessages`."""
    thread = await context.batch.get("thread", context.ids["thread_id"])
    return await page(context, "message", thread["id"], ref=context.values.get("run_id"))


async def retrieve_file(context: Context) -> Document:
    """Serve `getMessageFile`."""
    file_id = context.ids["file_id"]
    for file in _files(await _find(context)):
        if file["id"] == file_id:
            return context.render("message_file", file)
    raise missing("message_file", file_id)


async def list_files(context: Context) -> Document:
    """Serve `listMessageFiles`."""
    files = [context.render("message_file", file) for file in _files(await _find(context))]
    return list_page("message_file", files, context.values)


async def check_messages(
    context: Context, messages: Sequence[Mapping[str, Any]], resources: Mapping[str, Any] | None, path: str = ""
) -> None:
    """Check what messages in a request name, before any of them is kept: files, and the vector store of the thread.

    `resources` are the thread's `tool_resources`.
    """
    for place, message in enumerate(messages):
        at = f"{path}[{place}].content" if path else "content"
        content: str | list[Document] = message["content"]
        # The vendor's servers refuse it, though no document sets a least length.
        if content == "":
            raise invalid("Message content must be non-empty.", at, "invalid_value")
        await require(context, message.get("file_ids") or ())
        if attachments := message.get("attachments"):
            await require(context, [given["file_id"] for given in attachments if "file_id" in given])
            await check_searchable(context, resources, attachments)
        if isinstance(content, list):
            await require(context, [part["image_file"]["file_id"] for part in content if part["type"] == "image_file"])


async def add_messages(context: Context, thread_id: str, messages: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Put messages from a request at the end of a thread."""
    # Another process may delete the thread meanwhile: then the commit is refused.
    context.batch.guard("thread", thread_id)
    return [await _add(context, thread_id, message) for message in messages]


async def _add(context: Context, thread_id: str, message: Mapping[str, Any]) -> Document:
    state = context.state
    now = state.now
    document: Document = {
        "id": state.names.make("message"),
        "created_at": now,
        "completed_at": now,
        "thread_id": thread_id,
        "role": message["role"],
        "content": _content(message["content"]),
        "run_id": None,
        # A file that is named twice is attached once.
        "file_ids": list(dict.fromkeys(message.get("file_ids") or ())),
        "attachments": list(message.get("attachments") or ()),
        "metadata": message.get("metadata"),
    }
    # Counted once: a run on a thread of 4,000 messages spent 190 ms on counting them at each step (2026-11).
    document["tokens"] = len(tokens(text_of(document)))
    # A plain text, which most messages are, names none.
    is_plain = isinstance(message["content"], str) and not (document["file_ids"] or document["attachments"])
    if not is_plain and (files := files_of(document)):
        document["files"] = files
    context.batch.put("message", document, thread_id)
    if document["attachments"]:
        await make_searchable(context, thread_id, document["attachments"])
    return document


def _content(content: str | Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Turn the content of a request into that of an answer: a plain string becomes text with annotations."""
    if isinstance(content, str):
        return [_text(content)]
    return [_text(part["text"]) if part["type"] == "text" else part for part in content]


def _text(value: str) -> Document:
    # A list, never null: openai's clients iterate over it.
    return {"type": "text", "text": {"value": value, "annotations": []}}


async def _find(context: Context) -> Document:
    thread = await context.batch.get("thread", context.ids["thread_id"])
    return await context.batch.get("message", context.ids["message_id"], thread["id"])


def _files(message: Document) -> list[Document]:
    """The v1 files of a message, which are those that it was made with."""
    return [
        {"id": file_id, "created_at": message["created_at"], "message_id": message["id"]}
        for file_id in message.get("file_ids") or ()
    ]


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
