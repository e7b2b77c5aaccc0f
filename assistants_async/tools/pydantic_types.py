"""Types of pydantic's: found without an import of pydantic, which only a program that has such types needs."""

from __future__ import annotations

import sys
from typing import Annotated, Any, get_args, get_origin

import msgspec


def is_pydantic(kind: Any) -> bool:
    """Find a model or dataclass of pydantic's, another type that it makes, or one with marks such as its `Field`."""
    if "pydantic" not in sys.modules:
        return False
    if get_origin(kind) is Annotated:
        inner, *marks = get_args(kind)
        return is_pydantic(inner) or (any(map(_is_mark, marks)) and not _has_struct(inner))
    hooked = hasattr(kind, "__pydantic_validator__") or hasattr(kind, "__get_pydantic_core_schema__")
    # The models of this package have pydantic's hooks too, and msgspec reads them.
    return hooked and isinstance(kind, type) and not issubclass(kind, msgspec.Struct)


def _has_struct(kind: Any) -> bool:
    """Find a class of msgspec's, which pydantic cannot read."""
    return (isinstance(kind, type) and issubclass(kind, msgspec.Struct)) or any(map(_has_struct, get_args(kind)))


def _is_mark(mark: object) -> bool:
    return type(mark).__module__.partition(".")[0] in ("pydantic", "annotated_types")
