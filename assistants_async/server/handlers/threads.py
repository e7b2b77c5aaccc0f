"""Threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..requests.context import Context, Handler
from ..requests.pages import page
from ..storage.collection import Document
from ..storage.documents import deleted
from .attachments import tool_resources
from .messages import add_messages, check_messages


async def create(context: Context) -> Document:
    """Serve `createThread`."""
    return context.render("thread", make(context, context.values))


async def retrieve(context: Context) -> Document:
    """Serve `getThread`."""
    return context.render("thread", context.store.threads.get(context.ids["thread_id"]))


async def modify(context: Context) -> Document:
    """Serve `modifyThread`."""
    document = context.store.threads.get(context.ids["thread_id"])
    document.update(_members(context, context.values))
    context.store.threads.measure(document)
    return context.render("thread", document)


async def delete(context: Context) -> Document:
    """Serve `deleteThread`; its messages and runs go with it, an active run too."""
    thread_id = context.ids["thread_id"]
    context.store.threads.get(thread_id)
    # The active run first, or its task would write into documents that are gone.
    context.state.engine.drop(thread_id)
    context.store.forget_thread(thread_id)
    return deleted("thread.deleted", thread_id)


async def index(context: Context) -> Document:
    """Serve `listThreads`."""
    return page(context.store.threads, context.values, lambda document: context.render("thread", document))


def make(context: Context, values: Mapping[str, Any]) -> Document:
    """A new thread with its first messages; nothing is made where one of them is refused."""
    messages = values.get("messages") or ()
    check_messages(context, messages, values.get("tool_resources"), "messages")
    members = _members(context, values)
    state = context.state
    thread = context.store.threads.put({"id": state.names.make("thread"), "created_at": state.now, **members})
    add_messages(context, thread["id"], messages)
    return thread


def _members(context: Context, values: Mapping[str, Any]) -> Document:
    members: Document = {}
    if "metadata" in values:
        members["metadata"] = values["metadata"]
    if "tool_resources" in values:
        members["tool_resources"] = tool_resources(context, values["tool_resources"])
    return members


HANDLERS: Mapping[str, Handler] = {
    "listThreads": index,
    "createThread": create,
    "getThread": retrieve,
    "modifyThread": modify,
    "deleteThread": delete,
}
"""By operationId."""
