"""Threads, and the files and stores that tools find through them."""

from __future__ import annotations

from typing import Any

from .base import Model, Object, Timestamp


class CodeInterpreterResources(Model, frozen=True, kw_only=True, omit_defaults=False):
    """What the code interpreter finds (`ThreadObject.tool_resources.code_interpreter`)."""

    file_ids: tuple[str, ...] = ()
    """Ids of at most 20 files; sent even when empty, since that takes files away."""


class FileSearchResources(Model, frozen=True, kw_only=True, omit_defaults=False):
    """What file search looks through (`ThreadObject.tool_resources.file_search`)."""

    vector_store_ids: tuple[str, ...] = ()
    """Id of at most one vector store; sent even when empty, since that takes the store away."""


class ToolResources(Model, frozen=True, kw_only=True):
    """Files and stores for the tools, per kind of tool (`ThreadObject.tool_resources`)."""

    code_interpreter: CodeInterpreterResources | None = None
    """Files for the code interpreter."""
    file_search: FileSearchResources | None = None
    """Stores for file search."""


class Thread(Object, frozen=True, kw_only=True):
    """A conversation, which grows by messages and runs (`ThreadObject`)."""

    promised = ("object", "created_at")
    kinds = ("thread",)

    object: str | None = None
    """`"thread"`."""
    created_at: int | None = None
    """Seconds since 1970."""
    tool_resources: ToolResources | None = None
    """Files and stores that only this thread's runs see; None for none and in protocol v1."""
    metadata: dict[str, Any] | None = None
    """Up to 16 pairs of the caller's own; None where none were set."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
