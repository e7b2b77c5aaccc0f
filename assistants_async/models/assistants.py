"""Assistants, and protocol v1's links from assistants to files."""

from __future__ import annotations

from typing import Any

from .base import ABSENT, EMPTY, Object, Timestamp
from .threads import ToolResources
from .tools import ResponseFormat, Tool


class Assistant(Object, frozen=True, kw_only=True):
    """A model with instructions and tools, which runs refer to (`AssistantObject`)."""

    promised = ("object", "created_at", "model")
    kinds = ("assistant",)

    object: str | None = None
    """`"assistant"`."""
    created_at: int | None = None
    """Seconds since 1970."""
    name: str | None = None
    """At most 256 characters; None for none."""
    description: str | None = None
    """At most 512 characters; None for none."""
    model: str | None = None
    """The model of its runs, unless they name another."""
    instructions: str | None = None
    """The system prompt, at most 256,000 characters (v1 at first 32,768); None for none."""
    tools: tuple[Tool, ...] = EMPTY
    """At most 128 tools."""
    file_ids: tuple[str, ...] = ABSENT
    """Ids of at most 20 files for its tools; protocol v1 only."""
    tool_resources: ToolResources | None = None
    """Files and stores for its tools; None for none and in protocol v1."""
    metadata: dict[str, Any] | None = None
    """Up to 16 pairs of the caller's own; None where none were set."""
    temperature: float | None = None
    """Sampling temperature, 0 to 2; None leaves it to the server."""
    top_p: float | None = None
    """Share of the probability mass to sample from, 0 to 1; None leaves it to the server."""
    response_format: ResponseFormat | None = None
    """The format of its answers; None leaves it to the server."""
    reasoning_effort: str | None = None
    """The effort of a reasoning model; in no schema of an answer, yet servers send it."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""


class AssistantFile(Object, frozen=True, kw_only=True):
    """A file that an assistant may use, with the file's id; protocol v1 only (`AssistantFileObject`)."""

    promised = ("object", "created_at", "assistant_id")
    kinds = ("assistant.file",)

    object: str | None = None
    """`"assistant.file"`."""
    created_at: int | None = None
    """Seconds since 1970 at which the file was attached."""
    assistant_id: str | None = None
    """The assistant."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
