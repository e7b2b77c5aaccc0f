"""What every list and every delete answers with."""

from __future__ import annotations

from typing import Generic, TypeVar

from .base import Model, Object

T = TypeVar("T")


class Page(Model, Generic[T], frozen=True, kw_only=True):
    """One page of a list, with the ids to ask for the next by (`ListAssistantsResponse` and its kin)."""

    promised = ("object",)

    object: str | None = None
    """`"list"` by example; free text in the document."""
    data: tuple[T, ...] = ()
    """The items, in the order asked for."""
    first_id: str | None = None
    """Id of the first item, for `before`; None on an empty page and from servers that leave it out."""
    last_id: str | None = None
    """Id of the last item, for `after`; None on an empty page and from servers that leave it out."""
    has_more: bool | None = None
    """Whether items follow; None where the server did not say, as in protocol v1's list of files."""

    @property
    def is_empty(self) -> bool:
        """Whether it has no items."""
        return not self.data


class Deleted(Object, frozen=True, kw_only=True):
    """That an object is gone (`DeleteAssistantResponse` and its kin)."""

    promised = ("object", "deleted")

    object: str | None = None
    """Kind of what was deleted, such as `"thread.deleted"`."""
    deleted: bool | None = None
    """Whether the server deleted it."""
