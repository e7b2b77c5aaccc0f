"""Query strings: scalars, repeated keys, and the styles of OpenAPI for lists and objects."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Literal
from urllib.parse import quote

import msgspec

from ..._typing import is_mapping, is_sequence
from ..checks import is_plain_word

Style = Literal["repeat", "comma", "space", "pipe", "tab", "deep"]

_USUAL = frozenset({"after", "api-version", "before", "filter", "limit", "order", "page", "purpose", "run_id"})
_SEPARATORS = {"comma": ",", "space": " ", "pipe": "|", "tab": "\t"}


class Styled(msgspec.Struct, frozen=True):
    """A list or mapping to be written in another style than its own (OpenAPI 3, "style values")."""

    value: object
    """The list or mapping."""
    style: Style
    """`repeat` (a=1&a=2), `comma` (a=1,2), `space`, `pipe`, `tab`, or `deep` (a[b]=1)."""


def encode_query(query: Mapping[str, object]) -> str:
    """Write a query string without its `?`; names keep their brackets, every value is percent-encoded.

    None is left out, a list repeats its key, a mapping becomes `key[name]=value`.

    Raises `TypeError` for a value that is no scalar, list or mapping.
    """
    written: list[str] = []
    for key, value in query.items():
        # Nearly every parameter is a plain word or number: nothing to take apart, and nothing to encode.
        if key in _USUAL and (type(value) is int or (type(value) is str and is_plain_word(value))):
            written.append(f"{key}={value}")
        else:
            written += [f"{quote(name, safe='[]')}={quote(text, safe='')}" for name, text in _pairs(key, value)]
    return "&".join(written)


def _pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Enum):  # whose str() is not its value
        value = value.value
    if isinstance(value, Styled):
        yield from _styled(name, value)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif isinstance(value, (str, int, float)):
        yield name, str(value)
    elif is_mapping(value):
        for key, item in value.items():
            yield from _pairs(f"{name}[{key}]", item)
    elif is_sequence(value):
        for item in value:
            yield from _pairs(name, item)
    elif value is not None:
        raise TypeError(f"query parameter {name!r} cannot be {type(value).__name__}")


def _styled(name: str, styled: Styled) -> Iterator[tuple[str, str]]:
    value, style = styled.value, styled.style
    if not is_sequence(value) or style == "repeat":
        yield from _pairs(name, value)
    elif style == "deep":
        for place, item in enumerate(value):
            yield from _pairs(f"{name}[{place}]", item)
    else:
        yield name, _SEPARATORS[style].join(text for item in value for _, text in _pairs(name, item))
