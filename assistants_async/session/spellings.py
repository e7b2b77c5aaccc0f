"""Finding secrets in text: as they are, and as JSON, HTML, a URL, base64 or hexadecimal digits spell them."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence

_LONG = 8
_SHORTEST = 4

# One spelling in another, such as HTML in JSON in a query.
_ROUNDS = 4
_OPEN_LENGTH = 64
# Characters of a text in which escapes are undone: 1 MiB of them would hold the event loop up for two seconds.
_DEEP = 64 * 1024
_ESCAPE = re.compile(
    r"%(?:25)*([0-9A-Fa-f]{2})"
    r"|\\+(?:u00|x)([0-9A-Fa-f]{2})"
    r"|\\+([\"'/\\])"
    r"|(&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});)"
)
# The start of an escape whose rest has not arrived.
_OPEN_ESCAPE = re.compile(
    r"(?:%(?:25)*2?[0-9A-Fa-f]?|\\+(?:u0{0,2}|u00[0-9A-Fa-f]|x[0-9A-Fa-f]?)?|&[#0-9A-Za-z]{0,8})\Z"
)
_WORD = re.compile(r"[\w-]")


class SecretFinder:
    """The places of some secrets in a text."""

    __slots__ = ("_forms",)

    def __init__(self, secrets: Iterable[str]) -> None:
        self._forms = dict(each for secret in secrets for each in _forms(secret))

    def __bool__(self) -> bool:
        """Return True where there is anything to find."""
        return bool(self._forms)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """List where each secret begins and ends, in order, none within another; bytes are searched as latin-1."""
        found = list(self._places(text))
        text = text[:_DEEP]
        starts: Sequence[int] = range(len(text) + 1)
        for _ in range(_ROUNDS):
            text, begins = _unescaped(text)
            if begins is None:
                break
            starts = [starts[each] for each in begins]
            found += [(starts[begin], starts[end]) for begin, end in self._places(text)]
        return _merged(found)

    def beginning(self, text: str) -> int:
        """Find the place from which on a text may be the beginning of a secret that goes on behind it, else its end."""
        whole, place = self.spans(text), len(text)
        starts: Sequence[int] = range(len(text) + 1)
        for _ in range(_ROUNDS + 1):
            cut = _OPEN_ESCAPE.search(text, max(0, len(text) - _OPEN_LENGTH))
            end = len(text) if cut is None else cut.start()
            text = text[:end]
            longest = max((_shared(text, form) for form in self._forms), default=0)
            place = min(place, starts[end - longest])
            text, begins = _unescaped(text)
            if begins is None:
                break
            starts = [starts[each] for each in begins]
        # Never within a secret that is there as a whole.
        return min([place, *(begin for begin, end in whole if begin < place < end)])

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the places of each form in a text."""
        for form, is_word in self._forms.items():
            # By `find` and no pattern: a token of 3 KB takes 30 ms to compile, and each error would wait for it.
            begin = text.find(form)
            while begin >= 0:
                end = begin + len(form)
                if not is_word or not (_WORD.match(text[begin - 1 : begin]) or _WORD.match(text[end : end + 1])):
                    yield begin, end
                begin = text.find(form, end)


def _forms(secret: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts that show a secret, and True for those that do so only as a word of their own."""
    if len(secret) < _SHORTEST:  # a placeholder such as "k", which is found in every text
        return
    # A short secret only as a whole word, or ordinary text would be masked.
    is_word = len(secret) < _LONG
    data = secret.encode()
    for each in (secret, data.decode("latin-1")):
        form = each
        for _ in range(_ROUNDS):  # a secret that looks like an escape is read as one with the text around it
            yield form, is_word
            form = _unescaped(form)[0]
    if not is_word:
        yield data.hex(), False
        yield data.hex().upper(), False
        for before in range(3):
            yield _within_base64(data, before), False
            yield _within_base64(data, before).replace("+", "-").replace("/", "_"), False


def _within_base64(data: bytes, before: int) -> str:
    """Write the digits of base64 that are the same in any text, where `before` bytes and any triples precede."""
    digits = b64encode(b"\0" * before + data).decode()
    # A digit holds six bits: those at either end hold bits of the neighbours.
    return digits[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6]


def _unescaped(text: str) -> tuple[str, list[int] | None]:
    """Undo one layer of escapes, and tell where each character began, and the end; None where there is none."""
    pieces: list[str] = []
    starts: list[int] = []
    last = 0
    for match in _ESCAPE.finditer(text):
        digits = match[1] or match[2]
        character = chr(int(digits, 16)) if digits else match[3] or html.unescape(match[4])
        begin = match.start()
        pieces += (text[last:begin], character)
        starts += range(last, begin)
        starts += [begin] * len(character)
        last = match.end()
    if not pieces:
        return text, None
    pieces.append(text[last:])
    starts += range(last, len(text) + 1)
    return "".join(pieces), starts


def _shared(text: str, form: str) -> int:
    """Count the characters at the end of a text with which a form begins, fewer than all of it."""
    tail = text[-len(form) + 1 :]
    place = tail.find(form[0])
    while place >= 0 and not form.startswith(tail[place:]):
        place = tail.find(form[0], place + 1)
    return 0 if place < 0 else len(tail) - place


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Put spans in order, those that overlap together."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
