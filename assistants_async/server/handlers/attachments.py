"""Files that other objects name: they must exist, whichever way a version names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..requests.context import Context
from ..storage.interface import Document

# What the documents say of stores that are made so: "7 days after they were last active".
_FOR_A_THREAD = {"expires_after": {"anchor": "last_active_at", "days": 7}}


async def require(context: Context, file_ids: Iterable[str]) -> None:
    """Raise the 404 for the first of these files that does not exist."""
    for file_id in file_ids:
        await context.batch.get("file", file_id)


async def check_searchable(
    context: Context, resources: Mapping[str, Any] | None, attachments: Iterable[Mapping[str, Any]]
) -> None:
    """Raise where a thread with these `tool_resources` has no usable vector store for what a message attaches."""
    search: Mapping[str, Any] = (resources or {}).get("file_search") or {}
    named: Sequence[str] = search.get("vector_store_ids") or ()
    if named and any(_is_searched(attachment) for attachment in attachments):
        await context.state.library.usable(context.batch, named[0])


async def make_searchable(context: Context, thread_id: str, attachments: Iterable[Mapping[str, Any]]) -> None:
    """Put what messages attach for `file_search` into the thread's vector store, which is made for the first."""
    for attachment in attachments:
        if not _is_searched(attachment):
            continue
        batch, library = context.batch, context.state.library
        thread = await batch.get("thread", thread_id)
        resources: Document = thread.get("tool_resources") or {}
        search: Document = resources.get("file_search") or {}
        if not search.get("vector_store_ids"):
            search = {**search, "vector_store_ids": [(await library.make(batch, _FOR_A_THREAD))["id"]]}
            batch.save("thread", {**thread, "tool_resources": {**resources, "file_search": search}})
        store = await library.use(batch, search["vector_store_ids"][0])
        await library.add(batch, store, {"file_id": attachment["file_id"]})


def _is_searched(attachment: Mapping[str, Any]) -> bool:
    # Version 2 allows tools without a file.
    return "file_id" in attachment and any(tool["type"] == "file_search" for tool in attachment.get("tools") or ())


async def tool_resources(context: Context, given: Mapping[str, Any] | None) -> Document:
    """The `tool_resources` to keep: files exist, and an inline vector store has become one with an id.

    The headers of MCP servers are not kept, as they hold credentials.
    """
    resources: Document = dict(given or {})
    if "mcp" in resources:
        resources["mcp"] = [{name: one[name] for name in one if name != "headers"} for one in resources["mcp"]]
    if "code_interpreter" in resources:
        await require(context, resources["code_interpreter"].get("file_ids") or ())
    search = resources.get("file_search")
    if search and "vector_stores" in search:
        for inline in search["vector_stores"]:
            await require(context, inline.get("file_ids") or ())
        made = [await context.state.library.make(context.batch, inline) for inline in search["vector_stores"]]
        resources["file_search"] = {"vector_store_ids": [store["id"] for store in made]}
    return resources
