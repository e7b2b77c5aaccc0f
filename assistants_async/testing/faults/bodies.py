"""Faults of the body: real answers changed, broken, badly packed, or endless."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

from ..._typing import is_array, is_object
from .exchange import Exchange, Fault, Play
from .http import CHUNKED, Answer, chunk

ODD = "x_unheard_of"
"""A value that the API's documents do not have."""

_MIB = 2**20
_DOCUMENT = Answer.json(200, None)


def changed(change: Callable[[Answer], Answer]) -> Play:
    """The real answer, changed."""

    async def play(exchange: Exchange) -> None:
        await exchange.send(change(await exchange.answer()).whole)

    return play


def written(change: Callable[[bytes], bytes]) -> Play:
    """The real answer with the bytes of its document changed; errors and other bodies stay as they are."""

    def rewrite(answer: Answer) -> Answer:
        is_document = answer.status < 300 and answer.headers.get("content-type", "").startswith("application/json")
        return answer.holding(change(answer.body)) if is_document else answer

    return changed(rewrite)


def documents(change: Callable[[dict[str, Any]], bytes]) -> Play:
    """The real answer with its document rewritten."""
    return written(lambda body: change(json.loads(body)))


def headed(**headers: str | None) -> Play:
    """The real answer with other headers."""
    return changed(lambda answer: answer.changed(**headers))


