"""Names of downloads: read from the header in every form, and never more than a name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistants_async import Headers
from assistants_async.core.filenames import numbered, safe_name, suggested_name
from assistants_async.errors.base import escaped

HEADERS: dict[str, tuple[str | None, str]] = {
    "plain": ("attachment; filename=report.pdf", "report.pdf"),
    "quoted": ('attachment; filename="my report.pdf"', "my report.pdf"),
    "quoted with escapes": (r'attachment; filename="a\"b\\c.txt"', "c.txt"),
    "quoted with a semicolon": ('attachment; filename="a;b.txt"', "a;b.txt"),
    "capitals and spaces": ('ATTACHMENT ; FileName = "a.txt"', "a.txt"),
    "no disposition type": ('filename="a.txt"', "a.txt"),
    "extended": ("attachment; filename*=UTF-8''na%C3%AFve%20plan.txt", "naïve plan.txt"),
    "extended with a language": ("attachment; filename*=utf-8'en'a.txt", "a.txt"),
    "extended in latin-1": ("attachment; filename*=ISO-8859-1''%E9t%E9.txt", "été.txt"),
    "extended in a made-up charset": ("attachment; filename*=KLINGON''a%C3%A9.txt", "aé.txt"),
    "extended with bad bytes": ("attachment; filename*=UTF-8''a%FF.txt", "a\N{REPLACEMENT CHARACTER}.txt"),
    "both": ("attachment; filename=plain.txt; filename*=UTF-8''better.txt", "better.txt"),
    "both, extended first": ("attachment; filename*=UTF-8''better.txt; filename=plain.txt", "better.txt"),
    "non-ASCII": ('attachment; filename="été.txt"', "été.txt"),
    "none": ("attachment", "response.json"),
    "unknown type": ("application/pdf", "response.json"),
    "empty header": ("", "response.json"),
    "no header": (None, "response.json"),
    "empty name": ('attachment; filename=""', "response.json"),
    "nothing but dots": ('attachment; filename="..."', "response.json"),
    "dots and spaces": ('attachment; filename=".. .. .."', "response.json"),
    "climbing": ('attachment; filename="../../etc/passwd"', "passwd"),
    "climbing, encoded": ("attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
    "absolute": ('attachment; filename="/etc/passwd"', "passwd"),
    "backslashes": ("attachment; filename*=UTF-8''..%5C..%5Cboot.ini", "boot.ini"),
    "drive": ("attachment; filename*=UTF-8''C%3A%5Ca.txt", "a.txt"),
    "ends in a slash": ('attachment; filename="a/"', "response.json"),
    "NUL": ("attachment; filename*=UTF-8''a%00.txt", "a_.txt"),
    "line end": ("attachment; filename*=UTF-8''a%0D%0Ab.txt", "a__b.txt"),
    "what Windows forbids": ("attachment; filename*=UTF-8''a%3Cb%3E%7C%2A%3F.txt", "a_b____.txt"),
    "device": ('attachment; filename="con.txt"', "_con.txt"),
    "hidden": ('attachment; filename=".bashrc"', "bashrc"),
}


@pytest.mark.parametrize(("header", "wanted"), HEADERS.values(), ids=HEADERS.keys())
def test_each_header_gives_one_plain_name(header: str | None, wanted: str) -> None:
    """The name comes from Content-Disposition (RFC 6266), else it is `response` with an extension."""
    pairs = [("content-type", "application/json; charset=utf-8")]
    if header is not None:
        pairs.append(("content-disposition", header))
    assert suggested_name(Headers(pairs)) == wanted


@pytest.mark.parametrize(
    ("media", "wanted"),
    [
        ("text/plain", "response.txt"),
        ("application/octet-stream", "response"),
        ("x/unheard-of", "response"),
        ("", "response"),
    ],
)
def test_without_a_name_the_media_type_gives_the_extension(media: str, wanted: str) -> None:
    """A type that says nothing gives no extension."""
    headers = Headers([("content-type", media)] if media else [])
    assert suggested_name(headers) == wanted
    assert suggested_name(headers, "../file_1") == wanted.replace("response", "file_1")
    assert suggested_name(headers, "..") == wanted.replace("response", "file")


def test_a_long_name_is_cut_and_keeps_its_extension() -> None:
    """The cut counts bytes, since file systems do, and splits no character."""
    assert safe_name("é" * 300 + ".txt") == "é" * 98 + ".txt"
    assert safe_name("x" * 300) == "x" * 200
    assert len(safe_name("a." + "x" * 300).encode()) <= 200


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("a.txt", "a (2).txt"), ("a.tar.gz", "a.tar (2).gz"), ("a", "a (2)"), ("a b (2).c", "a b (2) (2).c")],
)
def test_a_second_file_of_a_name_has_a_number(name: str, wanted: str) -> None:
    """Before the extension; the first has none."""
    assert (numbered(name, 1), numbered(name, 2)) == (name, wanted)


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=300) | st.text("./\\ \t\0aé:", max_size=12))
@example(".. .. ..")
@example("a. .")
@example("x" * 199 + " .")
@settings(max_examples=500)
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    """For any name of a server, the result is empty or one name, and cleaning it again changes nothing."""
    clean = safe_name(name)
    assert safe_name(clean) == clean
    assert len(clean.encode()) <= 255
    if clean:
        assert clean not in (".", "..")
        assert Path("folder", clean).parent == Path("folder")
        assert Path("folder", clean).name == clean


@pytest.mark.parametrize("mark", "\u200e\u200f\u2028\u202a\u202e\u2066\u2069", ids=ascii)
def test_marks_of_direction_are_no_part_of_a_name(mark: str) -> None:
    """A program could else be shown as a picture."""
    assert safe_name(f"a{mark}gpj.exe") == "a_gpj.exe"
    assert escaped(f"a{mark}b") == f"a\\u{ord(mark):04x}b"
