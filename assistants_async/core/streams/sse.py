"""Server-sent events out of the bytes of a response (HTML standard, 9.2 "Server-sent events")."""

import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final, NamedTuple, cast

from ..._typing import override
from .framer import DEFAULT_LIMIT, PARTIAL_CAP, Framer

DEFAULT_EVENT: Final = "message"
"""Name of an event whose block names none (HTML standard, 9.2.6)."""


class ServerSentEvent(NamedTuple):
    """One dispatched event."""

    event: str
    """Its name; bytes that are not UTF-8 are replaced."""
    data: bytes
    """Its data lines, joined by LF and not decoded."""
    id: str = ""
    """The last event id in force when it was dispatched, which an earlier event may have set; empty for none."""
    retry: int | None = None
    """Milliseconds that its own block asks to wait before a reconnection."""


# Goals: any cut of the bytes gives the same events at the same byte; each byte is looked at a bounded number of times,
# however long a line is and however small the reads are; what is kept is the unfinished line and the block's values,
# so that a server may send comments for days; the usual block costs two microseconds.
#
# Plan: CR and CRLF become LF as the bytes come in, one flag remembering a CR at the end of a read. An unfinished line
# grows in a bytearray and is looked at when its LF is there. At the start of a block one pattern takes the usual form
# whole (an event line, a data line, a blank line); all else goes line by line through the rules of the standard, to
# the same result. A failed attempt has looked at no more than the lines that are taken one by one after it. Where a
# piece has nothing but usual blocks, `blocks` takes them all at once; the beginning of a block behind them waits as it
# is for its rest, if it is short.

_USUAL = re.compile(rb"(?:event: ?+([^\n]*+)\n)?+data: ?+([^\n]*+)\n\n").match
_BLOCKS = re.compile(rb"(?:event: ?+([^\n]++)\n)?+data: ?+([^\n]*+)\n\n|([^\n]*+\n)").findall
_is_other = itemgetter(2)
_MANY = 256
_MOST_BEGUN = 1024
_COLON = b":"[0]
_CR = b"\r"[0]  # a number is looked for in a third of the time that bytes take
_NOT_ASCII = b"\x80"
_RETRY_DIGITS = 18

Block = tuple[bytes, bytes, bytes]
"""A block of the usual form: its name, which may be empty, its data, and nothing."""

# Typeshed leaves the items of a bare tuple open.
_new = cast("Callable[[type[ServerSentEvent], Any], ServerSentEvent]", cast("Any", tuple).__new__)

# A stream has a handful of names; those of servers that invent one for each event are not kept.
_names: dict[bytes | None, str] = {None: DEFAULT_EVENT, b"": DEFAULT_EVENT}
_MOST_NAMES = 256


def _decoded(name: bytes) -> str:
    text = name.decode("utf-8", "replace")
    if len(_names) < _MOST_NAMES:
        _names[name] = text
    return text


