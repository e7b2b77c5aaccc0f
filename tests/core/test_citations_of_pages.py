"""Citations of web pages: numbered beside those of files, and led to by their title and address."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import Message
from assistants_async.core.citations import rendered
from assistants_async.core.runs.snapshot import Snapshot
from assistants_async.models import MessageDelta, MessageDeltaEvent, URLCitation, URLCitationAnnotation
from assistants_async.models.messages import SourceAnnotation

OSLO = "https://weather.example/oslo"


def cite(
    text: str | None, start: int | None, end: int | None, url: str | None = OSLO, title: str | None = "Oslo"
) -> Any:
    """A citation of a page."""
    page = {"url": url, "title": title}
    return {"type": "url_citation", "text": text, "start_index": start, "end_index": end, "url_citation": page}


def message(value: str, *marks: Any) -> Message:
    """A message of one text."""
    text = {"value": value, "annotations": list(marks)}
    return Message.from_dict({"id": "msg_1", "content": [{"type": "text", "text": text}]})


SHOWN: dict[str, tuple[str, list[Any], str, str]] = {
    "a page": (
        "Sun【3:0†source】.",
        [cite("【3:0†source】", 3, 15)],
        f"Sun[1].\n\n[1] Oslo: {OSLO}",
        f"[Oslo]({OSLO})",
    ),
    "offsets alone": ("Sun【3:0†source】.", [cite(None, 3, 15)], f"Sun[1].\n\n[1] Oslo: {OSLO}", f"[Oslo]({OSLO})"),
    "offsets of words": ("Sun.", [cite(None, 0, 3)], f"Sun[1].\n\n[1] Oslo: {OSLO}", f"[Oslo]({OSLO})"),
    "no title": ("x【1】", [cite("【1】", 1, 4, title=None)], f"x[1]\n\n[1] {OSLO}", f"[{OSLO}]({OSLO})"),
    "twice": (
        "x【1】【1】",
        [cite("【1】", 1, 4), cite("【1】", 4, 7)],
        f"x[1][1]\n\n[1] Oslo: {OSLO}",
        f"[Oslo]({OSLO})",
    ),
    "no address": ("x【1】", [cite("【1】", 1, 4, url=None)], "x【1】", "x【1】"),
    "no web address": (
        "x【1】",
        [cite("【1】", 1, 4, url="javascript:alert(1)")],
        "x[1]\n\n[1] Oslo: javascript:alert(1)",
        "[^1]: Oslo: javascript:alert(1)",
    ),
    "markup": (
        "x【1】",
        [cite("【1】", 1, 4, url="http://a.b/(c) d?e=f#g", title="[T](x)")],
        "x[1]\n\n[1] [T](x): http://a.b/(c) d?e=f#g",
        r"[^1]: [\[T\](x)](http://a.b/%28c%29%20d?e=f#g)",
    ),
}


@pytest.mark.parametrize(("value", "marks", "footnotes", "markdown"), SHOWN.values(), ids=SHOWN.keys())
def test_a_page_is_shown_by_title_and_address(value: str, marks: list[Any], footnotes: str, markdown: str) -> None:
    """In Markdown as a link where it leads to the web."""
    shown = message(value, *marks)
    assert rendered(shown, {}, "footnotes") == footnotes
    assert rendered(shown, {}, "markdown").endswith(markdown)


def test_pages_and_files_share_the_numbers() -> None:
    """In the order of their marks; a function is given the title."""
    file = {"type": "file_citation", "text": "【2】", "file_citation": {"file_id": "file_a"}}
    shown = message("x【2】 y【1】", file, cite("【1】", 6, 9))
    assert rendered(shown, {"file_a": "a.txt"}, "footnotes") == f"x[1] y[2]\n\n[1] a.txt\n[2] Oslo: {OSLO}"
    seen: list[tuple[str, int, str]] = []

    def style(annotation: SourceAnnotation, number: int, name: str) -> str:
        seen.append((annotation.type, number, name))
        return ""

    assert rendered(shown, {"file_a": "a.txt"}, style) == "x y"
    assert seen == [("file_citation", 1, "a.txt"), ("url_citation", 2, "Oslo")]


def test_a_streamed_citation_is_that_of_the_whole() -> None:
    """Typed in the delta, in the snapshot and in the message, and written as it came."""
    annotation = cite("【1】", 1, 4)
    part = {"index": 0, "type": "text", "text": {"value": "x【1】", "annotations": [{"index": 0, **annotation}]}}
    snapshot = Snapshot()
    delta = MessageDelta.from_dict({"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [part]}})
    snapshot.add(MessageDeltaEvent("thread.message.delta", delta))
    (folded,) = snapshot.messages
    whole = URLCitationAnnotation(
        text="【1】", start_index=1, end_index=4, url_citation=URLCitation(url=OSLO, title="Oslo")
    )
    assert folded.at("content[0].text.annotations") == (whole,)
    assert message("x【1】", annotation).content == folded.content
    assert folded.to_dict()["content"][0]["text"]["annotations"] == [annotation]
