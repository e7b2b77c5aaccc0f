"""A response stream, or a list over its pages, that did not end well."""

from __future__ import annotations

from typing import Any

from .._typing import override
from .base import AssistantsError, printable, text_of


class StreamError(AssistantsError):
    """A response stream that did not end well; the items before it have been delivered."""

    def __init__(self, message: str, *, items: int = 0) -> None:
        super().__init__(message)
        self.items = items
        """The number of items delivered before."""


class StreamInterruptedError(StreamError):
    """A run's stream ended without its terminal event; the run itself may go on at the server."""

    def __init__(
        self,
        message: str,
        *,
        items: int = 0,
        run_id: str | None = None,
        thread_id: str | None = None,
        last_event: str | None = None,
    ) -> None:
        super().__init__(message, items=items)
        self.run_id = run_id
        """The run, from its first event; None where none had come: list the thread's runs to find it."""
        self.thread_id = thread_id
        """The run's thread."""
        self.last_event = last_event
        """Name of the last event that was delivered."""


class StreamTruncatedError(StreamError):
    """The body ended inside an item."""

    def __init__(self, message: str, *, items: int = 0, partial: bytes = b"") -> None:
        super().__init__(message, items=items)
        self.partial = partial
        """The bytes of the unfinished item, cut at 1 KiB."""


class ItemDecodeError(StreamError):
    """An item of a stream cannot be decoded."""

    def __init__(self, message: str, *, items: int = 0, index: int = 0, raw: bytes = b"", path: str = "$") -> None:
        super().__init__(message, items=items)
        self.index = index
        """Place of the item in the stream, from 0."""
        self.raw = raw
        """The item's bytes."""
        self.path = path
        """The path within the item, such as `"$.delta.content[0]"`."""
        self.body: tuple[str, bytes] | None = None
        """Content type and start of a body of which nothing could be read: a page of a proxy, say."""

    @override
    def __str__(self) -> str:
        text = super().__str__()
        if self.body is None:
            return text
        kind, start = self.body
        shown = printable(start.decode("utf-8", "replace"), 120)
        return f"{text} ({printable(kind, 60) or 'no content type'}, body {shown!r})"


class ItemTooLargeError(StreamError):
    """An item of a stream is longer than the limit."""

    def __init__(self, message: str, *, items: int = 0, limit: int = 0) -> None:
        super().__init__(message, items=items)
        self.limit = limit
        """The limit in bytes."""


class StreamEventError(StreamError):
    """The server reported an error inside the stream."""

    def __init__(self, error: dict[str, Any], *, items: int = 0) -> None:
        message = text_of(error.get("message")) or ""
        super().__init__(printable(message) or "the server sent an error event", items=items)
        self.message = message
        """The server's own words, unchanged."""
        self.type = text_of(error.get("type"))
        """The server's class of error."""
        self.code = text_of(error.get("code"))
        """The server's code."""
        self.param = text_of(error.get("param"))
        """The request field that the server names."""


class PaginationError(AssistantsError):
    """The server sent a cursor that was used before, so the list would never end."""

    def __init__(self, cursor: str, *, items: int = 0) -> None:
        super().__init__(f"the server repeated the cursor {printable(cursor)!r} after {items} items")
        self.cursor = cursor
        """The cursor that came again."""
        self.items = items
        """The number of items delivered before."""