class SSEDecoder(Framer[ServerSentEvent]):
    """Decodes one stream of events; the state of an unfinished line or block is kept between reads.

    No line, and no event's data, may be longer than `max_event_bytes`; the first that is ends the decoding with
    `ItemTooLargeError`. Nothing else is an error: the standard has a meaning for any bytes.
    """

    __slots__ = (
        "_after_cr",
        "_begun",
        "_block",
        "_data",
        "_id",
        "_is_between",
        "_line",
        "_name",
        "_retry",
        "last_event_id",
        "retry",
    )

    def __init__(self, max_event_bytes: int = DEFAULT_LIMIT) -> None:
        super().__init__(max_event_bytes)
        self._after_cr = False
        # True while nothing of an earlier piece waits but `_begun`, as `blocks` has left it.
        self._is_between = False
        self._begun = b""
        self._line = bytearray()
        # The block's lines but for comments, cut off: empty at a block's start, and what `finish` shows.
        self._block = bytearray()
        self._data = bytearray()
        self._name = b""
        self._id = ""
        self._retry: int | None = None
        self.last_event_id = ""
        """Id that a reconnection would send; set by a whole block, with data or without."""
        self.retry: int | None = None
        """Milliseconds to wait before a reconnection, as the server said last."""

    def finish(self) -> bytes:
        """Return the rest of an event that the body's end cut off, at most 1 KiB of it; empty after a clean end.

        The standard discards such an event. Comments are no loss and not reported. Raises what is in `error`.
        """
        if self.error is not None:
            raise self.error
        rest = self._start or self._begun or bytes(self._line[:PARTIAL_CAP])
        lines = (line for line in rest.splitlines(keepends=True) if not line.startswith(b":"))
        return (bytes(self._block) + b"".join(lines))[:PARTIAL_CAP]

    def blocks(self, data: bytes) -> list[Block] | None:
        """Take a piece that completes nothing but usual blocks, at a third of the cost of `feed`.

        None for any other piece, of which nothing is taken: it is for `feed`.
        """
        # Most pieces follow others of their form: what `feed` may have left is looked for once after it.
        if not self._is_between and not self._begins_block(data):
            return None
        size, is_whole = len(data), data[-2:] == b"\n\n"
        # A short piece is a live event, or a part of one: the patterns would be tried in vain on each part.
        if (size < _MANY and not is_whole) or size >= self._limit or _CR in data:
            return None
        if self._begun:
            data = self._begun + data
        if is_whole:
            found, rest = _BLOCKS(data), b""
        else:
            end = data.rfind(b"\n\n") + 2
            found, rest = _BLOCKS(data, 0, end) if self._may_wait(data, end) else [], data[end:]
        if not found or (found[0][2] if len(found) == 1 else any(map(_is_other, found))):
            return None
        self._begun = rest
        self._start, self._is_between = None, True
        self.items += len(found)
        return found

    def _begins_block(self, data: bytes) -> bool:
        """Check that `feed` has left nothing that this piece may go on with, but perhaps the beginning of a block."""
        if self._line or self._block or self._after_cr or self.error is not None:
            return False
        return self._start is None or not (self._start or data[:1] >= _NOT_ASCII)  # it may be a byte order mark

    def _may_wait(self, data: bytes, start: int) -> bool:
        """Check whether the part of a block that has arrived can wait for its rest: a `retry` counts at once."""
        return len(data) - start < min(_MOST_BEGUN, self._limit) and data.find(b"retry", start) < 0

    @override
    def _scan(self, data: bytes, found: list[ServerSentEvent]) -> None:
        data = self._begun + self._with_line_feeds(data)
        self._begun, self._is_between = b"", False
        position = 0
        if self._line:
            end = data.find(b"\n")
            if end < 0:
                self._keep(data)
                return
            self._keep(data[:end])
            line = bytes(self._line)
            self._line.clear()
            self._take_line(line, found)
            position = end + 1
        while position < len(data):
            if not self._block:
                position = self._take_usual(data, position, found)
                if len(data) >= _MANY and data.find(b"\n\n", position) < 0 and self._may_wait(data, position):
                    self._begun = data[position:]
                    return
            end = data.find(b"\n", position)
            if end < 0:
                self._keep(data[position:])
                return
            self._take_line(data[position:end], found)
            position = end + 1

    def _with_line_feeds(self, data: bytes) -> bytes:
        if self._after_cr and data:
            # The CR has ended its line, and dispatched its event if need be, without waiting for this byte.
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if _CR in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _keep(self, data: bytes) -> None:
        self._line += data
        if len(self._line) > self._limit:
            raise self._too_large("event with a line")

    def _take_usual(self, data: bytes, position: int, found: list[ServerSentEvent]) -> int:
        while match := _USUAL(data, position):
            if match.end() - position > self._limit:
                break  # perhaps a whole block: the rules of the standard decide
            name, payload = match.groups()
            text = _names.get(name) or _decoded(name)
            # As `ServerSentEvent(…)` does, without its defaults: this is the path of nearly every event.
            found.append(_new(ServerSentEvent, (text, payload, self.last_event_id, None)))
            position = match.end()
        return position

    def _take_line(self, line: bytes, found: list[ServerSentEvent]) -> None:
        if len(line) > self._limit:
            raise self._too_large("event with a line")
        if not line:
            self._dispatch(found)
        elif line[0] != _COLON:
            if len(self._block) < PARTIAL_CAP:
                self._block += line[:PARTIAL_CAP] + b"\n"
            name, _, value = line.partition(b":")
            self._take_field(name, value.removeprefix(b" "))

    def _take_field(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            if len(self._data) + len(value) > self._limit:
                raise self._too_large("event with data")
            self._data += value
            self._data += b"\n"
        elif name == b"event":
            self._name = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            # `int` refuses thousands of digits, and no wait is that long.
            digits = value.lstrip(b"0")[: _RETRY_DIGITS + 1]
            if len(digits) <= _RETRY_DIGITS:
                self._retry = self.retry = int(digits or b"0")

    def _dispatch(self, found: list[ServerSentEvent]) -> None:
        self.last_event_id = self._id
        if self._data:
            # An empty `data` line makes an event with empty data; no such line makes none.
            del self._data[-1]
            name = self._name.decode("utf-8", "replace") or DEFAULT_EVENT
            found.append(ServerSentEvent(name, bytes(self._data), self.last_event_id, self._retry))
            self._data.clear()
        self._block.clear()
        self._name = b""
        self._retry = None
