"""The raw JSON items of a body: documents, lines, records or a list's elements, each as soon as it is whole.

The framers only find where items begin and end; the reader of an item decodes it, and finds an error
inside it. All tolerate a byte order mark and white space at the start.
"""

from __future__ import annotations

from ..._typing import override
from ...errors import ItemDecodeError, StreamTruncatedError
from .framer import DEFAULT_LIMIT, JSONFramer
from .json_scanner import VALUE_START, ValueReader, is_cut_scalar, malformed, next_token
from .list_framer import ListElements

_SPACE = b" \t\r\n"
_RS = b"\x1e"


class ConcatenatedJSON(JSONFramer):
    """Documents one after another, with white space between them or without, pretty-printed or not.

    A bare number, `true`, `false` or `null` is whole with what follows it, or with the end of the body.
    """

    __slots__ = ("_reader",)

    def __init__(self, max_item_bytes: int = DEFAULT_LIMIT) -> None:
        super().__init__(max_item_bytes)
        self._reader = ValueReader(max_item_bytes)

    @override
    def _scan(self, data: bytes, found: list[bytes]) -> None:
        position = 0
        while position < len(data):
            if not self._reader.under_way:
                token = next_token(data, position)
                if token is None:
                    return
                position = token.start()
                if data[position] not in VALUE_START:
                    self._stray(data, position)
                    return
            read = self._reader.read(data, position)
            if read is None:
                return
            value, position = read
            found.append(value)

    def _stray(self, data: bytes, position: int) -> None:
        raise malformed("a JSON value", data, position)

    @override
    def _end(self) -> list[bytes]:
        reader = self._reader
        if not reader.under_way:
            return []
        scalar, excerpt = reader.scalar, reader.excerpt
        value = reader.take()
        if not scalar or is_cut_scalar(value):
            raise StreamTruncatedError("the body ended inside a document", partial=excerpt)
        return [value]


class JSONLines(JSONFramer):
    """One item a line (NDJSON, JSON Lines): blank lines are skipped, CRLF is LF, the last line may lack its LF.

    The limit is on the line, with its white space.
    """

    __slots__ = ("_line",)

    def __init__(self, max_item_bytes: int = DEFAULT_LIMIT) -> None:
        super().__init__(max_item_bytes)
        self._line = bytearray()

    @override
    def _scan(self, data: bytes, found: list[bytes]) -> None:
        if self._line:
            # The kept part has no LF in it, so that each byte is searched once.
            end = data.find(b"\n")
            self._keep(data if end < 0 else data[:end])
            if end < 0:
                return
            self._add(self._whole_line(), found)
            data = data[end + 1 :]
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._add(line, found)
        self._keep(rest)

    def _keep(self, data: bytes) -> None:
        self._line += data
        if len(self._line) > self._limit:
            raise self._too_large("line")

    def _whole_line(self) -> bytes:
        line = bytes(self._line)
        self._line.clear()
        return line

    def _add(self, line: bytes, found: list[bytes]) -> None:
        if len(line) > self._limit:
            raise self._too_large("line")
        item = line.strip(_SPACE)
        if item:
            found.append(item)

    @override
    def _end(self) -> list[bytes]:
        line = self._whole_line()
        try:
            # The last line may lack its LF: only JSON that is whole shows that it was not cut.
            documents = ConcatenatedJSON(self._limit)
            documents.feed(line)
            documents.finish()
        except StreamTruncatedError as error:
            raise StreamTruncatedError("the body ended inside a line", partial=error.partial) from None
        except ItemDecodeError:
            pass  # whole and wrong: decoding it will say how
        found: list[bytes] = []
        self._add(line, found)
        return found


class JSONSequence(ConcatenatedJSON):
    """Records that each begin with RS (`application/json-seq`, RFC 7464); several RS make no empty item.

    An object, array or string is handed over on its last byte. A record that another RS cuts off, which includes a
    bare number, `true`, `false` or `null` without white space after it (2.4), is handed over with that RS, and what
    is no JSON as it is: decoding either fails, and the reader may skip it (2.3).
    """

    __slots__ = ("_spoiled",)

    def __init__(self, max_item_bytes: int = DEFAULT_LIMIT) -> None:
        super().__init__(max_item_bytes)
        self._spoiled = bytearray()

    @override
    def _scan(self, data: bytes, found: list[bytes]) -> None:
        first, *others = data.split(_RS)
        self._take_text(first, found)
        for text in others:
            self._end_record(found)
            self._take_text(text, found)

    def _take_text(self, text: bytes, found: list[bytes]) -> None:
        if self._spoiled:
            self._stray(text, 0)
        else:
            super()._scan(text, found)

    @override
    def _stray(self, data: bytes, position: int) -> None:
        # Kept up to the next RS, where good records may follow (RFC 7464, 2.3).
        self._spoiled += data[position:]
        if len(self._spoiled) > self._limit:
            raise self._too_large("record")

    def _end_record(self, found: list[bytes]) -> None:
        if self._reader.under_way:
            # With the RS behind it, no cut value can pass for a whole one, such as `12` of `123`.
            found.append(self._reader.take() + _RS)
        elif self._spoiled:
            found.append(bytes(self._spoiled))
            self._spoiled.clear()

    @override
    def _end(self) -> list[bytes]:
        if self._reader.under_way:
            raise StreamTruncatedError("the body ended inside a record", partial=self._reader.excerpt)
        found: list[bytes] = []
        self._end_record(found)
        return found


__all__ = ["ConcatenatedJSON", "JSONFramer", "JSONLines", "JSONSequence", "ListElements"]
