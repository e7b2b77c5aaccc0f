"""Compressed bodies: undone piece by piece, and never a part taken for the whole."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.core.responses.decompression import PIECE, Inflater

TEXT = b'{"id":"asst_1","name":"' + b"x" * 1000 + b'"}'


def raw_deflate(data: bytes) -> bytes:
    """The `deflate` of many servers: without zlib's head and tail."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def inflated(coding: str, *pieces: bytes) -> bytes:
    """The content of a body in pieces of one size."""
    inflater = Inflater(coding)
    found = b""
    for piece in pieces:
        found += inflater.feed(piece)
        while inflater.pending:
            found += inflater.feed(b"")
    inflater.finish()
    return found


BODIES: dict[str, tuple[str, bytes, bytes]] = {
    "gzip": ("gzip", gzip.compress(TEXT), TEXT),
    "x-gzip": ("X-GZip", gzip.compress(TEXT), TEXT),
    "deflate": ("deflate", zlib.compress(TEXT), TEXT),
    "deflate without its head": ("deflate", raw_deflate(TEXT), TEXT),
    "two members": ("gzip", gzip.compress(TEXT) + gzip.compress(b"more"), TEXT + b"more"),
    "a member and padding": ("gzip", gzip.compress(TEXT) + b"\0" * 9, TEXT),
    "empty member": ("gzip", gzip.compress(b""), b""),
    "no body": ("gzip", b"", b""),
    "no body of deflate": ("deflate", b"", b""),
    "large": ("gzip", gzip.compress(b"\0" * (3 * PIECE + 7)), b"\0" * (3 * PIECE + 7)),
    "just a piece": ("gzip", gzip.compress(b"\0" * PIECE), b"\0" * PIECE),
}


@pytest.mark.parametrize(("coding", "body", "wanted"), BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_bodies_are_undone(coding: str, body: bytes, wanted: bytes, step: int) -> None:
    """However they are cut."""
    assert inflated(coding, *(body[i : i + step] for i in range(0, len(body), step))) == wanted


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@given(data=st.binary(max_size=2000), cut=st.integers(1, 2000))
def test_a_body_that_is_cut_short_is_no_body(coding: str, data: bytes, cut: int) -> None:
    """Any cut is noticed: aiohttp passes the part as the whole."""
    body = gzip.compress(data) if coding == "gzip" else zlib.compress(data)
    short = body[: max(1, len(body) - cut)]
    if short != body:
        with pytest.raises(ValueError, match="cut short"):
            inflated(coding, short)


BROKEN: dict[str, tuple[str, bytes, str]] = {
    "no gzip": ("gzip", b"plain text", "no gzip"),
    "bad checksum": ("gzip", gzip.compress(TEXT)[:-8] + b"\0" * 8, "no gzip"),
    "garbage behind it": ("gzip", gzip.compress(TEXT) + b"garbage", "no gzip"),
    "one byte behind it": ("gzip", gzip.compress(TEXT) + b"g", "cut short"),
    "no deflate": ("deflate", b"\xff\xff\xff", "no deflate"),
    "one byte": ("deflate", b"x", "cut short"),
}


@pytest.mark.parametrize(("coding", "body", "text"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_bodies_are_errors(coding: str, body: bytes, text: str) -> None:
    """As one kind of error."""
    with pytest.raises(ValueError, match=text):
        inflated(coding, body)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "", "identity, gzip"])
def test_other_codings_are_refused(coding: str) -> None:
    """The request accepts none, so none has to be understood."""
    with pytest.raises(ValueError, match="not requested"):
        Inflater(coding)


def test_little_is_given_out_at_once() -> None:
    """A body that grows a thousand times can be left at any piece."""
    inflater = Inflater("gzip")
    assert len(inflater.feed(gzip.compress(b"\0" * 50 * PIECE))) == PIECE
    assert inflater.pending
