"""Ids on their way into a path: checked, then percent-encoded once with nothing left as it was.

A URL library would correct an id silently: `..` and `%2e%2e` climb to the parent, a lone surrogate or CR LF
vanishes, `?` cuts. For a DELETE that means another object, or the whole collection. So ids are refused or encoded
here, and the URL is marked as encoded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import quote

from ...errors import ValidationError
from ...models.base import Object
from ..checks import is_plain_word

_CONTROL = r"[\x00-\x1f\x7f-\x9f]"


Kinds: TypeAlias = Mapping[str, tuple[type[Object], ...]]
"""The models that may be passed for each id."""


def all_plain(ids: tuple[object, ...]) -> bool:
    """Check that ids are text that needs no encoding, as they mostly are."""
    for value in ids:  # a generator would cost more than what it checks
        if type(value) is not str or not ((value.isascii() and value.isidentifier()) or is_plain_word(value)):
            return False
    return True


def segment(operation: str, parameter: str, value: object, kinds: Kinds) -> str:
    """Turn an id, or the object that has it, into one path segment.

    Raises `TypeError` for an object of another kind and `ValidationError` for text that is no id, both
    naming the parameter.
    """
    if not isinstance(value, str):
        value = id_of(operation, parameter, value, kinds.get(parameter, ()))
    value = str.__str__(value)  # the characters, whatever a subclass such as an enum prints as
    if is_plain_word(value):
        return value
    if not value.strip() or value in (".", ".."):
        raise ValidationError(operation, parameter, "expected an id", value)
    if re.search(_CONTROL, value):
        raise ValidationError(operation, parameter, "expected an id without control characters", value)
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise ValidationError(operation, parameter, "expected an id without lone surrogates", value) from None


def id_of(operation: str, parameter: str, value: object, kinds: tuple[type[Object], ...]) -> str:
    """Return the id of an object; raises `TypeError`, naming the place, for one of another kind."""
    if kinds and isinstance(value, kinds):
        return value.id
    wanted = " or ".join(["str", *(kind.__name__ for kind in kinds)])
    raise TypeError(f"{operation}(): {parameter} must be {wanted}, not {type(value).__name__}")
