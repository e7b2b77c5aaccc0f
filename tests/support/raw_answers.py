"""Whole answers, to be read without a session."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from assistants_async import HTTPResponse
from assistants_async.core.responses.decode import decode

T = TypeVar("T")


class Answered(NamedTuple):
    """An answer that has its head already."""

    content: bytes
    http: HTTPResponse


def read(kind: type[T], http: HTTPResponse, *, strict: bool = False) -> T:
    """The value that a session makes of an answer of a 2xx status."""
    return decode(kind, Answered(http.content, http), strict=strict)
