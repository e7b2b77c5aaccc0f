"""Marks of found files in a message: each becomes a citation, in the delta that ends it."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async.server.engine.message_draft import MessageDraft
from assistants_async.server.engine.turn import FoundText

FOUND = [
    FoundText(marker=f"【1:{place}†{name}】", file_id=f"file_{name}", filename=name, score=1.0, text="…")
    for place, name in enumerate(("a.txt", "b.txt"))
]
TEXT = "Réin [1] 【1:1†b.txt】, wind [1:0†a] and 【7:7†x】【1:0】."
MARKS = {"【1:1†b.txt】": "file_b.txt", "[1:0†a]": "file_a.txt", "【1:0】": "file_a.txt"}
LONG = f"【1:0†{'x' * 200}】"


def cited(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The annotations of deltas, in order."""
    return [one for part in parts for one in part["text"].get("annotations", ())]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100], ids=str)
def test_citations_come_with_the_text_that_ends_their_marks(size: int) -> None:
    """However the text is cut: once, beside a value, numbered on, at the characters of the mark."""
    draft = MessageDraft({}, FOUND)
    written = ""
    for start in range(0, len(TEXT), size):
        part = draft.write(TEXT[start : start + size])
        written += part["text"]["value"]
        for one in cited([part]):
            assert written[one["start_index"] : one["end_index"]] == one["text"]
            assert one["end_index"] > start
    draft = MessageDraft({}, FOUND)
    sent = cited([draft.write(TEXT[start : start + size]) for start in range(0, len(TEXT), size)])
    assert {one["text"]: one["file_citation"]["file_id"] for one in sent} == MARKS
    assert [one["index"] for one in sent] == [0, 1, 2]
    (whole,) = draft.content()
    assert [{"index": place, **one} for place, one in enumerate(whole["text"]["annotations"])] == sent


def test_the_longest_mark() -> None:
    """It is found where each of its characters came alone, behind other text; a longer one is none."""
    draft = MessageDraft({}, FOUND)
    (one,) = cited([draft.write(letter) for letter in f"{'y' * 300}{LONG} 【1:0†{'x' * 201}】"])
    assert (one["text"], one["start_index"]) == (LONG, 300)


def test_a_message_goes_on_behind_what_was_sent() -> None:
    """Citations of the deltas before are kept; a mark that was cut in two is found."""
    draft = MessageDraft({}, FOUND)
    before = [draft.write("【1:0】 and 【1:1")]
    again = MessageDraft({}, FOUND)
    again.resume([{"content": before}])
    (one,) = cited([again.write("†b.txt】")])
    assert (one["index"], one["text"], one["start_index"]) == (1, "【1:1†b.txt】", 10)
    assert len(again.content()[0]["text"]["annotations"]) == 2


def test_nothing_found_nothing_cited() -> None:
    """Only the first delta has the list, as an empty one."""
    draft = MessageDraft({}, [])
    assert [draft.write(piece)["text"] for piece in (TEXT, "]")] == [
        {"value": TEXT, "annotations": []},
        {"value": "]"},
    ]
