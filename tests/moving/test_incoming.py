"""Objects of a folder on their way into a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistants_async.moving.folder import Line
from assistants_async.moving.incoming import IncomingThread, read_objects, read_thread

AT = {"created_at": 1}


def unreachable(kind: str, id: str, reason: str) -> None:
    """Fail the test: all of its objects can be used."""
    pytest.fail(f"{kind} {id}: {reason}")


def written(path: Path, *lines: Line) -> Path:
    """Write lines to a file."""
    path.write_bytes(b"".join(line.encode() for line in lines))
    return path


def thread_of(folder: Path, *lines: Line) -> IncomingThread:
    """Read a thread with these lines."""
    found = read_thread(written(folder / "t.jsonl", Line("thread", {"id": "t", **AT}), *lines), unreachable)
    assert found is not None
    return found


def test_searches_are_numbered_by_the_messages_before(tmp_path: Path) -> None:
    """Marks of their results begin with it."""
    message = {"role": "user", "content": [], **AT}
    calls = {"type": "tool_calls", "status": "completed", "step_details": {"type": "tool_calls"}, **AT}
    found = thread_of(
        tmp_path,
        Line("message", {"id": "m1", **message}, "t"),
        Line("message", {"id": "m2", **message}, "t"),
        Line("run", {"id": "r", "status": "completed", **AT}, "t"),
        Line("step", {"id": "s", **calls}, "r"),
    )
    assert [part.key.id for part in found.parts] == ["r", "m1", "m2", "s"]
    assert found.parts[-1].document["number"] == 2


def test_an_active_run_ends_alone(tmp_path: Path) -> None:
    """With what is its own: a message of another run stays."""
    open_message = {"role": "assistant", "content": [], "status": "in_progress", **AT}
    found = thread_of(
        tmp_path,
        Line("message", {"id": "m1", "run_id": "q", **open_message}, "t"),
        Line("message", {"id": "m2", "run_id": "r", **open_message}, "t"),
        Line("run", {"id": "r", "status": "in_progress", **AT}, "t"),
    )
    statuses = {part.key.id: part.document["status"] for part in found.parts}
    assert statuses == {"r": "expired", "m1": "in_progress", "m2": "incomplete"}


SEARCH = {"id": "c", "type": "file_search", "file_search": {"results": [{"file_name": "a", "score": 1}]}}


@pytest.mark.parametrize(
    ("line", "stored", "same"),
    [
        (Line("assistant", {"id": "a", "model": "m", "temperature": 1.0, **AT}), {"model": "m"}, True),
        (Line("assistant", {"id": "a", "model": "m", "temperature": 0.5, **AT}), {"model": "m"}, False),
        (Line("assistant", {"id": "a", "model": "m", **AT}), {"model": "m", "name": "later"}, True),
        (
            Line("assistant", {"id": "a", "model": "m", "file_ids": [], "tools": [{"type": "retrieval"}], **AT}),
            {"model": "m", "tools": [{"type": "file_search"}]},
            True,
        ),
        (Line("run", {"id": "a", "status": "completed", "file_ids": [], **AT}), {"status": "incomplete"}, True),
        (Line("run", {"id": "a", "status": "completed", **AT}), {"status": "incomplete"}, False),
        (Line("vector_store", {"id": "a", "last_active_at": 5, **AT}), {"last_active_at": 9}, True),
        (Line("vector_store", {"id": "a", "expires_after": None, **AT}), {"expires_after": {"days": 1}}, False),
    ],
    ids=["default", "other", "member of later", "v1 tools", "v1 status", "v2 status", "use", "expiry"],
)
def test_the_same_content(tmp_path: Path, line: Line, stored: dict[str, Any], *, same: bool) -> None:
    """It is compared as a server shows it, in the version of the export, by the members that the export has."""
    (incoming,) = read_objects(written(tmp_path / "a.jsonl", line), unreachable)
    assert incoming.is_same({"id": "a", "thread_id": "", **AT, **stored}) is same


def test_texts_of_searches_are_not_compared(tmp_path: Path) -> None:
    """Lists of steps leave them out."""
    details: dict[str, Any] = {"type": "tool_calls", "tool_calls": [SEARCH]}
    step = {"id": "s", "type": "tool_calls", "status": "completed", "step_details": details, **AT}
    run = Line("run", {"id": "r", "status": "completed", **AT}, "t")
    part = thread_of(tmp_path, run, Line("step", step, "r")).parts[-1]
    result = {"file_name": "a", "score": 1, "content": [{"type": "text", "text": "words"}]}
    more = {"type": "tool_calls", "tool_calls": [{**SEARCH, "file_search": {"results": [result]}}]}
    assert part.is_same({**part.document, "step_details": more})
