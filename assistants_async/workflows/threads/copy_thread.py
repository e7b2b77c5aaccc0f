"""A new thread with the messages of another."""

from __future__ import annotations

from typing import Any

from ...calls.context import CallContext
from ...core.requests.message_input import message_as_input
from ...endpoints import CREATE_MESSAGE, CREATE_THREAD, GET_THREAD, LIST_MESSAGES
from ...models.messages import Message
from ...models.threads import Thread

_PAGE = 100
_FIRST = 32
"""Messages that the vendor's servers took in the request that makes a thread."""


async def copy_of(context: CallContext, thread: Thread | str) -> Thread:
    """Make a thread like another; see `client.threads.copy`."""
    source = await context.call(GET_THREAD, thread)
    messages = [each async for each in context.list(LIST_MESSAGES, thread, order="asc", limit=_PAGE) if each.content]
    first: dict[str, Any] = {"messages": messages[:_FIRST]} if messages else {}
    made = await context.call(CREATE_THREAD, **_members(source), **first)
    try:
        for message in messages[_FIRST:]:
            await context.call(CREATE_MESSAGE, made, **_written(message))
    except BaseException as error:
        error.add_note(f"the copy {made.id} lacks messages: go on with it, or delete it")
        raise
    return made


def _members(source: Thread) -> dict[str, Any]:
    """Return the members of a thread that are its maker's to set, without those that are empty."""
    resources = {} if source.tool_resources is None else source.tool_resources.to_dict()
    kept = {name: value for name, value in resources.items() if value}
    members = {"metadata": source.metadata, "tool_resources": kept}
    return {name: value for name, value in members.items() if value}


def _written(message: Message) -> dict[str, Any]:
    members: dict[str, Any] = message_as_input(message)
    return members
