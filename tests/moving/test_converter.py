"""Accounts converted for the Responses API."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.moving import FolderError, convert_account, export_account
from assistants_async.moving.conversation_items import ThreadItems, groups
from assistants_async.moving.folder import Line
from assistants_async.moving.message_items import MessageItems
from assistants_async.moving.response_params import response_params
from tests.support.account import account, client_of, snapshot

REQUIRED = {
    "user": {"type", "role", "content"},
    "assistant": {"type", "id", "role", "status", "content"},
    "function_call": {"type", "call_id", "name", "arguments"},
    "function_call_output": {"type", "call_id", "output"},
    "input_text": {"type", "text"},
    "input_image": {"type", "detail"},
    "output_text": {"type", "text", "annotations"},
    "refusal": {"type", "refusal"},
    "file_citation": {"type", "file_id", "filename", "index"},
    "file_path": {"type", "file_id", "index"},
    "url_citation": {"type", "url", "title", "start_index", "end_index"},
}
"""Members that openai-python 3.57 requires of the parameters of each kind."""


def check(item: dict[str, Any]) -> None:
    """Compare an item with what is required of its kind, and so each of its parts."""
    if isinstance(item.get("content"), str):
        assert (item["type"], item["role"]) == ("message", "assistant")
        return
    assert REQUIRED[item.get("role") or item["type"]] <= item.keys()
    for part in [*item.get("content", ()), *item.get("annotations", ())]:
        check(part)


def message(id: str, role: str, *content: Any, **more: Any) -> Line:
    """Make the line of a message."""
    parts = [{"type": "text", "text": {"value": each}} if isinstance(each, str) else each for each in content]
    return Line("message", {"id": id, "role": role, "content": parts, "created_at": 1, **more}, "t")


def run(id: str, created_at: int = 1) -> Line:
    """Make the line of a run."""
    return Line("run", {"id": id, "created_at": created_at}, "t")


def step(id: str, run_id: str, *calls: dict[str, Any], made: str | None = None) -> Line:
    """Make the line of a step, with the message that it made or with calls."""
    details: dict[str, Any] = (
        {"tool_calls": list(calls)} if made is None else {"message_creation": {"message_id": made}}
    )
    return Line("step", {"id": id, "step_details": details}, run_id)


def function(id: str, output: str | None) -> dict[str, Any]:
    """Make a call of a function."""
    return {"id": id, "type": "function", "function": {"name": "f", "arguments": "{}", "output": output}}


def convert(lines: Iterable[Line], *, code: bool = True) -> tuple[list[dict[str, Any]], list[str]]:
    """Convert a thread; return its items and notes."""
    notes: list[str] = []
    thread = ThreadItems(lines, MessageItems({"file_1": "a.txt"}), notes.append, code=code)
    items = [item for group in groups(thread.units()) for item in group]
    for item in items:
        check(item)
    return items, notes


def short(items: Iterable[dict[str, Any]]) -> list[str]:
    """Name each item by its text or its call."""
    return [item["type"] + item["call_id"] if "call_id" in item else item["content"][0]["text"] for item in items]


@pytest.mark.parametrize("protocol", ["v2", "v1"])
async def test_an_exported_account_is_converted(tmp_path: Path, protocol: ProtocolVersion) -> None:
    """Assistants, threads and a report; a second time it gives the same."""
    async with account(threads=2, protocol=protocol) as server, client_of(server, protocol) as client:
        await export_account(client, tmp_path / "a")
    report = await convert_account(tmp_path / "a", tmp_path / "b")
    assert (report.counts["assistant"], report.counts["thread"]) == (1, 2)
    once = snapshot(tmp_path / "b")
    assert {name.partition("/")[0] for name in once} == {"assistants", "threads", "report.txt"}
    for name, content in once.items():
        if name.startswith("threads/"):
            items = [item for line in content.splitlines() for item in json.loads(line)["items"]]
            assert [item.get("role") or item["type"] for item in items] == [
                "user",
                "function_call",
                "function_call_output",
                "assistant",
            ]
            for item in items:
                check(item)
    assert await convert_account(tmp_path / "a", tmp_path / "b", on_progress=lambda progress: progress) == report
    assert snapshot(tmp_path / "b") == once
    assert b"has no counterpart" in once["report.txt"]


def test_steps_give_the_order() -> None:
    """Of the messages and calls of a run, all of one second; runs without messages go by their time."""
    items, notes = convert(
        [
            Line("thread", {"id": "t"}),
            message("m1", "user", "question"),
            message("m3", "assistant", "second", run_id="r1"),
            message("m2", "assistant", "first", run_id="r1"),
            message("m0", "user", "additional", run_id="r1"),
            message("m6", "assistant", "not in a step", run_id="r1"),
            message("m4", "user", "again", created_at=5),
            message("m5", "assistant", "answer", run_id="r4", created_at=7),
            message("m7", "assistant", "of a run that is not listed", run_id="r9", created_at=7),
            run("r1"),
            step("s1", "r1", made="m2"),
            step("s2", "r1", function("c1", "1"), function("c2", "2")),
            step("s3", "r1", made="m3"),
            step("s4", "r1", made="m9"),
            run("r2", 3),
            step("s5", "r2", function("c3", "3")),
            run("r3", 6),
            step("s6", "r3", function("c4", "4")),
            run("r4", 7),
            run("r5", 8),
            step("s7", "r5", function("c5", None)),
        ]
    )
    assert short(items) == [
        *("question", "additional", "first"),
        *("function_callc1", "function_call_outputc1", "function_callc2", "function_call_outputc2"),
        *("second", "not in a step", "function_callc3", "function_call_outputc3", "again"),
        *("function_callc4", "function_call_outputc4", "answer", "of a run that is not listed"),
    ]
    assert notes == [
        "message m9 of step s4 is not in the thread",
        "call c5 of 'f' is left out: it has no output",
    ]


def test_parts_and_citations() -> None:
    """Images stay; citations keep their files; what has no counterpart is noted."""
    said = {
        "type": "text",
        "text": {
            "value": "See a.",
            "annotations": [
                {"type": "file_citation", "start_index": 4, "file_citation": {"file_id": "file_1"}},
                {"type": "file_citation", "file_citation": {"quote": "x"}},
                {"type": "file_path", "file_path": {"file_id": "file_2"}},
                {"type": "url_citation", "url_citation": {"url": "http://a"}, "start_index": 1, "end_index": 2},
            ],
        },
    }
    image = {"type": "image_file", "image_file": {"file_id": "file_1", "detail": "huge"}}
    link = {"type": "image_url", "image_url": {"url": "http://a/b.png", "detail": "low"}}
    items, notes = convert(
        [
            message("m1", "user", "Look", image, link, {"type": "audio"}, file_ids=["file_9"]),
            message("m2", "assistant", said, {"type": "refusal", "refusal": "no"}, status="incomplete"),
            message("m3", "assistant", image, attachments=[{"file_id": "file_8"}]),
            message("m4", "assistant", {"type": "text", "text": "plain"}),
        ]
    )
    assert items[0]["content"][1:] == [
        {"type": "input_image", "file_id": "file_1", "detail": "auto"},
        {"type": "input_image", "image_url": "http://a/b.png", "detail": "low"},
    ]
    assert items[1]["status"] == "incomplete"
    assert items[1]["content"][0]["annotations"] == [
        {"type": "file_citation", "file_id": "file_1", "filename": "a.txt", "index": 4},
        {"type": "file_path", "file_id": "file_2", "index": 2},
        {"type": "url_citation", "url": "http://a", "title": "http://a", "start_index": 1, "end_index": 2},
    ]
    assert items[2]["content"] == [{"type": "output_text", "text": "plain", "annotations": []}]
    assert notes == [
        "message m1: the attached file file_9 has no counterpart",
        "message m1: its part 'audio' has no counterpart",
        "message m2: an annotation 'file_citation' has no counterpart",
        "message m3: the attached file file_8 has no counterpart",
        "message m3: its part 'image_file' has no counterpart in a message of the assistant",
        "message m3: it is left out, since nothing of it is left",
    ]


def test_calls_of_hosted_tools() -> None:
    """Code is a note, or left out by choice; the others have no counterpart."""
    ran: dict[str, Any] = {
        "type": "code_interpreter",
        "code_interpreter": {"input": "1+1", "outputs": [{"type": "logs", "logs": "2"}, {"type": "image"}]},
    }
    quiet = {"type": "code_interpreter", "code_interpreter": {"input": "pass"}}
    lines = [run("r"), step("s", "r", ran, quiet, {"type": "file_search"})]
    items, notes = convert(lines)
    assert [item["content"] for item in items] == ["[code_interpreter]\n1+1\n[output]\n2", "[code_interpreter]\npass"]
    assert notes == ["call of 'file_search' in step s has no counterpart"]
    assert convert(lines, code=False) == ([], ["code_interpreter of step s is left out"] * 2 + notes)


def test_groups_keep_a_call_with_its_output() -> None:
    """Of 1 to 20 items."""
    lines = [message(f"m{number}", "user", "hi") for number in range(19)]
    lines += [run("r", 2), step("s", "r", function("c", "1")), run("r2", 3)]
    thread = ThreadItems(lines, MessageItems({}), print, code=True)
    assert [len(group) for group in groups(thread.units())] == [19, 2]


def test_an_assistant_as_parameters() -> None:
    """Tools with their resources, the format of answers, and what has no counterpart."""
    notes: list[str] = []
    schema = {"name": "n", "schema": {"type": "object"}, "strict": None}
    asst: dict[str, Any] = {
        "id": "a",
        "model": "m",
        "instructions": None,
        "temperature": 1.0,
        "metadata": {"k": "v"},
        "name": "Ann",
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": schema},
        "tools": [
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": {}, "strict": True}},
            {"type": "function", "function": {"name": "g"}},
            {"type": "code_interpreter"},
            {
                "type": "file_search",
                "file_search": {"max_num_results": 3, "ranking_options": {"ranker": "old", "score_threshold": 0.5}},
            },
            {"type": "mcp", "server_label": "gh", "server_url": "https://a", "allowed_tools": []},
            {"type": "retrieval"},
        ],
        "tool_resources": {"file_search": {"vector_store_ids": ["vs"]}, "code_interpreter": {"file_ids": ["file_1"]}},
    }
    assert response_params(asst, notes.append) == {
        "model": "m",
        "temperature": 1.0,
        "metadata": {"k": "v"},
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "tools": [
            {"type": "function", "name": "f", "parameters": {}, "strict": True, "description": "d"},
            {"type": "function", "name": "g", "parameters": None, "strict": False},
            {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file_1"]}},
            {
                "type": "file_search",
                "vector_store_ids": ["vs"],
                "max_num_results": 3,
                "ranking_options": {"score_threshold": 0.5},
            },
            {"type": "mcp", "server_label": "gh", "server_url": "https://a"},
        ],
    }
    assert notes == [
        "ranker 'old' of file_search has no counterpart",
        "tool 'retrieval' has no counterpart",
        "name 'Ann' has no counterpart",
    ]


@pytest.mark.parametrize(
    ("form", "wanted", "noted"),
    [
        ("auto", None, 0),
        ({"type": "text"}, None, 0),
        ({"type": "json_object"}, {"format": {"type": "json_object"}}, 0),
        ({"type": "json_schema"}, None, 1),
        ({"type": "yaml"}, None, 1),
    ],
    ids=["auto", "text", "object", "no schema", "unknown"],
)
def test_formats_of_answers(form: Any, wanted: Any, noted: int) -> None:
    """The usual one is left out."""
    notes: list[str] = []
    asst = {"model": "m", "response_format": form, "tools": [{"type": "file_search"}]}
    assert response_params(asst, notes.append).get("text") == wanted
    assert len(notes) == noted + 1  # the search has no store


@pytest.mark.parametrize(
    "options",
    [{}, {"max_num_results": 3}, {"ranking_options": {"ranker": "auto", "score_threshold": 0}}],
    ids=["none", "number", "ranking"],
)
def test_a_search_with_its_options(options: dict[str, Any]) -> None:
    """Those that the Responses API has stay as they are."""
    notes: list[str] = []
    tool = {"type": "file_search", "file_search": options}
    asst = {"model": "m", "tools": [tool], "tool_resources": {"file_search": {"vector_store_ids": ["vs"]}}}
    made = response_params(asst, notes.append)
    assert made["tools"] == [{"type": "file_search", "vector_store_ids": ["vs"], **options}]
    assert notes == []


async def test_folders_and_words_that_cannot_be(tmp_path: Path) -> None:
    """Each is refused in one sentence, before anything is written."""
    manifest = '{"format": 1, "source": "http://a/v1", "made_at": 1, "complete": %s}'
    (tmp_path / "a").mkdir()
    with pytest.raises(FolderError, match="is no exported account"):
        await convert_account(tmp_path / "a", tmp_path / "b")
    (tmp_path / "a" / "manifest.json").write_text(manifest % "false", encoding="utf-8")
    with pytest.raises(FolderError, match="is an unfinished export"):
        await convert_account(tmp_path / "a", tmp_path / "b")
    (tmp_path / "a" / "manifest.json").write_text(manifest % "true", encoding="utf-8")
    with pytest.raises(FolderError, match="has other files in it"):
        await convert_account(tmp_path / "a", tmp_path / "a")
    with pytest.raises(FolderError, match="is not a folder"):
        await convert_account(tmp_path / "a", tmp_path / "a" / "manifest.json")
    for keywords in ({"to": "chat"}, {"code_interpreter": "run"}):
        with pytest.raises(ValueError, match=f"must be .* not '{next(iter(keywords.values()))}'"):
            await convert_account(tmp_path / "a", tmp_path / "b", **keywords)  # type: ignore[arg-type]
