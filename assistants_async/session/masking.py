"""Masking of the keys of one client in text that a server sent: exactly, in every spelling that a server may echo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import msgspec

from ..response import Headers, HTTPResponse
from .spellings import SecretFinder

MASK = "[masked]"


class Masker:
    """The masking of some secrets in text, bytes, answers and errors."""

    __slots__ = ("_finder",)

    def __init__(self, secrets: Iterable[str]) -> None:
        self._finder = SecretFinder(secrets)

    def text(self, text: str) -> str:
        """Mask the secrets in text."""
        spans = self._finder.spans(text)
        return _replaced(text, spans) if spans else text

    def content(self, content: bytes) -> bytes:
        """Mask the secrets in bytes."""
        text = content.decode("latin-1")
        spans = self._finder.spans(text)
        return _replaced(text, spans).encode("latin-1") if spans else content

    def beginning(self, text: str) -> int:
        """Find the place from which on a text may be the beginning of a secret that goes on behind it."""
        return self._finder.beginning(text)

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
        if not self._finder:
            return
        chain: dict[int, BaseException] = {}  # causes may go in a circle
        queue: list[BaseException | None] = [error]
        found = False
        while queue:
            each = queue.pop()
            if each is None or id(each) in chain:
                continue
            chain[id(each)] = each
            queue += (each.__cause__, each.__context__)
            args, state = self.value(each.args), vars(each)
            masked = self.value(state)
            if args is not each.args or masked is not state:
                found = True
                each.args = cast("tuple[Any, ...]", args)
                state.update(cast("dict[str, Any]", masked))
        if found:
            # Tracebacks may show locals, and those of the frames that read the answer have its text.
            for each in chain.values():
                each.__traceback__ = None

    def value(self, value: object, depth: int = 8) -> object:
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
            changed = {name: new for name, old in fields if (new := self.value(old, depth - 1)) is not old}
            return msgspec.structs.replace(value, **changed) if changed else value
        if type(value) is dict:
            before = [*cast("dict[object, object]", value).items()]
            after = self.value(before, depth)
            return cast("object", value) if after is before else dict(cast("list[tuple[object, object]]", after))
        if type(value) is tuple or type(value) is list:
            members = cast("list[object] | tuple[object, ...]", value)
            masked = [self.value(each, depth - 1) for each in members]
            if all(new is old for new, old in zip(masked, members, strict=True)):
                return cast("object", value)
            return masked if isinstance(members, list) else tuple(masked)
        return value


def _replaced(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces: list[str] = []
    last = 0
    for begin, end in spans:
        pieces += (text[last:begin], MASK)
        last = end
    return "".join(pieces) + text[last:]
