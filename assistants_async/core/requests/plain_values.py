"""Values as JSON has them: few and plain ones known without their JSON, NaN and infinity refused."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, cast

import msgspec

from ..._typing import is_mapping, is_object, is_sequence
from ...errors import ValidationError

_SCALARS = frozenset({str, int, bool, type(None)})
_FEW = 64
_NOT_PLAIN = object()


def is_plain(value: Any) -> bool:
    """Return True where at most 64 values are in a value at any depth, each as JSON decodes it, each number finite.

    It can be checked as it is, however long its texts are.
    """
    # Reading 200 KB of JSON once more takes as long as writing it, and looking for `null` in it twice as long.
    left = _FEW
    waiting: list[Any] = [(value,)]
    while waiting:
        inside = _values_in(waiting.pop())
        left -= len(inside)
        if left < 0:
            return False
        for inner in inside:
            kind = type(inner)
            if kind is dict or kind is list or kind is tuple:
                waiting.append(inner)
            elif kind not in _SCALARS and not (type(inner) is float and math.isfinite(inner)):
                return False
    return True


def _values_in(holder: Any) -> Collection[object]:
    """The values of a list, or of an object: a key that is no text counts as one that is not plain."""
    if not is_object(holder):
        return cast("Collection[object]", holder)
    return holder.values() if all(type(key) is str for key in holder) else (_NOT_PLAIN,)


def check_finite(operation: str, values: Any) -> None:
    """Refuse NaN and infinity at any depth, by their path: JSON has no such numbers, and null is another value."""
    waiting: list[tuple[str, Any]] = [("", values)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            raise ValidationError(operation, path, "expected a finite number", value)
        if is_mapping(value):
            waiting += [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
        elif is_sequence(value):
            waiting += [(f"{path}[{place}]", item) for place, item in enumerate(value)]
        elif isinstance(value, msgspec.Struct):
            waiting += [(f"{path}.{name}", getattr(value, name)) for name in value.__struct_fields__]
