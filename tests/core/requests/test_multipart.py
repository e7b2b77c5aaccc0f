"""The framing of uploads: fields, part headers, and their allowed characters."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.core.requests.multipart import form_fields, head, is_media_type, tail

BOUNDARY = "b0undary"


def parse(body: bytes) -> list[EmailMessage]:
    """The parts of a body, as the standard library reads them."""
    header = f"content-type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n".encode()
    message = BytesParser(EmailMessage, policy=policy.HTTP).parsebytes(header + body)
    assert not message.defects
    return [part for part in message.iter_parts() if isinstance(part, EmailMessage)]


FIELDS: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "nothing": ({}, []),
    "text": ({"purpose": "assistants"}, [("purpose", "assistants")]),
    "number": ({"bytes": 12, "score": 0.5}, [("bytes", "12"), ("score", "0.5")]),
    "bool": ({"a": True, "b": False}, [("a", "true"), ("b", "false")]),
    "None": ({"a": None, "b": ""}, [("b", "")]),
    "object": (
        {"expires_after": {"anchor": "created_at", "seconds": 3600}},
        [("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "3600")],
    ),
}


@pytest.mark.parametrize(("values", "wanted"), FIELDS.values(), ids=FIELDS.keys())
def test_keywords_become_fields(values: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    """An object is flattened into `name[key]`, None is left out."""
    assert form_fields(values) == wanted


def test_a_body_is_read_back_by_a_standard_parser() -> None:
    """Fields come first, then the file with its name and type, byte for byte."""
    content = b"\x00\r\n--b0undar\r\n\xff"
    body = (
        head(BOUNDARY, [("purpose", "vision"), ("x[y]", "1")], "file", "a.png", "image/png") + content + tail(BOUNDARY)
    )
    purpose, nested, file = parse(body)
    assert (purpose.get_param("name", header="content-disposition"), purpose.get_content()) == ("purpose", "vision")
    assert (nested.get_param("name", header="content-disposition"), nested.get_content()) == ("x[y]", "1")
    assert (file.get_filename(), file.get_content_type(), file.get_payload(decode=True)) == (
        "a.png",
        "image/png",
        content,
    )


ESCAPES = {
    "quote": ('a"b', "a%22b"),
    "line feed": ("a\nb", "a%0Ab"),
    "carriage return": ("a\rb", "a%0Db"),
    "NUL": ("a\0b", "a%00b"),
    "header injection": ('a"\r\nx-admin: 1\r\n\r\n', "a%22%0D%0Ax-admin: 1%0D%0A%0D%0A"),
    "backslash stays": ("a\\b", "a\\b"),
    "non-ASCII stays": ("é.txt", "é.txt"),
}


@pytest.mark.parametrize(("name", "wanted"), ESCAPES.values(), ids=ESCAPES.keys())
def test_names_are_escaped_as_browsers_do(name: str, wanted: str) -> None:
    """Characters that would end a quoted name are percent-encoded, in file names and field names alike."""
    text = head(BOUNDARY, [(name, "v")], name, name, "text/plain").decode()
    assert text.count(f'name="{wanted}"') == 3
    assert f'; name="{wanted}"; filename="{wanted}"\r\n' in text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_name_adds_a_header(name: str) -> None:
    """For any names, the head has the lines of one field and one file, and no more."""
    lines = head(BOUNDARY, [(name, "v")], "file", name, "text/plain").split(b"\r\n")
    assert [line.partition(b";")[0] for line in lines] == [
        b"--b0undary",
        b"content-disposition: form-data",
        b"",
        b"v",
        b"--b0undary",
        b"content-disposition: form-data",
        b"content-type: text/plain",
        b"",
        b"",
    ]
    assert not any(b"\n" in line or b"\r" in line for line in lines)


@pytest.mark.parametrize(
    "media", ["text/plain", "text/plain; charset=utf-8", "application/vnd.x+json", "image/svg+xml"]
)
def test_a_media_type_is_accepted(media: str) -> None:
    """A type, a subtype and parameters are allowed in a part's header."""
    assert is_media_type(media)


@pytest.mark.parametrize(
    "media", ["", "text", "text/", "/plain", "text/plain\r\nx: 1", "text/plain; a=\n", "a b/c", "text/plain,x"]
)
def test_bad_media_types_are_refused(media: str) -> None:
    """A text that could break the part's header, or has no meaning there."""
    assert not is_media_type(media)