def edited(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Play:
    """The real answer with its object changed, or each object of its list."""

    def rewrite(value: dict[str, Any]) -> bytes:
        data = value.get("data")
        new = {**value, "data": [change(item) for item in data]} if is_array(data) else change(value)
        return json.dumps(new).encode()

    return documents(rewrite)


def with_token(name: str, token: bytes) -> Play:
    """The real answer with any bytes, even bad JSON, as the value of one member."""
    # No encoder writes bad JSON: the token replaces a mark in the written document.
    mark = "@token@"

    def rewrite(value: dict[str, Any]) -> bytes:
        return json.dumps({**value, name: mark}).encode().replace(json.dumps(mark).encode(), token)

    return documents(rewrite)


# Values that the documents do not have


def _everywhere(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Any]:
    """Apply a change to an object and to all objects inside it, except the user's `metadata`."""

    def walk(value: Any) -> Any:
        if is_object(value):
            return change({name: member if name == "metadata" else walk(member) for name, member in value.items()})
        return [walk(item) for item in value] if is_array(value) else value

    return walk


def _more(value: dict[str, Any]) -> dict[str, Any]:
    return {ODD: {"a": [1, None]}, **value, "x_also": 1.5}


def _bare(value: dict[str, Any]) -> dict[str, Any]:
    return {"id": value["id"]}


def _odd_words(value: dict[str, Any]) -> dict[str, Any]:
    return {name: ODD if name in ("status", "role", "purpose", "object") else item for name, item in value.items()}


def _odd_types(value: dict[str, Any]) -> dict[str, Any]:
    odd = {"type": ODD, ODD: {"a": [1, None]}}
    open_lists = {name for name in ("tools", "content") if is_array(value.get(name))}
    return {name: [*item, odd] if name in open_lists else item for name, item in value.items()}


def _nulls(value: dict[str, Any]) -> dict[str, Any]:
    return {name: item if name in ("id", "object") else None for name, item in value.items()}


def _another(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "id": "another_" + value["id"]}


# Lists and polls


async def page_loop(exchange: Exchange) -> None:
    """Give the first page for every request, each time with `has_more`; with `empty=1`, an empty page."""

    def again(page: dict[str, Any]) -> bytes:
        new: dict[str, Any] = {"data": [], "first_id": None} if exchange.number("empty") else {}
        return json.dumps({**page, **new, "has_more": True}).encode()

    # Without its cursor, the server answers each request with the first page.
    exchange.target = exchange.seen.path
    await documents(again)(exchange)


async def poll(exchange: Exchange) -> None:
    """Give a run the status `status`, and its answer the polling interval `hint` in milliseconds."""

    def rewrite(answer: Answer) -> Answer:
        run = {**json.loads(answer.body), "status": exchange.text("status")}
        return answer.holding(json.dumps(run).encode()).changed(openai_poll_after_ms=exchange.text("hint") or None)

    await changed(rewrite)(exchange)


# Packing


def packed(pack: Callable[[bytes], bytes], coding: str = "gzip") -> Play:
    """The real answer in a content coding."""
    return changed(lambda answer: answer.holding(pack(answer.body)).changed(content_encoding=coding))


def _short(body: bytes) -> bytes:
    return gzip.compress(body)[:-12]


def _bad_sum(body: bytes) -> bytes:
    data = gzip.compress(body)
    # The last eight bytes are the checksum and the length.
    return data[:-8] + bytes((data[-8] ^ 1,)) + data[-7:]


@cache
def bomb(start: bytes) -> tuple[bytes, bytes]:
    """Return the gzip of `start` without its end, and a piece of 1 KiB to repeat, which unpacks to 1 MiB of `a`."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    head = deflate.compress(start) + deflate.flush(zlib.Z_FULL_FLUSH)
    # After a full flush no data refers to earlier data, so the piece can be repeated.
    return head, deflate.compress(b"a" * _MIB) + deflate.flush(zlib.Z_FULL_FLUSH)


def endless(start: bytes, piece: bytes, answer: Answer = _DOCUMENT) -> Play:
    """An answer with a body that never ends."""

    async def play(exchange: Exchange) -> None:
        await exchange.send(answer.head(CHUNKED) + chunk(start))
        while True:
            await exchange.send(chunk(piece))

    return play


def expanding(start: bytes, answer: Answer = _DOCUMENT) -> Play:
    """An answer with an endless body, packed as a gzip bomb."""

    async def play(exchange: Exchange) -> None:
        await endless(*bomb(start), answer.changed(content_encoding="gzip"))(exchange)

    return play


async def nested_bomb(exchange: Exchange) -> None:
    """A gzip bomb of 64 MiB, packed a second time."""
    first, piece = bomb(_OPEN)
    twice = gzip.compress(first + piece * 64)
    await exchange.send(_DOCUMENT.holding(twice).changed(content_encoding="gzip, gzip").whole)


async def huge_body(exchange: Exchange) -> None:
    """A whole document of `mib` MiB, with its Content-Length."""
    start, end, size = b'{"id":"huge","metadata":{"a":"', b'"}}', int(exchange.number("mib"))
    length = len(start) + size * _MIB + len(end)
    await exchange.send(_DOCUMENT.head(("content-length", str(length))) + start)
    # Piece by piece: the whole document is never in the memory of the test.
    piece = b"a" * _MIB
    for _ in range(size):
        await exchange.send(piece)
    await exchange.send(end)


_OPEN = b'{"id":"endless","metadata":{"a":"'
_LONG = b"a" * 2**16
# Far past the recursion limit of every decoder.
_DEEP = b"[" * 100_000

BODY_FAULTS = (
    Fault("empty_200", written(lambda _: b"")),
    Fault("json_wrong_type", headed(content_type="text/plain")),
    Fault("json_no_type", headed(content_type=None)),
    Fault("json_bogus_charset", headed(content_type="application/json; charset=x-no-such-charset")),
    # Not JSON
    Fault("json_truncated", written(lambda body: body[: len(body) // 2])),
    Fault("json_trailing_garbage", written(lambda body: body + b" garbage")),
    Fault("json_utf16", written(lambda body: body.decode().encode("utf-16"))),
    Fault("json_invalid_utf8", with_token("id", b'"\xff\xfe"')),
    Fault("json_nan", with_token("created_at", b"NaN")),
    Fault("json_huge_int", with_token("created_at", b"1" * 5000)),
    Fault("json_array", written(lambda body: b"[%b]" % body)),
    Fault("json_null", written(lambda _: b"null")),
    Fault("json_deep", written(lambda _: b'{"id":' + _DEEP)),
    # Unusual JSON
    Fault("json_deep_unknown_field", with_token("x_deep", _DEEP + b"]" * len(_DEEP))),
    Fault("json_bom", written(lambda body: b"\xef\xbb\xbf" + body)),
    Fault("json_float_int", with_token("created_at", b"1700000000.0")),
    Fault("json_dup_keys", written(lambda body: body[:-1] + b',"object":"again"}')),
    Fault("json_lone_surrogate", with_token("name", rb'"\ud800"')),
    Fault("json_surrogate_pair", with_token("name", rb'"\ud83d\ude00"')),
    Fault("json_nul_escape", with_token("name", rb'"a\u0000b"')),
    # Values
    Fault("extra_fields", edited(_everywhere(_more))),
    Fault("missing_optional", edited(_bare)),
    Fault("unknown_enum", edited(_odd_words)),
    Fault("unknown_types", edited(_odd_types)),
    Fault("nulls_everywhere", edited(_nulls)),
    Fault("id_mismatch", edited(_another)),
    Fault("page_loop", page_loop, {"empty": 0.0}),
    Fault("poll", poll, {"status": "in_progress", "hint": ""}),
    # Packing and size
    Fault("gzip_truncated", packed(_short)),
    Fault("gzip_bad_crc", packed(_bad_sum)),
    Fault("gzip_not_gzip", packed(bytes)),
    Fault("encoding_unknown", packed(bytes, "x-unheard-of")),
    Fault("gzip_bomb", expanding(_OPEN)),
    Fault("gzip_bomb_nested", nested_bomb),
    Fault("huge_body", huge_body, {"mib": 256.0}),
    Fault("endless_body", endless(_OPEN, _LONG)),
    Fault("endless_error_body", endless(b'{"error":{"message":"', _LONG, Answer.json(500, None))),
)
