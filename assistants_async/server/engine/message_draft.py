"""A message while a run writes it: text, refusal, and the marks of files that become citations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..storage.interface import Document
from .turn import FoundText

# Marks as models spell them: the one that stands in the search's output, and the garbled forms that were seen. What
# follows the dagger is bounded, so that a text full of begun marks takes time in its length alone.
_MARK = re.compile(r"【(\d{1,4}):(\d{1,4})(?:†[^】\[\]【]{0,200})?】|\[(\d{1,4}):(\d{1,4})†[^】\[\]【]{0,200}\]")


class MessageDraft:
    """The message that is open in a run, and what has been written of it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        """The message's document, without what has been written."""
        self._pieces: list[str] = []
        self._refusal: list[str] = []

    @property
    def tokens(self) -> int:
        """Pieces so far, which count as tokens where the model counts none."""
        return len(self._pieces) + len(self._refusal)

    def write(self, piece: str) -> Document:
        """Add text and return the delta's part; the part of the text is always the first."""
        text: dict[str, Any] = {"value": piece}
        if not self._pieces:
            # Only the first delta has the list, as the vendor sends it.
            text["annotations"] = []
        self._pieces.append(piece)
        return {"index": 0, "type": "text", "text": text}

    def refuse(self, piece: str) -> Document:
        """Add to the refusal and return the delta's part."""
        self._refusal.append(piece)
        return {"index": 1 if self._pieces else 0, "type": "refusal", "refusal": piece}

    def resume(self, deltas: Iterable[Document]) -> None:
        """Take up what deltas have shown of the message already."""
        for part in (part for delta in deltas for part in delta["content"]):
            if part["type"] == "refusal":
                self.refuse(part["refusal"])
            elif "value" in part["text"]:
                self.write(part["text"]["value"])

    def content(self, found: Iterable[FoundText]) -> list[Document]:
        """Return the parts of the whole message; a message without a word has one empty text."""
        parts: list[Document] = []
        if self._pieces or not self._refusal:
            value = "".join(self._pieces)
            parts.append({"type": "text", "text": {"value": value, "annotations": _citations(value, found)}})
        if self._refusal:
            parts.append({"type": "refusal", "refusal": "".join(self._refusal)})
        return parts


def _citations(value: str, found: Iterable[FoundText]) -> list[Document]:
    """Return the citation of each mark in a text (`FileCitation`), in order; offsets count characters."""
    files = {one.marker.strip("【】").partition("†")[0]: one.file_id for one in found}
    if not files:
        return []
    citations: list[Document] = []
    for match in _MARK.finditer(value):
        turn, place = match[1] or match[3], match[2] or match[4]
        file_id = files.get(f"{int(turn)}:{int(place)}")
        if file_id is not None:
            citation = {
                "type": "file_citation",
                "text": match[0],
                "start_index": match.start(),
                "end_index": match.end(),
                "file_citation": {"file_id": file_id},
            }
            citations.append(citation)
    return citations
