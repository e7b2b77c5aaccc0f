"""The meaning of streams of server-sent events, as data: the rules of the HTML standard, 9.2.5 and 9.2.6.

A row is a name, the bytes, and the events as (name, data, id, retry).
"""

from __future__ import annotations

from typing import NamedTuple

Row = tuple[str, bytes, str, int | None]


class Case(NamedTuple):
    """One stream and its events."""

    name: str
    body: bytes
    events: list[Row]
    left: bytes = b""
    """The text that the end cut off."""


def plain(*texts: bytes) -> list[Row]:
    """Events without a name, an id or a retry."""
    return [("message", text, "", None) for text in texts]


CASES = [
    # what a block is
    Case("nothing", b"", []),
    Case("only blank lines", b"\n\n\r\n\r\r", []),
    Case("one event", b"data: a\n\n", plain(b"a")),
    Case("two events", b"data: a\n\ndata: b\n\n", plain(b"a", b"b")),
    Case("named", b"event: thread.run.created\ndata: {}\n\n", [("thread.run.created", b"{}", "", None)]),
    Case("any order of lines", b"data: a\nid: 1\nevent: e\n\n", [("e", b"a", "1", None)]),
    Case("extra blank lines", b"\n\ndata: a\n\n\n\n\ndata: b\n\n\n", plain(b"a", b"b")),
    Case("no data, no event", b"event: ping\n\ndata: a\n\n", plain(b"a")),
    Case("a name does not last", b"event: e\ndata: a\n\ndata: b\n\n", [("e", b"a", "", None), *plain(b"b")]),
    Case("an empty name", b"event:\ndata: a\n\nevent: \ndata: b\n\n", plain(b"a", b"b")),
    Case("the last name counts", b"event: e\nevent: f\ndata: a\n\n", [("f", b"a", "", None)]),
    Case("a name cleared again", b"event: e\nevent\ndata: a\n\n", plain(b"a")),
    # data
    Case("empty data", b"data:\n\ndata: \n\ndata\n\n", plain(b"", b"", b"")),
    Case("two empty lines of data", b"data\ndata\n\n", plain(b"\n")),
    Case("many lines", b"data: a\ndata:\ndata:b\n\n", plain(b"a\n\nb")),
    Case("one space only", b"data:  a \ndata:\tb\n\n", plain(b" a \n\tb")),
    Case("colons in data", b"data: : a: b\n\ndata::\n\n", plain(b": a: b", b":")),
    Case("controls in data", b"data: \x00\x0b\x0c\x1c\x1e\xc2\x85\xe2\x80\xa8\n\n",
         plain(b"\x00\x0b\x0c\x1c\x1e\xc2\x85\xe2\x80\xa8")),
    Case("not UTF-8 in data", b"data: \xff\xc3\n\n", plain(b"\xff\xc3")),
    Case("not UTF-8 in a name", b"event: \xffe\ndata: a\n\nevent: \xff\nid: \xc3\ndata: a\n\n",
         [("\ufffde", b"a", "", None), ("\ufffd", b"a", "\ufffd", None)]),
    # lines
    Case("CRLF", b"event: e\r\ndata: a\r\n\r\ndata: b\r\n\r\n", [("e", b"a", "", None), *plain(b"b")]),
    Case("CR", b"data: a\rdata: b\r\rdata: c\r\r", plain(b"a\nb", b"c")),
    Case("all kinds", b"data: a\r\ndata: b\ndata: c\rdata: d\r\n\rdata: e\n\r\n", plain(b"a\nb\nc\nd", b"e")),
    Case("CR CRLF", b"data: a\r\r\ndata: b\r\r\n", plain(b"a", b"b")),
    Case("LF CR is two ends", b"data: a\n\rdata: b\n\r", plain(b"a", b"b")),
    # comments and what is no field
    Case("comments", b": hello\ndata: a\n:data: b\n:\ndata: c\n\n:\n\n", plain(b"a\nc")),
    Case("a comment before a usual block", b": hello\nevent: e\ndata: a\n\n", [("e", b"a", "", None)]),
    Case("unknown fields", b"Data: a\nDATA: b\n data: c\nda ta: d\ndata : e\nx\nx: y\ndata: f\n\n", plain(b"f")),
    Case("JSON that is no stream", b'{"error": {}}', [], b'{"error": {}}'),
    # the byte order mark
    Case("BOM", b"\xef\xbb\xbfdata: a\n\n", plain(b"a")),
    Case("BOM and a comment", b"\xef\xbb\xbf: x\ndata: a\n\n", plain(b"a")),
    Case("only one BOM", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", plain(b"b")),
    Case("BOM later on", b"data: \xef\xbb\xbfa\n\n\xef\xbb\xbfdata: b\n\n", plain(b"\xef\xbb\xbfa")),
    Case("nearly a BOM", b"\xef\xbbdata: a\n\ndata: b\n\n", plain(b"b")),
    Case("half a BOM", b"\xef\xbb", [], b"\xef\xbb"),
    # ids
    Case("an id lasts", b"id: 1\ndata: a\n\ndata: b\n\n", [("message", b"a", "1", None), ("message", b"b", "1", None)]),
    Case("an id cleared", b"id: 1\ndata: a\n\nid\ndata: b\n\n", [("message", b"a", "1", None), *plain(b"b")]),
    Case("an id without data", b"id: 1\n\ndata: b\n\n", [("message", b"b", "1", None)]),
    Case("NUL in an id", b"id: 1\nid: 2\x003\ndata: a\n\n", [("message", b"a", "1", None)]),
    Case("an id not in ASCII", b"id: \xe2\x80\xa6\ndata: a\n\n", [("message", b"a", "…", None)]),
    # retry
    Case("retry", b"retry: 30\ndata: a\n\ndata: b\n\n", [("message", b"a", "", 30), *plain(b"b")]),
    Case("retry by itself", b"retry: 30\n\ndata: b\n\n", plain(b"b")),
    Case("retry with zeros", b"retry: 0007\ndata: a\n\nretry: 0\ndata: a\n\n",
         [("message", b"a", "", 7), ("message", b"a", "", 0)]),
    Case("retry that is no number",
         b"retry: 5\nretry: -1\nretry: 1.5\nretry:\nretry: \xd9\xa3\nretry:  7\nretry: 7x\ndata: a\n\n",
         [("message", b"a", "", 5)]),
    Case("retry past all reason", b"retry: " + b"9" * 5000 + b"\ndata: a\n\n", plain(b"a")),
    # the end
    Case("cut in a line", b"data: a\n\ndata: b", plain(b"a"), b"data: b"),
    Case("cut before the blank line", b"data: a\n\nevent: e\r\ndata: b\r\n", plain(b"a"), b"event: e\ndata: b\n"),
    Case("cut in a block with an id", b"id: 1\ndata: a\n\nid: 2\ndata: b\n",
         [("message", b"a", "1", None)], b"id: 2\ndata: b\n"),
    Case("cut in a comment", b"data: a\n\n: still he", plain(b"a")),
    Case("cut after a comment", b"data: a\n\n: still here\n", plain(b"a")),
    Case("cut in a comment in a block", b"data: a\n: still he", [], b"data: a\n"),
    Case("CR ends the last line", b"data: a\r\r", plain(b"a")),
    Case("CR before its LF", b"data: a\r\n\r", plain(b"a")),
]  # fmt: skip
