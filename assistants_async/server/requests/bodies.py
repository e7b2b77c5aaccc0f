"""Request bodies: JSON documents and multipart forms, read within their caps."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from ..._typing import is_array, is_object
from ..errors import invalid, too_large, wrong_type
from ..storage.blob_writer import BlobWriter
from ..storage.quota import Room
from .connection import connection_of
from .context import Upload
from .idempotency import KeyedRequest
from .validation import Values

MAX_JSON_BYTES = 32 * 2**20
"""Cap on a JSON body."""
MAX_FIELD_BYTES = 2**20
"""Cap on all fields of a form together, without the file."""
MAX_DEPTH = 100
"""Cap on the depth of lists and objects; encoders and checks recurse, and Python's limit is 1,000 calls."""

# Estimated bytes of memory for a part besides its content.
_PART_COST = 256
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json")
_Unpacker = Callable[[bytes, int], bytes]


async def read_json(request: web.Request, room: Room) -> tuple[bytes, Values]:
    """Read the object in a body, and return it behind its bytes; an empty body of any type is an empty object."""
    raw = await _read_json_bytes(request, room)
    if not raw.strip():
        return b"", {}
    try:
        body: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"We could not parse the JSON body of your request: {error}.") from None
    if not is_object(body):
        raise invalid("The JSON body of your request must be an object.")
    # Counting brackets is quick, and few bodies have more of them than the greatest depth.
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _is_deeper(body, MAX_DEPTH):
        raise invalid(f"The JSON body of your request is nested more than {MAX_DEPTH} levels deep.")
    return raw, body


async def _read_json_bytes(request: web.Request, room: Room) -> bytes:
    # Checked before the body is read; the type of an empty body does not matter.
    length, content = request.content_length or 0, request.content
    chunk = b"" if length else await content.readany()
    if not (length or chunk):
        return b""
    given = request.headers.get("content-type", "without a content type")
    # Nearly all send this very text, which needs no parsing.
    if given != "application/json" and not _JSON.fullmatch(request.content_type):
        # A web page may send some other types to any server; for JSON, its browser sends a preflight first.
        raise wrong_type(given, "JSON, with the header 'content-type: application/json'")
    # Refused by its Content-Length, before a byte is read; the sum below is for bodies without one.
    if length > MAX_JSON_BYTES:
        raise too_large(MAX_JSON_BYTES)
    unpack = _unpacker(request)
    body: bytes | bytearray = b""
    # Most bodies come with their head, and then there is nothing more to wait for.
    while chunk or (not content.at_eof() and (chunk := await content.readany())):
        # Unpacked up to the cap only: a gzip bomb makes a gigabyte of a megabyte.
        piece = chunk if unpack is None else unpack(chunk, MAX_JSON_BYTES + 1 - len(body))
        if len(body) + len(piece) > MAX_JSON_BYTES:
            raise too_large(MAX_JSON_BYTES)
        # Taken piece by piece, not at the end: many requests at once must not exceed the store's cap together.
        room.take(len(piece))
        # One buffer from the second piece on: a list of many small ones takes much more memory than there is room for.
        if not body:
            body = piece
        else:
            body = bytearray(body) if isinstance(body, bytes) else body
            body += piece
        chunk = b""
    return bytes(body)


def _unpacker(request: web.Request) -> _Unpacker | None:
    """Return the function that unpacks a body; None for a body that is not packed."""
    coding = request.headers.get("content-encoding", "identity").lower()
    # Where another application mounts this one, aiohttp has unpacked the body already.
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
    request: web.Request, room: Room, blob: BlobWriter, name: str, most: int, *, key: KeyedRequest | None = None
) -> tuple[list[tuple[str, str]], Upload | None]:
    """Read the fields of a multipart form, and the file in the part `name` of at most `most` bytes into a blob.

    All of it counts for the `key` of the request.
    """
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
                upload = Upload(_utf8(part.filename or "file"), blob)
                async for chunk in _pieces(part, room if blob.in_memory else None, most, key):
                    await blob.write(chunk)
            else:
                text = b"".join([chunk async for chunk in _pieces(part, room, MAX_FIELD_BYTES, key)])
                # A part without content needs memory too.
                left -= len(text) + _PART_COST
                if left < 0:
                    raise too_large(MAX_FIELD_BYTES)
                fields.append((_utf8(part.name), text.decode()))
    # aiohttp warns of some bad heads, and in tests a warning is an error.
    except (ValueError, AssertionError, RuntimeWarning, HttpProcessingError) as error:
        raise invalid(f"We could not parse the form in the body of your request: {error}") from None
    return fields, upload


async def _pieces(part: BodyPartReader, room: Room | None, most: int, key: KeyedRequest | None) -> AsyncIterator[bytes]:
    size = 0
    if key is not None:
        key.content.update(repr((part.name, part.filename)).encode())
    while chunk := await part.read_chunk(2**16):
        size += len(chunk)
        if size > most:
            raise too_large(most)
        if room is not None:
            room.take(len(chunk))
        if key is not None:
            key.content.update(chunk)
        yield bytes(chunk)


def _utf8(text: str) -> str:
    # Heads may have any bytes; aiohttp makes lone surrogates of those that are not UTF-8, which JSON cannot encode.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
