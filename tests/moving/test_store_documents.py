"""Objects of other servers as documents of a store."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async.moving.store_documents import UnusableError, document_of
from assistants_async.server.storage.vector_index import DEFAULT_CHUNKING

AT = {"id": "x", "created_at": 1}
TEXT = {"type": "text", "text": {"value": "two words", "annotations": []}}
STEP = {**AT, "type": "tool_calls", "status": "completed"}


def test_a_message_has_what_the_server_counts() -> None:
    """Tokens, and the files that it names in any way."""
    image = {"type": "image_file", "image_file": {"file_id": "f1"}}
    attached = [{"file_id": "f2", "tools": []}, {"data_source": {}}, {"file_id": None}]
    given = {**AT, "role": "user", "content": [TEXT, image], "attachments": attached, "file_ids": ["f3"]}
    made = document_of("message", given, "t")
    assert (made["tokens"], made["files"], made["thread_id"], made["run_id"]) == (2, ["f1", "f3", "f2"], "t", None)
    bare = document_of("message", {**AT, "role": "user", "content": [], "thread_id": "other"}, "t")
    assert (bare["attachments"], bare["file_ids"], bare["thread_id"]) == ([], [], "t")
    assert "files" not in bare


def test_members_of_no_document_are_left_out() -> None:
    """Among them those of the server's own: a folder must not choose the bytes that a file has."""
    given = {**AT, "purpose": "vision", "filename": "a", "blob": "../../etc/passwd", "novelty": 1, "object": "file"}
    assert document_of("file", given) == {**AT, "purpose": "vision", "filename": "a"}
    given = {**AT, "usage_bytes": 5, "status": "completed", "expires_after": {"anchor": "last_active_at", "days": 1}}
    made = document_of("vector_store", given)
    assert made == {**AT, "expires_after": given["expires_after"], "last_active_at": 1}
    assert document_of("vector_store", {**given, "last_active_at": 8})["last_active_at"] == 8


@pytest.mark.parametrize(
    ("strategy", "kept"),
    [
        ({"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 10}}, True),
        ({"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 200}}, False),
        ({"type": "static", "static": {"max_chunk_size_tokens": "200"}}, False),
        ({"type": "static"}, False),
        ({"type": "other"}, False),
        (None, False),
    ],
    ids=["static", "endless", "text", "no sizes", "other", "none"],
)
def test_chunk_sizes(strategy: dict[str, Any] | None, *, kept: bool) -> None:
    """Sizes that no text can be cut by are the usual ones."""
    made = document_of("store_file", {**AT, "status": "completed", "chunking_strategy": strategy}, "v")
    assert made["chunking_strategy"] == (strategy if kept else DEFAULT_CHUNKING)
    assert (made["vector_store_id"], made["usage_bytes"], made["read_at"], made["batch_id"]) == ("v", 0, None, "")


def test_a_step_has_the_outputs_of_its_calls() -> None:
    """Null where the server gave none; its other members, and other calls, stay in their order."""
    function = {"id": "c", "type": "function", "function": {"arguments": "{}", "name": "f"}}
    search = {"id": "d", "type": "file_search", "file_search": {"results": [{"file_name": "a", "score": 1}]}}
    code = {"id": "e", "type": "code_interpreter", "code_interpreter": {"input": "1"}}
    details = {"type": "tool_calls", "tool_calls": [function, search, code]}
    made = document_of("step", {**STEP, "step_details": details}, "t", "r")
    calls = made["step_details"]["tool_calls"]
    assert list(calls[0]["function"].items()) == [("arguments", "{}"), ("name", "f"), ("output", None)]
    assert calls[1:] == [search, code]
    assert (made["thread_id"], made["run_id"], made["usage"]) == ("t", "r", None)
    assert document_of("step", {**STEP, "step_details": {"type": "tool_calls"}}, "t", "r")["step_details"] == {
        "type": "tool_calls",
        "tool_calls": [],
    }
    created = {"type": "message_creation", "message_creation": {"message_id": "m"}}
    assert document_of("step", {**STEP, "step_details": created}, "t", "r")["step_details"] == created


def test_a_run_has_what_the_server_reads() -> None:
    """Null where it is absent."""
    made = document_of("run", {**AT, "status": "completed", "tools": None}, "t")
    assert made == {
        **AT,
        "status": "completed",
        "tools": [],
        "thread_id": "t",
        "expires_at": None,
        "started_at": None,
        "required_action": None,
    }


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("thread", {"id": ""}, "length >= 1"),
        ("thread", {"id": "t\0"}, "matching regex"),
        ("thread", {"tool_resources": {"file_search": {"vector_store_ids": [1]}}}, "Expected `str`, got `int`"),
        ("message", {"role": "user", "content": "text"}, "Expected `array`, got `str`"),
        ("message", {"role": "user", "content": [{"type": "text", "text": {}}]}, "type text without its value"),
        ("message", {"role": "user", "content": [{"type": "image_file"}]}, "type image_file without its file_id"),
        ("message", {"role": "assistant", "content": [{"type": "refusal"}]}, "type refusal without its text"),
        ("message", {"role": "user", "content": [{"type": "image_url"}]}, "type image_url without its url"),
        ("assistant", {"model": "m", "tools": [{"type": "function"}]}, "a function tool without its function"),
        ("step", {**STEP, "step_details": {"type": "x", "tool_calls": [{"id": "c", "type": "function"}]}}, "without"),
        ("step", {**STEP, "step_details": {"type": "x", "tool_calls": [{"id": "c", "type": "file_search"}]}}, "its fi"),
        ("store_file", {"status": "novel"}, "Invalid enum value 'novel'"),
        ("run", {}, "missing required field `status`"),
    ],
)
def test_what_cannot_be_used(kind: str, given: dict[str, Any], words: str) -> None:
    """The reason has the place."""
    with pytest.raises(UnusableError, match=words):
        document_of(kind, {**AT, **given}, "p", "r")
