"""Request bodies: JSON documents and multipart forms, read with their caps."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import BodyPartReader, web

from ..._typing import is_object
from ..errors import invalid, too_large
from .context import Upload
from .validation import Values

MAX_JSON_BYTES = 32 * 2**20
"""Cap on a JSON body."""


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
    return body


async def read_form(request: web.Request, name: str, most: int) -> tuple[list[tuple[str, str]], Upload | None]:
    """Fields of a multipart form, and the file in the part of this name."""
    if request.content_type != "multipart/form-data":
        raise invalid(f"Expected a body of multipart/form-data, not {request.content_type}.")
    fields: list[tuple[str, str]] = []
    upload: Upload | None = None
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise invalid("Every part of the form must have a name and no parts of its own.")
            if part.name == name:
                upload = Upload(part.filename or "file", await _read(part, most))
            else:
                fields.append((part.name, (await _read(part, MAX_JSON_BYTES)).decode()))
    except (ValueError, AssertionError) as error:
        raise invalid(f"We could not parse the form in the body of your request: {error}") from None
    return fields, upload


async def _read(part: BodyPartReader, most: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(2**16):
        content += chunk
        if len(content) > most:
            raise too_large(most)
    return bytes(content)
