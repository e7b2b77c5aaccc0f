"""Displays of notebooks: HTML of messages, runs and pages with every text escaped, and reprs of one line."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from assistants_async import IngestReport, Message, Page, Run, RunResult, ToolResult, Usage, VectorStore
from assistants_async.models import IngestedFile

EVIL = "<script>alert('x')</script>&\"<img src=http://x.test onerror=1>"

MESSAGE: dict[str, Any] = {
    "id": EVIL,
    "role": EVIL,
    "status": EVIL,
    "content": [
        {"type": "text", "text": {"value": f"{EVIL}\nsecond line"}},
        {"type": "text"},
        {"type": "refusal", "refusal": EVIL},
        {"type": "refusal"},
        {"type": "image_file", "image_file": {"file_id": EVIL}},
        {"type": "image_file"},
        {"type": "image_url", "image_url": {"url": EVIL}},
        {"type": "image_url"},
        {"type": EVIL},
    ],
}
RUN: dict[str, Any] = {
    "id": EVIL,
    "status": EVIL,
    "thread_id": EVIL,
    "assistant_id": EVIL,
    "model": EVIL,
    "created_at": 10,
    "last_error": {"code": EVIL, "message": EVIL},
    "incomplete_details": {"reason": EVIL},
    "required_action": {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {"tool_calls": [{"id": "call_1", "function": {"name": EVIL}}, {"id": EVIL}]},
    },
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}

VALUES: dict[str, Any] = {
    "message": Message.from_dict(MESSAGE),
    "run": Run.from_dict(RUN),
    "page of messages": Page(data=(Message.from_dict(MESSAGE),), has_more=True),
    "page of runs": Page(data=(Run.from_dict(RUN),)),
    "page of values": Page(data=({EVIL: EVIL}, EVIL, None)),
}


class Seen(HTMLParser):
    """The elements, attributes and texts of a document."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_every_text_is_escaped(value: Any) -> None:
    """So that nobody's words become an element, and none makes the browser ask a server."""
    seen = Seen(value._repr_html_())
    assert seen.elements <= {"div", "b", "pre", "p", "table", "tr", "th", "td"}
    assert seen.attributes <= {"style"}
    assert EVIL in seen.text


def test_a_message_has_its_parts() -> None:
    """Their lines kept."""
    message = Message.from_dict(
        {"id": "msg_1", "role": "user", "content": [{"type": "text", "text": {"value": "one\ntwo"}}]}
    )
    assert re.sub(r' style="[^"]*"', "", message._repr_html_()) == "<div><b>user msg_1</b><pre>one\ntwo</pre></div>"


def test_a_run_has_its_known_facts() -> None:
    """Unknown facts have no line."""
    run = Run.from_dict({"id": "run_1", "status": "completed", "usage": {"total_tokens": 0}})
    rows = ("run", "run_1"), ("status", "completed"), ("tokens", "0")
    assert run._repr_html_() == f"<table>{''.join(f'<tr><td>{a}</td><td>{b}</td></tr>' for a, b in rows)}</table>"


def test_a_page_has_a_line_for_each_item() -> None:
    """With the members of one line that an item has; the text of messages; a number for those left out."""
    stores = [{"id": f"vs_{number}", "object": "vector_store", "name": "x" * 999} for number in range(120)]
    seen = Seen(Page(data=tuple(map(VectorStore.from_dict, stores)), has_more=True)._repr_html_()).text
    assert seen.startswith("id\nname\n")
    assert "vs_99\n" in seen
    assert "vs_100\n" not in seen
    assert "120 items, the first 100 shown, more pages follow" in seen
    assert "x" * 199 + "…" in seen
    one = Page(data=(Message.from_dict({"id": "msg_1", "role": "user"}),))
    assert Seen(one._repr_html_()).text == "id\nrole\ntext\nmsg_1\nuser\n1 item\n"
    assert Seen(Page[Message]()._repr_html_()).text == "item\n0 items\n"


LONG = "word " * 10_000

REPRS: dict[str, tuple[Any, str]] = {
    "page": (Page(data=(Run(id="run_1"), Run(id="run_2"), Run(id="run_3"))), "<Page of 3: run_1 … run_3>"),
    "page of one": (Page(data=(Run(id="run_1"),), has_more=True), "<Page of 1: run_1, more follow>"),
    "empty page": (Page[Run](), "<Page of 0>"),
    "report": (
        IngestReport(vector_store_id="vs_1", files=tuple(IngestedFile(source=LONG) for _ in range(300))),
        "<IngestReport of 300 files, 300 unfinished: vs_1>",
    ),
    "tool result": (
        ToolResult(call_id="call_1", name="add", arguments={"a": 1}, output="2"),
        "ToolResult(call_id='call_1', name='add', arguments={'a': 1}, output='2')",
    ),
    "run result": (
        RunResult(
            run=Run(id="run_1", status="completed"),
            messages=(Message(id="msg_1"),),
            steps=(),
            usage=Usage(total_tokens=7),
            text="It's 2",
            parsed={"a": 1},
            rounds=1,
        ),
        "<RunResult run_1 completed: 1 messages, 0 steps, 1 rounds, 7 tokens, text=\"It's 2\", parsed={'a': 1}>",
    ),
}


@pytest.mark.parametrize(("value", "text"), REPRS.values(), ids=REPRS)
def test_results_have_short_reprs(value: object, text: str) -> None:
    """They show the outcome, not all of it."""
    assert repr(value) == text


def test_reprs_stay_short() -> None:
    """However long the texts are."""
    long = Message.from_dict({"id": LONG, "content": [{"type": "text", "text": {"value": LONG}}]})
    run = Run(id=LONG, status=LONG, instructions=LONG)
    result = RunResult(run=run, messages=(long,) * 99, steps=(), usage=None, text=LONG, parsed=[LONG] * 9, rounds=9)
    assert len(repr(result)) < 500
    error = ValueError(LONG)
    assert len(repr(ToolResult(call_id=LONG, name=LONG, arguments=LONG, output=LONG, error=error))) < 600
