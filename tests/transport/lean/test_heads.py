"""Heads: requests as bytes, answers as fields, and what is refused."""

from __future__ import annotations

import pytest

from assistants_async import ConnectFailedError, Headers
from assistants_async.transport.lean.heads import (
    MAX_HEADERS,
    end_of_head,
    ends_with_connection,
    fields_of,
    header_block,
    reason_of,
    request_line,
    too_large,
)
from tests.support.http_server import KEY


def test_headers_as_bytes() -> None:
    """In their order, text as UTF-8."""
    assert header_block({"accept": "*/*", "x-team": "café"}) == "accept: */*\r\nx-team: café\r\n".encode()


BROKEN: dict[str, dict[str, str]] = {
    "line end": {"x-a": f"{KEY}\r\nx-b: 1"},
    "line feed": {"x-a": f"{KEY}\nx-b: 1"},
    "carriage return": {"x-a": f"{KEY}\r"},
    "NUL": {"x-a": f"{KEY}\0"},
    "name": {"x-a\r\nx-b": KEY},
}


@pytest.mark.parametrize("headers", BROKEN.values(), ids=BROKEN)
def test_a_header_that_would_be_two_is_refused(headers: dict[str, str]) -> None:
    """By its name, without its value."""
    with pytest.raises(ValueError, match=r"header 'x-a.*' must not hold a line end or NUL") as caught:
        header_block({"accept": "*/*", **headers})
    assert KEY not in str(caught.value)


def test_the_start_of_a_request() -> None:
    """Method and target, of which a fragment is no part."""
    assert request_line("GET", "/v1/a?b=c#d") == b"GET /v1/a?b=c"
    assert request_line("PURGE", "/") == b"PURGE /"


LINES = {
    "method": ("GET /x HTTP/1.1\r\n", "/"),
    "no method": ("", "/"),
    "blank": ("GET", "/a b"),
    "line end": ("GET", "/a\r\nx-b: 1"),
    "text": ("GET", "/é"),
}


@pytest.mark.parametrize(("method", "target"), LINES.values(), ids=LINES)
def test_the_start_of_a_request_that_would_be_another_is_refused(method: str, target: str) -> None:
    """Another attempt would be refused as well."""
    with pytest.raises(ConnectFailedError, match="must look like") as caught:
        request_line(method, target)
    assert caught.value.permanent


HEAD = b"HTTP/1.1 404 Not Found\r\nX-A: 1\r\nx-a:2 \r\nx-fold: a\r\n  b\r\n\tc\r\nx-text: \xc5\xbe\xff"


@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
def test_the_fields_of_an_answer(end: bytes) -> None:
    """Repeated ones are kept, a folded one is one, and bytes that are no text are kept as surrogates."""
    head = HEAD.replace(b"\r\n", end)
    fields = Headers(fields_of(head))
    assert fields.get_all("x-a") == ("1", "2")
    assert fields["x-fold"] == "a b c"
    assert fields["x-text"].encode("utf-8", "surrogateescape") == b"\xc5\xbe\xff"
    assert reason_of(head) == "Not Found"
    assert end_of_head(head + end) == -1
    assert end_of_head(head + end + end + b"body\r\n\r\n") == len(head)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200", b"HTTP/1.1 200 \r\n", b"HTTP/1.1 200\r\n"])
def test_an_answer_without_a_reason_or_fields(head: bytes) -> None:
    """Has none."""
    assert reason_of(head) == ""
    assert list(fields_of(head)) == []


BODIES = {
    b"": True,
    b"content-length: 3": False,
    b"Transfer-Encoding: gzip, Chunked": False,
    b"transfer-encoding: gzip": True,
}


@pytest.mark.parametrize(("field", "whole"), BODIES.items(), ids=[field.decode() or "none" for field in BODIES])
def test_a_body_without_a_length_ends_with_the_connection(field: bytes, whole: bool) -> None:
    """Any other that ends so is cut."""
    assert ends_with_connection(b"HTTP/1.1 200 OK\r\n" + field) is whole


def test_a_head_past_a_limit_is_an_error_that_names_it() -> None:
    """It would be past it again, so no other attempt is made."""
    line = too_large(b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 100, 100)
    many = too_large(b"HTTP/1.1 200 OK\r\n" + b"x-a: 1\r\n" * (MAX_HEADERS + 1), 100)
    assert line is not None
    assert many is not None
    assert str(line) == "a line of the answer's head has more than 100 bytes: raise max_header_bytes"
    assert str(many) == "the answer has more than 128 headers, which transport='lean' does not take"
    assert line.permanent
    assert many.permanent
    assert too_large(b"HTTP/1.1 200 OK\r\n" + b"x-a: 1\r\n" * 90, 100) is None
