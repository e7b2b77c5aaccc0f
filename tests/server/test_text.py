"""The words of files: what of each kind is searched, and what cannot be."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.server.storage.text_extraction import Unreadable, text_of

WORDS: dict[str, tuple[bytes, str]] = {
    "a.txt": (b"plain", "plain"),
    "a.MD": ("# Titel: ä".encode(), "# Titel: ä"),
    "bom.txt": (b"\xef\xbb\xbfplain", "plain"),
    "wide.txt": ("breit ä".encode("utf-16"), "breit ä"),
    "a.json": (
        b'{"city": {"name": "Paris", "tags": ["x", 1, null]}}',
        "city name: Paris\ncity tags: x\ncity tags: 1\ncity tags: None",
    ),
    "text.json": (b'"just text"', "just text"),
    "a.csv": (b"city,rain\nParis,yes\nOslo,no,extra\n", "city: Paris, rain: yes\ncity: Oslo, rain: no, extra"),
    "head.csv": (b"city,rain\n", "city, rain"),
    "a.html": (
        b"<html><head><title>T</title></head><body><h1>Rain &amp; sun</h1><script>no()</script><p>In  Paris</p></body>",
        "Rain & sun\nIn Paris",
    ),
}


@pytest.mark.parametrize(("filename", "content"), [(name, content) for name, (content, _) in WORDS.items()])
def test_each_kind_has_words(filename: str, content: bytes) -> None:
    """By the end of the name, in either case."""
    assert text_of(filename, content) == WORDS[filename][1]


UNREADABLE: dict[str, tuple[str, bytes, str, str]] = {
    "no end": ("notes", b"x", "unsupported_file", "of no kind that can be searched"),
    "another kind": ("a.pdf", b"%PDF", "unsupported_file", "of no kind"),
    "no text": ("a.txt", b"\xff\x00\xff", "invalid_file", "is not UTF-8"),
    "half of UTF-16": ("a.txt", b"\xff\xfea", "invalid_file", "is not UTF-1"),
    "empty": ("a.txt", b" \n", "invalid_file", "has no text"),
    "empty table": ("a.csv", b"", "invalid_file", "has no text"),
    "no JSON": ("a.json", b"{", "invalid_file", "cannot be read"),
    "deep JSON": ("a.json", b"[" * 100_000, "invalid_file", "cannot be read"),
    "a failure asked for": ("a.txt", b"/fail  the disk is full ", "server_error", "^the disk is full$"),
    "a failure without words": ("a.txt", b"/fail", "server_error", "asked for a failure"),
}


@pytest.mark.parametrize(("filename", "content", "code", "message"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_has_no_words_says_why(filename: str, content: bytes, code: str, message: str) -> None:
    """By the protocol's codes."""
    with pytest.raises(Unreadable, match=message) as caught:
        text_of(filename, content)
    assert caught.value.code == code


@given(st.sampled_from(["a.txt", "a.json", "a.csv", "a.html"]), st.binary(max_size=300))
def test_no_bytes_break_it(filename: str, content: bytes) -> None:
    """Words, or a reason."""
    with contextlib.suppress(Unreadable):
        assert text_of(filename, content).strip()
