"""A scanner that finds the end of a JSON value while its bytes arrive, and the base of the framers of JSON."""

from __future__ import annotations

import re
from typing import Final

from ...errors import ItemDecodeError, ItemTooLargeError
from .framer import PARTIAL_CAP

# Goals: the end of a JSON value as soon as its last byte is there, in time linear in the bytes for any cut and any
# nesting, and at the speed of `re`, since a loop over bytes or tokens in Python costs 5 to 10 times as much.
#
# Plan: only quotes and brackets matter. One pattern takes a value that is whole in the piece and nests at most
# `_LEVELS` deep, which is nearly every one. Where it fails, the value is cut by the end of the piece or nests deeper:
# then `_INSIDE` jumps over everything that is balanced, and Python counts the brackets at which it stops. A byte is
# looked at by one attempt for each level around it, at most `_LEVELS` + 2 times, and never again in a later piece.
#
# No quantifier gives back what it took (`*+`), and there is no branch inside one, so nothing can be tried twice.
# That a `{` is closed by a `}` is left to whoever decodes the item.

_LEVELS = 6
_STRING_REST = rb'[^"\\]*+(?:\\.[^"\\]*+)*+'
_STRING = rb'"' + _STRING_REST + rb'"'
_RUN = rb'[^][{}"]*+(?:' + _STRING + rb'[^][{}"]*+)*+'


def _container(levels: int) -> bytes:
    inner = rb"(?:" + _container(levels - 1) + _RUN + rb")*+" if levels > 1 else b""
    return rb"[\[{]" + _RUN + inner + rb"[\]}]"


CONTAINER: Final = _container(_LEVELS)
"""Pattern of an object or array that nests at most six deep."""

next_token: Final = re.compile(rb"[^ \t\r\n]").search
"""Finds the next byte that is no white space (RFC 8259, 2)."""

_WHOLE = re.compile(CONTAINER + rb"|" + _STRING, re.DOTALL).match
_INSIDE = re.compile(_RUN + rb"(?:" + _container(_LEVELS - 1) + _RUN + rb")*+", re.DOTALL).match
_IN_STRING = re.compile(_STRING_REST, re.DOTALL).match
_IN_SCALAR = re.compile(rb'[^][{},:" \t\n\r]*+').match
_CUT_SCALAR = re.compile(
    rb"-|-?+(?:0|[1-9][0-9]*+)(?:\.|(?:\.[0-9]++)?+[eE][-+]?+)|t|tr|tru|f|fa|fal|fals|n|nu|nul"
).fullmatch

_QUOTE, _BACKSLASH = b'"\\'
_OPENING = b"[{"
_SCALAR_START = b"-0123456789tfn"
VALUE_START: Final = b'"' + _OPENING + _SCALAR_START
"""Every byte that a JSON value can begin with."""


class ValueReader:
    """Reads one JSON value after another out of the pieces of a body, and keeps the one that is not whole yet.

    Objects, arrays and strings end on their last byte; numbers, `true`, `false` and `null` with what follows them.
    """

    __slots__ = ("_depth", "_escaped", "_in_string", "_limit", "_partial", "scalar")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._partial = bytearray()
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self.scalar = False
        """True while the value under way is a bare number, `true`, `false` or `null`."""

    @property
    def under_way(self) -> bool:
        """True while a value has begun and not ended."""
        return bool(self._partial)

    @property
    def excerpt(self) -> bytes:
        """The first bytes of the value under way, for an error."""
        return bytes(self._partial[:PARTIAL_CAP])

    def read(self, data: bytes, start: int) -> tuple[bytes, int] | None:
        """Go on at `start`: the value and the place after it, or None where it takes all the data and goes on.

        Raises `ItemDecodeError` where no value can begin so, `ItemTooLargeError` past the limit.
        """
        position = start
        if not self._partial:
            whole = _WHOLE(data, start)
            if whole is not None:
                self._check(whole.end() - start)
                return whole[0], whole.end()
            position = self._begin(data, start)
        end = self._end_of_scalar(data, position) if self.scalar else self._end_of_nested(data, position)
        self._check(len(self._partial) + (len(data) if end is None else end) - start)
        if end is None:
            self._partial += data[start:] if start else data
            return None
        if not self._partial:
            return data[start:end], end
        self._partial += data[start:end]
        return self.take(), end

    def take(self) -> bytes:
        """The bytes of the value under way, which is given up."""
        value = bytes(self._partial)
        self._partial.clear()
        self._depth = 0
        self._in_string = self._escaped = self.scalar = False
        return value

    def _begin(self, data: bytes, position: int) -> int:
        first = data[position]
        self._in_string = first == _QUOTE
        self._depth = int(first in _OPENING)
        self.scalar = first in _SCALAR_START
        if not (self._in_string or self._depth or self.scalar):
            raise malformed("a JSON value", data, position)
        return position + 1

    def _end_of_scalar(self, data: bytes, position: int) -> int | None:
        rest = _IN_SCALAR(data, position)
        end = position if rest is None else rest.end()
        if end == len(data):
            return None
        self.scalar = False
        return end

    def _end_of_nested(self, data: bytes, position: int) -> int | None:
        size = len(data)
        while position < size:
            if self._in_string:
                position = self._end_of_string(data, position)
                if not self._depth and not self._in_string:
                    return position
            balanced = _INSIDE(data, position)
            position = position if balanced is None else balanced.end()
            if position == size:
                return None
            stop = data[position]
            position += 1
            if stop == _QUOTE:
                self._in_string = True
            elif stop in _OPENING:
                self._depth += 1
            else:
                self._depth -= 1
                if not self._depth:
                    return position
        return None

    def _end_of_string(self, data: bytes, position: int) -> int:
        rest = _IN_STRING(data, position + self._escaped)
        self._escaped = False
        end = position if rest is None else rest.end()
        if end == len(data):
            return end
        # What stops the pattern is the quote, or a backslash that is the piece's last byte.
        self._escaped = data[end] == _BACKSLASH
        self._in_string = self._escaped
        return end + 1

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise ItemTooLargeError(f"item of more than {self._limit} bytes", limit=self._limit)


def malformed(expected: str, data: bytes, position: int) -> ItemDecodeError:
    """The error of a byte that is not allowed at its place; the framer adds the index."""
    found = data[position : position + 1]
    return ItemDecodeError(f"expected {expected}, not {found!r}", raw=found)


def is_cut_scalar(value: bytes) -> bool:
    """Check whether a bare value is a cut-off piece of JSON, such as `tru` or `1.`."""
    return _CUT_SCALAR(value) is not None
