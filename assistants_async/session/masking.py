"""Masking of the keys of one client in text that a server sent: exactly, in every spelling that a server may echo."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import quote

import msgspec

from ..response import Headers, HTTPResponse

MASK = "[masked]"

_LONG = 8
_SHORTEST = 4


class Masker:
    """The pattern of some secrets, for text, bytes, answers and errors."""

    __slots__ = ("_bytes", "_text")

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = sorted({each for secret in secrets for each in _spellings(secret)}, key=len, reverse=True)
        self._text = re.compile("|".join(spellings)) if spellings else None
        # A key is latin-1, and so may be a body.
        encoded = dict.fromkeys(each.encode(coding) for each in spellings for coding in ("utf-8", "latin-1"))
        self._bytes = re.compile(b"|".join(encoded)) if encoded else None

    def text(self, text: str) -> str:
        """Mask the secrets in text."""
        return text if self._text is None else self._text.sub(MASK, text)

    def content(self, content: bytes) -> bytes:
        """Mask the secrets in bytes."""
        return content if self._bytes is None else self._bytes.sub(MASK.encode(), content)

    def answer(self, http: HTTPResponse) -> HTTPResponse:
        """Mask the secrets in an answer; the same answer where it has none."""
        headers = tuple((name, self.text(value)) for name, value in http.headers.pairs)
        content, reason = self.content(http.content), self.text(http.reason)
        # The same object where nothing is masked: nearly every answer.
        if headers == http.headers.pairs and content == http.content and reason == http.reason:
            return http
        return msgspec.structs.replace(http, headers=Headers(headers), content=content, reason=reason)

    def error(self, error: BaseException) -> None:
        """Mask the secrets in all that an error and its causes show: message, notes, answer, pieces of a body."""
        if self._text is None:
            return
        seen: set[int] = set()
        queue: list[BaseException | None] = [error]
        while queue:
            each = queue.pop()
            # Causes may go in a circle.
            if each is None or id(each) in seen:
                continue
            seen.add(id(each))
            queue += (each.__cause__, each.__context__)
            each.args = cast("tuple[Any, ...]", self._value(each.args))
            vars(each).update({name: self._value(value) for name, value in vars(each).items()})

    def _value(self, value: object, depth: int = 8) -> object:
        """Mask the secrets in a value and what it is made of; the same object where it has none."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.content(value)
        if isinstance(value, HTTPResponse):
            return self.answer(value)
        # Deeper than any model of the protocol: a bound for values that contain themselves.
        if depth == 0:
            return value
        if isinstance(value, msgspec.Struct):
            fields = [(name, getattr(value, name)) for name in value.__struct_fields__]
            changed = {name: new for name, old in fields if (new := self._value(old, depth - 1)) is not old}
            return msgspec.structs.replace(value, **changed) if changed else value
        if type(value) is tuple or type(value) is list:
            members = cast("list[object] | tuple[object, ...]", value)
            after = [self._value(each, depth - 1) for each in members]
            if all(new is old for new, old in zip(after, members, strict=True)):
                return cast("object", value)
            return after if isinstance(members, list) else tuple(after)
        return value


def _spellings(secret: str) -> Iterable[str]:
    """Yield patterns of the ways in which a body, a URL or a page may spell a secret."""
    if len(secret) < _SHORTEST:  # a placeholder such as "k", which is found in every text
        return
    ascii_json = json.dumps(secret)[1:-1]
    forms = {
        secret,
        ascii_json,
        json.dumps(secret, ensure_ascii=False)[1:-1],
        ascii_json.replace("/", "\\/"),
        html.escape(secret),
        quote(secret, safe=""),
    }
    for form in forms:
        pattern = re.escape(form)
        # A short secret only as a whole word, or ordinary text would be masked.
        yield pattern if len(secret) >= _LONG else rf"(?<![\w-]){pattern}(?![\w-])"
