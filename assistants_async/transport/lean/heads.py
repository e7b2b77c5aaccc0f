"""The heads of HTTP/1.1: requests written, answers read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...errors import ConnectFailedError, ConnectionLostError, TransportError

MAX_HEADER = 8190
"""Bytes of one header line of an answer, as many as aiohttp takes."""
MAX_HEADERS = 128
"""Header lines of an answer, the same."""

_METHODS = ("GET", "POST", "DELETE")
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_END = re.compile(rb"\r?\n\r?\n")


def header_block(headers: Mapping[str, str]) -> bytes:
    """Write headers, each with its line end; raises `ValueError` for one that would be two, without its value."""
    text = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    # One search of the whole text: headers were checked when they were set, and only hooks can change them later.
    if text.count("\n") != len(headers) or text.count("\r") != len(headers) or "\0" in text:
        broken = [name for name, value in headers.items() if re.search(r"[\r\n\0]", f"{name}{value}")]
        raise ValueError(f"header {broken[0]!r} must not hold a line end or NUL")
    return text.encode()


def request_line(method: str, target: str) -> bytes:
    """Write the start of a request, up to its target; raises `ConnectFailedError` for one that would be two."""
    if "#" in target:
        target = target.partition("#")[0]
    is_method = method in _METHODS or _METHOD.fullmatch(method)
    if not (is_method and target.isascii() and target.isprintable() and " " not in target):
        raise bad_url()
    return f"{method} {target}".encode()


def bad_url() -> TransportError:
    """Make the error of a URL that an `on_send` hook has set: the base URL was checked, and paths are made here."""
    failure = ConnectFailedError("the URL of the request must look like https://host/path")
    failure.permanent = True
    return failure


def end_of_head(data: bytes) -> int:
    """Find the end of the last header line; -1 where the head is not whole."""
    found = _END.search(data)
    return -1 if found is None else found.start()


def reason_of(head: bytes) -> str:
    """Read the reason phrase."""
    line = head.partition(b"\n")[0].decode("utf-8", "surrogateescape")
    return line.strip().partition(" ")[2].partition(" ")[2]


def fields_of(head: bytes) -> Iterator[tuple[str, str]]:
    """Yield the headers of an answer, names and values as they were sent."""
    name, value = "", ""
    for line in head.decode("utf-8", "surrogateescape").split("\n")[1:]:
        if line[:1] in (" ", "\t"):  # a value that goes on (RFC 9112, 5.2)
            value = f"{value} {line.strip()}"
            continue
        if name:
            yield name, value
        name, _, value = line.partition(":")
        name, value = name.strip(), value.strip(" \t\r")
    if name:
        yield name, value


def ends_with_connection(head: bytes) -> bool:
    """Return True for an answer whose body ends with the connection (RFC 9112, 6.3)."""
    fields = {name.lower(): value for name, value in fields_of(head)}
    coding = fields.get("transfer-encoding")
    return "content-length" not in fields if coding is None else "chunked" not in coding.lower()


def length_of(head: bytes) -> int:
    """Read the length of a body; 0 where the head gives none that is plain."""
    lengths = (value for name, value in fields_of(head) if name.lower() == "content-length" and value.isdecimal())
    return int(next(lengths, 0))


def too_large(head: bytes, max_header_bytes: int) -> TransportError | None:
    """Make the error of a head, or the start of one, that is past a limit, and would be past it again."""
    lines = head.split(b"\n")
    if max(map(len, lines)) > max_header_bytes:
        text = f"a line of the answer's head has more than {max_header_bytes} bytes: raise max_header_bytes"
    elif len(lines) > MAX_HEADERS + 1:
        text = f"the answer has more than {MAX_HEADERS} headers, which transport='lean' does not take"
    else:
        return None
    failure = ConnectionLostError(text, maybe_processed=True)
    failure.permanent = True
    return failure
