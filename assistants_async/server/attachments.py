"""Files that other objects name: they must exist, whichever way a version names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .context import Context
from .store import Document


def require(context: Context, file_ids: Iterable[str]) -> None:
    """Raise the 404 for the first of these files that does not exist."""
    for file_id in file_ids:
        context.store.files.get(file_id)


def link(context: Context, document: Document, parent: str) -> None:
    """Make the v1 files of an assistant or message those in its `file_ids`; `parent` names it in theirs."""
    shelf = context.store.attached(document["id"])
    wanted: list[str] = document.get("file_ids") or []
    for file_id in [file["id"] for file in shelf if file["id"] not in wanted]:
        shelf.remove(file_id)
    for file_id in wanted:
        if file_id not in shelf:
            shelf.put({"id": file_id, "created_at": context.state.now, parent: document["id"]})


def tool_resources(context: Context, given: Mapping[str, Any] | None) -> Document:
    """The `tool_resources` to keep: files exist, and an inline vector store has become an id."""
    resources: Document = dict(given or {})
    if "code_interpreter" in resources:
        require(context, resources["code_interpreter"].get("file_ids") or ())
    search = resources.get("file_search")
    if search and "vector_stores" in search:
        for inline in search["vector_stores"]:
            require(context, inline.get("file_ids") or ())
        made = [context.state.names.make("vector_store") for _ in search["vector_stores"]]
        resources["file_search"] = {"vector_store_ids": made}
    return resources
