"""Request bodies: JSON documents and multipart forms, read with their caps."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from ..._typing import is_array, is_object
from ..errors import invalid, too_large
from .context import Upload
from .validation import Values

MAX_JSON_BYTES = 32 * 2**20
"""Cap on a JSON body."""
MAX_FIELD_BYTES = 2**20
"""Cap on all fields of a form together, without the file."""
MAX_DEPTH = 100
"""Cap on the lists and objects inside each other; encoders and checks recurse, and Python ends at 1,000."""

_PART_COST = 256


async def read_json(request: web.Request) -> Values:
    """The object in a body; an empty body is an empty object, whatever content type it claims."""
    raw = await request.read()
    if not raw.strip():
        return {}
    try:
        body: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"We could not parse the JSON body of your request: {error}.") from None
    if not is_object(body):
        raise invalid("The JSON body of your request must be an object.")
    # Counting brackets is quick, and few bodies have more of them than may lie inside each other.
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _is_deeper(body, MAX_DEPTH):
        raise invalid(f"The JSON body of your request is nested more than {MAX_DEPTH} levels deep.")
    return body


def _is_deeper(body: Values, most: int) -> bool:
    level: list[Any] = [body]
    for _ in range(most):
        level = [
            inner
            for value in level
            for inner in (value.values() if is_object(value) else value)
            if is_object(inner) or is_array(inner)
        ]
    return bool(level)


async def read_form(request: web.Request, name: str, most: int) -> tuple[list[tuple[str, str]], Upload | None]:
    """Read the fields of a multipart form, and the file in the part of this name; `most` is the cap on the file."""
    if request.content_type != "multipart/form-data":
        raise invalid(f"Expected a body of multipart/form-data, not {request.content_type}.")
    fields: list[tuple[str, str]] = []
    upload: Upload | None = None
    left = MAX_FIELD_BYTES
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise invalid("Every part of the form must have a name and no parts of its own.")
            if part.name == name:
                if upload is not None:
                    raise invalid(f"The form has more than one part '{name}'.", name)
                upload = Upload(_utf8(part.filename or "file"), await _read(part, most, most))
            else:
                text = await _read(part, left, MAX_FIELD_BYTES)
                # A part without content costs memory as well.
                left -= len(text) + _PART_COST
                fields.append((_utf8(part.name), text.decode()))
    # A head that aiohttp only warns of is an error where warnings are.
    except (ValueError, AssertionError, RuntimeWarning, HttpProcessingError) as error:
        raise invalid(f"We could not parse the form in the body of your request: {error}") from None
    return fields, upload


async def _read(part: BodyPartReader, most: int, limit: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(2**16):
        content += chunk
        if len(content) > most:
            raise too_large(limit)
    if most < 0:
        raise too_large(limit)
    return bytes(content)


def _utf8(text: str) -> str:
    # Heads may have any bytes; aiohttp keeps those that are no UTF-8 as lone surrogates, which JSON cannot hold.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
