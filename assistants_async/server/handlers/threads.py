"""Threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..requests.context import Context, Handler
from ..requests.pages import page
from ..storage.documents import deleted
from ..storage.interface import Document
from .attachments import tool_resources
from .messages import add_messages, check_messages


async def create(context: Context) -> Document:
    """Serve `createThread`."""
    return context.render("thread", await make(context, context.values))


async def retrieve(context: Context) -> Document:
    """Serve `getThread`."""
    return context.render("thread", await context.batch.get("thread", context.ids["thread_id"]))


async def modify(context: Context) -> Document:
    """Serve `modifyThread`."""
    document = await context.batch.get("thread", context.ids["thread_id"])
    changed = context.batch.save("thread", {**document, **await _members(context, context.values)})
    return context.render("thread", changed)


async def delete(context: Context) -> Document:
    """Serve `deleteThread`; its messages and runs go with it, an active run too."""
    thread_id, batch = context.ids["thread_id"], context.batch
    await batch.get("thread", thread_id)
    for kind in ("run", "step", "message"):
        batch.clear(kind, thread_id)
    batch.remove("thread", thread_id)
    return deleted("thread.deleted", thread_id)


async def index(context: Context) -> Document:
    """Serve `listThreads`."""
    return await page(context, "thread")


async def make(context: Context, values: Mapping[str, Any]) -> Document:
    """A new thread with its first messages; nothing is made where one of them is refused."""
    messages = values.get("messages") or ()
    # Before anything is made: a refused message leaves no thread behind.
    await check_messages(context, messages, values.get("tool_resources"), "messages")
    members = await _members(context, values)
    state = context.state
    thread = context.batch.put("thread", {"id": state.names.make("thread"), "created_at": state.now, **members})
    await add_messages(context, thread["id"], messages)
    # Read again: attachments may have given the thread a vector store.
    return await context.batch.get("thread", thread["id"])


async def _members(context: Context, values: Mapping[str, Any]) -> Document:
    members: Document = {}
    if "metadata" in values:
        members["metadata"] = values["metadata"]
    if "tool_resources" in values:
        members["tool_resources"] = await tool_resources(context, values["tool_resources"])
    return members


HANDLERS: Mapping[str, Handler] = {
    "listThreads": index,
    "createThread": create,
    "getThread": retrieve,
    "modifyThread": modify,
    "deleteThread": delete,
}
"""By operationId."""
