"""Texts in pieces of about a token: for streams of scripted answers, and where nobody else counts."""

from __future__ import annotations

import re

from ..storage.interface import Document

_TOKEN = re.compile(r"\s*\S{1,12}|\s+")


def tokens(text: str) -> list[str]:
    """Part a text into pieces that join to it again: a word with the space before it, long words in several."""
    return _TOKEN.findall(text)


def text_of(message: Document) -> str:
    """Return a message's text parts, joined by line ends."""
    return "\n".join(part["text"]["value"] for part in message["content"] if part["type"] == "text")
