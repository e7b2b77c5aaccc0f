"""Request bodies: JSON documents and multipart forms, read with their caps."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from ..._typing import is_array, is_object
from ..errors import invalid, too_large, wrong_type
from ..storage.store import Room
from .connection import connection_of
from .context import Upload
from .validation import Values

MAX_JSON_BYTES = 32 * 2**20
"""Cap on a JSON body."""
MAX_FIELD_BYTES = 2**20
"""Cap on all fields of a form together, without the file."""
MAX_DEPTH = 100
"""Cap on the lists and objects inside each other; encoders and checks recurse, and Python ends at 1,000."""

_PART_COST = 256
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json")
_Unpacker = Callable[[bytes, int], bytes]


async def read_json(request: web.Request, room: Room) -> tuple[bytes, Values]:
    """Read the object in a body, with its bytes; an empty body is an empty object, whatever type it claims."""
    raw = await _read_json_bytes(request, room)
    if not raw.strip():
        return b"", {}
    try:
        body: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"We could not parse the JSON body of your request: {error}.") from None
    if not is_object(body):
        raise invalid("The JSON body of your request must be an object.")
    # Counting brackets is quick, and few bodies have more of them than may lie inside each other.
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _is_deeper(body, MAX_DEPTH):
        raise invalid(f"The JSON body of your request is nested more than {MAX_DEPTH} levels deep.")
    return raw, body


async def _read_json_bytes(request: web.Request, room: Room) -> bytes:
    # Before the body is read, and not for an empty one, whose type does not matter.
    chunk = b"" if request.content_length else await request.content.readany()
    if not (request.content_length or chunk):
        return b""
    if not _JSON.fullmatch(request.content_type):
        # Web pages may send any other type without asking first.
        given = request.headers.get("content-type", "without a content type")
        raise wrong_type(given, "JSON, with the header 'content-type: application/json'")
    # Refused by what the client announces, before a byte is read; the sum below is for those that announce nothing.
    if (request.content_length or 0) > MAX_JSON_BYTES:
        raise too_large(MAX_JSON_BYTES)
    unpack = _unpacker(request)
    content = bytearray()
    while chunk or (chunk := await request.content.readany()):
        # No more than the cap is unpacked: a kilobyte may become a gigabyte.
        piece = chunk if unpack is None else unpack(chunk, MAX_JSON_BYTES + 1 - len(content))
        if len(content) + len(piece) > MAX_JSON_BYTES:
            raise too_large(MAX_JSON_BYTES)
        # As it arrives, not at the end: many requests at once must not pass the cap together.
        room.take(len(piece))
        content += piece
        chunk = b""
    return bytes(content)


def _unpacker(request: web.Request) -> _Unpacker | None:
    """Return what unpacks a body by its coding; None where there is nothing to do."""
    coding = request.headers.get("content-encoding", "identity").lower()
    # An application that mounts this one has aiohttp unpack bodies before they arrive here.
    if coding == "identity" or connection_of(request) is None:
        return None
    if coding not in {"gzip", "deflate"}:
        raise wrong_type(f"in the coding {coding!r}", "it as it is, or in gzip")
    unpacker = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)

    def unpack(chunk: bytes, most: int) -> bytes:
        try:
            return unpacker.decompress(chunk, max(most, 1))
        except zlib.error as error:
            raise invalid(f"We could not read the body of your request: {error}") from None

    return unpack


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


async def read_form(
    request: web.Request, room: Room, name: str, most: int
) -> tuple[list[tuple[str, str]], Upload | None]:
    """Read the fields of a multipart form, and the file in the part of this name; `most` is the cap on the file."""
    if request.content_type != "multipart/form-data":
        raise wrong_type(request.content_type, "a form, as multipart/form-data")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise wrong_type("a form in a coding", "the form as it is")
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
                upload = Upload(_utf8(part.filename or "file"), await _read(part, room, most))
            else:
                text = await _read(part, room, MAX_FIELD_BYTES)
                # A part without content costs memory as well.
                left -= len(text) + _PART_COST
                if left < 0:
                    raise too_large(MAX_FIELD_BYTES)
                fields.append((_utf8(part.name), text.decode()))
    # A head that aiohttp only warns of is an error where warnings are.
    except (ValueError, AssertionError, RuntimeWarning, HttpProcessingError) as error:
        raise invalid(f"We could not parse the form in the body of your request: {error}") from None
    return fields, upload


async def _read(part: BodyPartReader, room: Room, most: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(2**16):
        if len(content) + len(chunk) > most:
            raise too_large(most)
        room.take(len(chunk))
        content += chunk
    return bytes(content)


def _utf8(text: str) -> str:
    # Heads may have any bytes; aiohttp keeps those that are no UTF-8 as lone surrogates, which JSON cannot hold.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
