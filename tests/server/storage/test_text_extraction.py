"""The text of files: the searchable words of each type, and the types without any."""

from __future__ import annotations

import contextlib
import json

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


PAGES = {
    "quoted": ("<p title='a>b'>c < d</p>", "c < d"),
    "comment": ("a<!-- <p> -->b<!-- c", "ab"),
    "nested": ("<template><template>a</template>b</template>c", "c"),
    "script": ("<script>if (a</b) '</p>'</SCRIPT >c<style>d", "c"),
    "declaration": ("<!doctype html><?xml?></3>a<", "a<"),
    "cut tag": ("a<p class='b", "a"),
    "marked section": ("<![if a]>b<![foo", "b"),
}


@pytest.mark.parametrize(("page", "words"), PAGES.values(), ids=PAGES.keys())
def test_pages_as_browsers_show_them(page: str, words: str) -> None:
    """Broken ends are no text, and nothing in a page is an error."""
    assert text_of("a.html", page.encode()) == words


WORST = ('<a "', "<a '", "<", "<!--", "<![", "</", "<script>", "<style>x</sty", "<template></style>", "&#", '"<a ')


@pytest.mark.parametrize("piece", WORST, ids=WORST)
def test_no_page_is_slow(piece: str) -> None:
    """A megabyte of the worst is read in seconds, where going back at each `<` would take hours."""
    with contextlib.suppress(Unreadable):
        text_of("a.html", (piece * (2**20 // len(piece))).encode())


def test_names_are_repeated_in_part() -> None:
    """A long name before many values makes a text of a few times the size of the file, not of both multiplied."""
    name, values = "n" * 100_000, ["x"] * 5_000
    assert len(text_of("a.json", json.dumps({name: values}).encode())) < 2**21
    assert len(text_of("a.csv", "\n".join([name, *values]).encode())) < 2**21


UNREADABLE: dict[str, tuple[str, bytes, str, str]] = {
    "no end": ("notes", b"x", "unsupported_file", "of no kind that can be searched"),
    "another kind": ("a.pdf", b"%PDF", "unsupported_file", "of no kind"),
    "no text": ("a.txt", b"\xff\x00\xff", "invalid_file", "is not UTF-8"),
    "half of UTF-16": ("a.txt", b"\xff\xfea", "invalid_file", "is not UTF-1"),
    "empty": ("a.txt", b" \n", "invalid_file", "has no text"),
    "empty table": ("a.csv", b"", "invalid_file", "has no text"),
    "no JSON": ("a.json", b"{", "invalid_file", "cannot be read"),
    "deep JSON": ("a.json", b"[" * 100_000, "invalid_file", "cannot be read"),
    "a requested failure": ("a.txt", b"/fail  the disk is full ", "server_error", "^the disk is full$"),
    "a failure without words": ("a.txt", b"/fail", "server_error", "asked for a failure"),
}


@pytest.mark.parametrize(("filename", "content", "code", "message"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_files_without_words_have_a_reason(filename: str, content: bytes, code: str, message: str) -> None:
    """By the protocol's codes."""
    with pytest.raises(Unreadable, match=message) as caught:
        text_of(filename, content)
    assert caught.value.code == code


@given(st.sampled_from(["a.txt", "a.json", "a.csv", "a.html"]), st.binary(max_size=300))
def test_no_bytes_break_it(filename: str, content: bytes) -> None:
    """Words, or a reason."""
    with contextlib.suppress(Unreadable):
        assert text_of(filename, content).strip()


def test_a_deep_document_is_read_in_one_pass() -> None:
    """No value costs more for the levels around it."""
    document = '{"name":' * 300 + "[" + "1," * 2**19 + "1]" + "}" * 300
    assert text_of("a.json", document.encode()).endswith("name name: 1")
