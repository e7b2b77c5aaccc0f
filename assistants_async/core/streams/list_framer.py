"""The elements of a list envelope, each as soon as it is whole, while the page still arrives."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from ..._typing import override
from ...errors import ItemDecodeError, StreamTruncatedError
from .framer import DEFAULT_LIMIT, PARTIAL_CAP, JSONFramer
from .json_scanner import CONTAINER, ValueReader, malformed, next_token

# Plan: a state is the method that takes the next token and returns the place after it, -1 for a value that goes
# on past the piece. The array of `data` goes to the elements, every other token into `_envelope`.
#
# An element that is followed by another in the same piece is first looked for by guessing, since the elements of one
# list resemble each other: the next place that looks like the end of the last element and the start of the one after
# it is searched, no further than a few lengths of the last one, and what is before it is the element if it is JSON, as
# no object is the beginning of another. That takes a third of the time of the pattern, which is next; the reader takes
# what is left. All three find the same end.

_FOLLOWED = re.compile(rb"(" + CONTAINER + rb")[ \t\r\n]*+,[ \t\r\n]*+", re.DOTALL).match
_check_json = msgspec.json.Decoder(msgspec.Raw).decode
_ALIKE = 8
_REACH = 4
_DATA_KEY = re.compile(rb'"(?:d|\\u0064)(?:a|\\u0061)(?:t|\\u0074)(?:a|\\u0061)"').fullmatch

_OPEN_BRACE, _CLOSE_BRACE, _OPEN_BRACKET, _CLOSE_BRACKET, _QUOTE, _COLON, _COMMA, _NULL_START = b'{}[]":,n'

_State = Callable[["ListElements", bytes, int, list[bytes]], int]


class ListElements(JSONFramer):
    """The elements of the top-level member `data`, however its name is escaped; `"data": null` has none.

    It is an `ItemDecodeError` where the body is no object, has no `data` or two, or goes on after the object, and a
    `StreamTruncatedError` where it ends before the closing brace. A body of white space alone has no items. The limit
    applies to each element, and to the envelope without them.
    """

    __slots__ = ("_after_colon", "_between", "_data_found", "_envelope", "_reach", "_reader", "_state", "done")

    def __init__(self, max_item_bytes: int = DEFAULT_LIMIT) -> None:
        super().__init__(max_item_bytes)
        self._reader = ValueReader(max_item_bytes)
        self._envelope = bytearray()
        self._data_found = False
        # The bytes from the end of one element into the next one, and how far to look for them again.
        self._between = b""
        self._reach = 0
        # Plain functions: a bound method would put every framer into a reference cycle.
        self._state: _State = ListElements._at_start
        self._after_colon: _State = ListElements._at_value
        self.done = False
        """True once the envelope's closing brace has arrived."""

    @property
    @override
    def closed_envelope(self) -> bytes | None:
        """The envelope, once its closing brace has arrived."""
        return self.envelope if self.done else None

    @property
    def envelope(self) -> bytes:
        """The list's document with `data` emptied (`[]`): cursors and all else around the elements.

        It is JSON once `done` is true, even where an object without `data`, such as an error, was refused.
        """
        return bytes(self._envelope)

    @override
    def _scan(self, data: bytes, found: list[bytes]) -> None:
        position = 0
        while 0 <= position < len(data):
            if not self._reader.under_way:
                token = next_token(data, position)
                if token is None:
                    return
                position = token.start()
            position = self._state(self, data, position, found)

    @override
    def _end(self) -> list[bytes]:
        if self.done or self._state is ListElements._at_start:
            return []
        partial = self._reader.excerpt if self._state is ListElements._at_element else b""
        raise StreamTruncatedError("the body ended inside a list", partial=partial)

    def _go_on(self, token: bytes, state: _State) -> None:
        self._envelope += token
        if len(self._envelope) > self._limit:
            raise self._too_large("list envelope")
        self._state = state

    def _at_start(self, data: bytes, position: int, _: list[bytes]) -> int:
        if data[position] != _OPEN_BRACE:
            raise malformed("a list's opening brace", data, position)
        self._go_on(b"{", ListElements._at_first_key)
        return position + 1

    def _at_first_key(self, data: bytes, position: int, found: list[bytes]) -> int:
        if data[position] == _CLOSE_BRACE:
            return self._close(position)
        self._state = ListElements._at_key
        return self._at_key(data, position, found)

    def _at_key(self, data: bytes, position: int, _: list[bytes]) -> int:
        if not self._reader.under_way and data[position] != _QUOTE:
            raise malformed("the name of a list's member", data, position)
        read = self._reader.read(data, position)
        if read is None:
            return -1
        key, position = read
        self._after_colon = ListElements._at_value
        if _DATA_KEY(key):
            if self._data_found:
                raise ItemDecodeError("the list has two members `data`", raw=key)
            self._data_found = True
            self._after_colon = ListElements._at_data
        self._go_on(key, ListElements._at_colon)
        return position

    def _at_colon(self, data: bytes, position: int, _: list[bytes]) -> int:
        if data[position] != _COLON:
            raise malformed("a colon", data, position)
        self._go_on(b":", self._after_colon)
        return position + 1

    def _at_value(self, data: bytes, position: int, _: list[bytes]) -> int:
        read = self._reader.read(data, position)
        if read is None:
            return -1
        value, position = read
        self._go_on(value, ListElements._after_value)
        return position

    def _after_value(self, data: bytes, position: int, _: list[bytes]) -> int:
        if data[position] == _CLOSE_BRACE:
            return self._close(position)
        if data[position] != _COMMA:
            raise malformed("a comma or the list's closing brace", data, position)
        self._go_on(b",", ListElements._at_key)
        return position + 1

    def _at_data(self, data: bytes, position: int, _: list[bytes]) -> int:
        if not self._reader.under_way:
            if data[position] == _OPEN_BRACKET:
                self._go_on(b"[]", ListElements._at_first_element)
                return position + 1
            if data[position] != _NULL_START:
                raise malformed("an array or null as the list's `data`", data, position)
        read = self._reader.read(data, position)
        if read is None:
            return -1
        value, position = read
        if value != b"null":
            raise ItemDecodeError("the list's `data` is neither an array nor null", raw=value[:PARTIAL_CAP])
        self._go_on(b"[]", ListElements._after_value)
        return position

    def _at_first_element(self, data: bytes, position: int, found: list[bytes]) -> int:
        if data[position] == _CLOSE_BRACKET:
            self._state = ListElements._after_value
            return position + 1
        self._state = ListElements._at_element
        return self._at_element(data, position, found)

    def _at_element(self, data: bytes, position: int, found: list[bytes]) -> int:
        if not self._reader.under_way:
            position = self._take_followed(data, position, found)
            if position == len(data):
                return position
        read = self._reader.read(data, position)
        if read is None:
            return -1
        element, position = read
        found.append(element)
        self._state = ListElements._after_element
        return position

    def _take_followed(self, data: bytes, position: int, found: list[bytes]) -> int:
        while True:
            element = self._guess(data, position)
            if element is not None:
                following = position + len(element) + len(self._between) - 1 - _ALIKE
            elif match := _FOLLOWED(data, position):
                element, following = match[1], match.end()
                if following + _ALIKE <= len(data):
                    self._between = data[match.end(1) - 1 : following + _ALIKE]
            else:
                return position
            if len(element) > self._limit:
                return position  # the reader raises for it
            found.append(element)
            self._reach = _REACH * len(element)
            position = following

    def _guess(self, data: bytes, position: int) -> bytes | None:
        if not self._between:
            return None
        end = data.find(self._between, position, position + self._reach)
        if end < 0:
            return None
        element = data[position : end + 1]
        try:
            _check_json(element)
        except (msgspec.DecodeError, RecursionError):
            return None
        return element

    def _after_element(self, data: bytes, position: int, _: list[bytes]) -> int:
        if data[position] == _COMMA:
            self._state = ListElements._at_element
        elif data[position] == _CLOSE_BRACKET:
            self._state = ListElements._after_value
        else:
            raise malformed("a comma or the closing bracket of the list's `data`", data, position)
        return position + 1

    def _close(self, position: int) -> int:
        self._go_on(b"}", ListElements._after_close)
        self.done = True
        if not self._data_found:
            raise ItemDecodeError("the list has no member `data`", raw=bytes(self._envelope[:PARTIAL_CAP]))
        return position + 1

    def _after_close(self, data: bytes, position: int, _: list[bytes]) -> int:
        raise malformed("nothing after the list", data, position)
