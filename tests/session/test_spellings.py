"""Secrets found in text, whatever spelling a server echoes them in."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from assistants_async.session.masking import Masker
from assistants_async.session.spellings import SecretFinder

KEYS = {
    "word": "hunter2hunter2",
    "signs": "ab+/cd==EF&gh\"ij'kl<mn>o\\pq",
    "escapes": "pass:word@x%41/\\u0041&amp;e",
    "backslashes": "\\\\server\\\\share",
    "latin-1": "schlüssel-ü",
}


def digits(key: str, pattern: str) -> str:
    """Write each byte of a key by a pattern."""
    return "".join(pattern.format(byte) for byte in key.encode("latin-1"))


def in_base64(before: bytes, key: str, after: bytes = b"") -> str:
    """Write a key within other text as base64."""
    return base64.b64encode(before + key.encode() + after).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "itself": str,
    "URL": quote,
    "URL, every sign": lambda key: quote(key, safe=""),
    "URL, every byte, in small letters": lambda key: "".join(f"%{byte:02x}" for byte in key.encode()),
    "URL in a URL": lambda key: quote(quote(key, safe=""), safe=""),
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON, in UTF-8": lambda key: json.dumps(key, ensure_ascii=False)[1:-1],
    "JSON, slashes escaped": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "JSON for HTML": lambda key: json.dumps(key)[1:-1].replace("&", "\\u0026").replace("<", "\\u003C"),
    "JSON in JSON": lambda key: json.dumps(json.dumps(key))[3:-3],
    "JSON, every character": lambda key: digits(key, "\\u{:04x}"),
    "HTML": html.escape,
    "HTML, few signs": lambda key: html.escape(key, quote=False),
    "HTML, by decimal numbers": lambda key: digits(key, "&#{};"),
    "HTML, by other numbers": lambda key: digits(key, "&#X{:X};"),
    "HTML in JSON": lambda key: json.dumps(html.escape(key))[1:-1].replace("&", "\\u0026"),
    "Python": lambda key: ascii(key)[1:-1],
    "base64": lambda key: in_base64(b"", key),
    "base64 for URLs": lambda key: in_base64(b"", key).replace("+", "-").replace("/", "_").rstrip("="),
    "base64 behind a name": lambda key: in_base64(b"user:", key),
    "base64 between": lambda key: in_base64(b"a:", key, b":b"),
    "base64 in a URL": lambda key: quote(in_base64(b"Bearer ", key), safe=""),
    "hexadecimal": lambda key: key.encode().hex(),
}
keys = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
spellings = pytest.mark.parametrize("spelt", SPELLINGS.values(), ids=SPELLINGS)


@spellings
@keys
def test_a_key_is_masked_in_every_spelling(key: str, spelt: Callable[[str], str]) -> None:
    """Of base64, up to three digits at either end stay, which hold bits of the text around."""
    text = spelt(key)
    masked = Masker([key]).text(f'{{"said": "<{text}>"}}')
    before, _, after = masked.removeprefix('{"said": "<').removesuffix('>"}').partition("[masked]")
    assert "[masked]" in masked
    assert max(len(before), len(after)) <= (12 if "base64" in masked or before or after else 0)
    assert text[4:-4] not in masked
    assert Masker([key]).content(f"<{text}>".encode()).count(b"[masked]") == 1


@spellings
@pytest.mark.parametrize("key", [KEYS["signs"], KEYS["escapes"]], ids=["signs", "escapes"])
def test_a_key_that_is_cut_anywhere_is_shown_nowhere(key: str, spelt: Callable[[str], str]) -> None:
    """The end of a text that may be its beginning waits for the rest."""
    text = spelt(key)
    finder, masker = SecretFinder([key]), Masker([key])
    for cut in range(len(text) + 1):
        first = f"<{text[:cut]}"
        place = finder.beginning(first)
        shown = masker.text(first[:place]) + masker.text(f"{first[place:]}{text[cut:]}>")
        assert "[masked]" in shown, cut
        assert text[4:-4] not in shown, cut


def test_ordinary_text_waits_for_nothing() -> None:
    """Unless it ends as a key begins, or in an open escape."""
    finder = SecretFinder(["hunter2hunter2"])
    assert finder.beginning("data: x\n\n") == 9
    assert finder.beginning("") == 0
    assert finder.beginning("so hunt") == 3
    assert finder.beginning("100 %") == 4
    assert SecretFinder([]).beginning("so h") == 4


def test_what_is_no_key_stays() -> None:
    """Escapes and places are left as they are."""
    masker = Masker(["hunter2hunter2"])
    for text in ("%41 %zz \\u0041 &amp; &nothing; \\", "hunter2hunter", "a" * 100):
        assert masker.text(text) is text
        assert masker.content(text.encode()) == text.encode()


def test_keys_side_by_side_and_within_each_other() -> None:
    """Each is masked once, with the text between them kept."""
    masker = Masker(["first-key-1", "first-key-1-longer"])
    assert masker.text("first-key-1,first-key-1-longer first-key-1") == "[masked],[masked] [masked]"


def test_a_long_text_is_searched_to_its_end() -> None:
    """Escapes are undone in its first 64 KiB."""
    masker = Masker(["hunter2hunter2"])
    filler = "%41" * 30_000
    assert masker.text(f"%68unter2hunter2{filler}hunter2hunter2") == f"[masked]{filler}[masked]"
