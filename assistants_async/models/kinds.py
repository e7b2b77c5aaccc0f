"""Kinds of objects by the names that they carry in `object`: an answer of another kind is no answer."""

from __future__ import annotations

from typing import Any

import msgspec

from .base import Model
from .pages import AnyPage, Deleted

KINDS = frozenset(
    (
        "assistant",
        "assistant.file",
        "file",
        "list",
        "thread",
        "thread.message",
        "thread.message.delta",
        "thread.message.file",
        "thread.run",
        "thread.run.step",
        "thread.run.step.delta",
        "upload",
        "upload.part",
        "vector_store",
        "vector_store.file",
        "vector_store.file_batch",
        "vector_store.files_batch",
    )
)
"""Names that the documents know; servers have names of their own for the same kinds, which are let pass."""


def check_kind(value: Any) -> None:
    """Refuse a model, or an item of a page, that names another kind; raises `msgspec.ValidationError` with the path."""
    page: Any = value
    if isinstance(value, AnyPage):
        for place, item in enumerate(page.data):
            if not isinstance(item, Model) or getattr(item, "object", None) in item.kinds:
                return  # the items of a list are of one kind
            if item.kinds:
                _refuse(item, f"$.data[{place}].object")
    elif isinstance(value, Model) and value.kinds:
        _refuse(value, "$.object")


def _refuse(value: Model, path: str) -> None:
    name: str | None = getattr(value, "object", None)
    if name is None or name in value.kinds:
        return
    # Some servers answer a delete with the name of what is gone, and `deleted` beside it.
    gone = name.endswith(".deleted")
    wrong = value.deleted is None and name in KINDS if isinstance(value, Deleted) else gone or name in KINDS
    if wrong:
        wanted = f"`{value.kinds[0]}`" if value.kinds[0] in KINDS else "something deleted"
        raise msgspec.ValidationError(f"Expected an object of the kind {wanted}, not `{name}` - at `{path}`")
