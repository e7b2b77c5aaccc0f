"""The answers of lists and of deletes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

import msgspec

from .._typing import override
from ..errors.old_names import old_names
from .base import EMPTY, Model, Object
from .notebook import page_html

T = TypeVar("T")


@old_names
class AnyPage(Model, Generic[T], frozen=True, kw_only=True):
    """The members of every page, for lists that go on by an id and lists that go on by a token."""

    if TYPE_CHECKING:
        # Declared, not made: each page has them where its document has them.
        data: tuple[T, ...] = ()
        """The items, in the requested order."""
        has_more: bool | None = None
        """True where items follow; None where the server did not say."""

    @property
    def is_empty(self) -> bool:
        """True where it has no items."""
        return not self.data

    @override
    def __repr__(self) -> str:
        """Write the number of its items, and the ids of the first and the last."""
        ends = [item.id for item in (*self.data[:1], *self.data[1:][-1:]) if isinstance(item, Object)]
        shown = f": {' … '.join(ends)}" if ends else ""
        more = ", more follow" if self.has_more else ""
        return f"<{type(self).__name__} of {len(self.data)}{shown}{more}>"

    def _repr_html_(self) -> str:
        """Write it as notebooks show it: a line for each item."""
        return page_html(self.data, has_more=self.has_more)


def is_page(kind: Any) -> bool:
    """Check whether an operation's result is a page: one of the classes, or `Page` of something."""
    kind = getattr(kind, "__origin__", kind)
    return isinstance(kind, type) and issubclass(kind, AnyPage)


@functools.cache
def page_type(page: Any, item: Any) -> Any:
    """Make the type of the same pages with items of another type."""
    return msgspec.defstruct(page.__name__, [("data", tuple[item, ...], ())], bases=(page,), frozen=True, kw_only=True)


def item_type(page: Any) -> Any:
    """Return the type of the items of a page's type."""
    if arguments := get_args(page):
        return arguments[0]
    return next(get_args(field.type)[0] for field in msgspec.structs.fields(page) if field.name == "data")


def like(result: Any, wanted: Any) -> Any:
    """Return the type to decode an answer to where the caller chose one: for a list, the type of its items."""
    if not is_page(result) or is_page(wanted) or wanted in (bytes, object, Any):
        return wanted
    return page_type(getattr(result, "__origin__", result), wanted)


class Page(AnyPage[T], Generic[T], frozen=True, kw_only=True):
    """One page of a list, with the ids to ask for the next by (`ListAssistantsResponse` and its kin)."""

    promised = ("object",)

    object: str | None = None
    """`"list"` by example; free text in the document."""
    data: tuple[T, ...] = EMPTY
    """The items, in the requested order."""
    first_id: str | None = None
    """Id of the first item, for `before`; None on an empty page and from servers that leave it out."""
    last_id: str | None = None
    """Id of the last item, for `after`; None on an empty page and from servers that leave it out."""
    has_more: bool | None = None
    """True where items follow; None where the server did not say, as in protocol v1's list of files."""


class Deleted(Object, frozen=True, kw_only=True):
    """The answer of a delete (`DeleteAssistantResponse` and its kin)."""

    promised = ("object", "deleted")
    kinds = ("deleted",)

    object: str | None = None
    """Kind of what was deleted, such as `"thread.deleted"`."""
    deleted: bool | None = None
    """True where the server deleted it."""
