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
_LONGEST = 212
"""Characters of the longest mark."""


class MessageDraft:
    """The message that is open in a run, and what has been written of it."""

    def __init__(self, document: Document, found: Iterable[FoundText], *, quotes: bool = False) -> None:
        self.document = document
        """The message's document, without what has been written."""
        self._sources: dict[str, Document] = {
            one.marker.strip("【】").partition("†")[0]: {
                "file_id": one.file_id,
                **({"quote": one.text} if quotes else {}),
            }
            for one in found
        }
        self._pieces: list[str] = []
        self._size = 0
        self._citations: list[Document] = []
        self._refusal: list[str] = []

    @property
    def tokens(self) -> int:
        """Pieces so far, which count as tokens where the model counts none."""
        return len(self._pieces) + len(self._refusal)

    def write(self, piece: str) -> Document:
        """Add text and return the delta's part; the part of the text is always the first."""
        text: dict[str, Any] = {"value": piece}
        if not self._pieces:
            # Only the first delta has the list, and those that end a mark, as the vendor sends it.
            text["annotations"] = []
        self._pieces.append(piece)
        self._size += len(piece)
        if self._sources and ("】" in piece or "]" in piece):
            # Beside a value: some clients look for citations in deltas of text alone.
            new = self._cite(len(piece))
            if new:
                text["annotations"] = [{"index": number, **one} for number, one in enumerate(new, len(self._citations))]
                self._citations += new
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

    def content(self) -> list[Document]:
        """Return the parts of the whole message; a message without a word has one empty text."""
        parts: list[Document] = []
        if self._pieces or not self._refusal:
            text = {"value": "".join(self._pieces), "annotations": self._citations}
            parts.append({"type": "text", "text": text})
        if self._refusal:
            parts.append({"type": "refusal", "refusal": "".join(self._refusal)})
        return parts

    def _cite(self, new: int) -> list[Document]:
        """Return the citation of each mark that ends in the `new` last characters (`FileCitation`), in order."""
        end = self._end(new + _LONGEST)
        # Offsets count characters.
        start = self._size - len(end)
        citations: list[Document] = []
        for match in _MARK.finditer(end):
            turn, place = match[1] or match[3], match[2] or match[4]
            source = self._sources.get(f"{int(turn)}:{int(place)}")
            if source is not None and match.end() > len(end) - new:
                citation = {
                    "type": "file_citation",
                    "text": match[0],
                    "start_index": start + match.start(),
                    "end_index": start + match.end(),
                    "file_citation": source,
                }
                citations.append(citation)
        return citations

    def _end(self, size: int) -> str:
        """Return the last pieces, which have `size` characters or more unless they are all."""
        end: list[str] = []
        for piece in reversed(self._pieces):
            end.append(piece)
            size -= len(piece)
            if size <= 0:
                break
        return "".join(reversed(end))
