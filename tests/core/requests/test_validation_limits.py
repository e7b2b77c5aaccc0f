"""Keywords past a documented limit, in both protocols."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import ValidationError
from assistants_async.endpoints import (
    CREATE_ASSISTANT,
    CREATE_FILE,
    CREATE_MESSAGE,
    CREATE_RUN,
    CREATE_THREAD,
    CREATE_THREAD_AND_RUN,
    LIST_FILES,
    LIST_MESSAGES,
    LIST_RUNS,
    MODIFY_THREAD,
)
from tests.support.keywords import MESSAGE, MODEL, RUN, Row, call


def pairs(count: int, key: int = 1, value: int = 1) -> dict[str, str]:
    """Metadata of so many pairs, with keys and values of at least these lengths."""
    return {str(place).zfill(key): "v" * value for place in range(count)}


# (row, what else the call needs, keyword, largest or smallest value that passes, first value that does not, path, rule)
LIMITS: dict[str, tuple[Row, dict[str, Any], str, Any, Any, str, str]] = {
    "limit, least": (LIST_RUNS, {}, "limit", 1, 0, "limit", "`int` >= 1"),
    "limit, most": (LIST_RUNS, {}, "limit", 100, 101, "limit", "`int` <= 100"),
    "limit of files": (LIST_FILES, {}, "limit", 10_000, 10_001, "limit", "`int` <= 10000"),
    "order": (LIST_MESSAGES, {}, "order", "asc", "up", "order", "expected 'asc' or 'desc'"),
    "name": (CREATE_ASSISTANT, MODEL, "name", "x" * 256, "x" * 257, "name", "length <= 256"),
    "description": (CREATE_ASSISTANT, MODEL, "description", "x" * 512, "x" * 513, "description", "length <= 512"),
    "instructions": (
        CREATE_ASSISTANT,
        MODEL,
        "instructions",
        "x" * 256_000,
        "x" * 256_001,
        "instructions",
        "length <= 256000",
    ),
    "temperature, most": (CREATE_ASSISTANT, MODEL, "temperature", 2, 2.01, "temperature", "<= 2"),
    "temperature, least": (CREATE_RUN, RUN, "temperature", 0, -0.01, "temperature", ">= 0"),
    "top_p, most": (CREATE_RUN, RUN, "top_p", 1, 1.01, "top_p", "<= 1"),
    "top_p, least": (CREATE_RUN, RUN, "top_p", 0, -1, "top_p", ">= 0"),
    "tools of an assistant": (
        CREATE_ASSISTANT,
        MODEL,
        "tools",
        [{"type": "mcp"}] * 128,
        [{"type": "mcp"}] * 129,
        "tools",
        "length <= 128",
    ),
    "tools of a run": (
        CREATE_RUN,
        RUN,
        "tools",
        [{"type": "mcp"}] * 20,
        [{"type": "mcp"}] * 21,
        "tools",
        "length <= 20",
    ),
    "prompt tokens": (CREATE_RUN, RUN, "max_prompt_tokens", 256, 255, "max_prompt_tokens", ">= 256"),
    "completion tokens": (CREATE_RUN, RUN, "max_completion_tokens", 256, 255, "max_completion_tokens", ">= 256"),
    "metadata pairs": (MODIFY_THREAD, {}, "metadata", pairs(16), pairs(17), "metadata", "length <= 16"),
    "metadata keys": (
        MODIFY_THREAD,
        {},
        "metadata",
        pairs(1, key=64),
        pairs(1, key=65),
        f"metadata.{'0' * 65}",
        "length <= 64",
    ),
    "metadata values": (
        MODIFY_THREAD,
        {},
        "metadata",
        pairs(1, value=512),
        pairs(1, value=513),
        "metadata.0",
        "length <= 512",
    ),
    "metadata of other values": (
        MODIFY_THREAD,
        {},
        "metadata",
        {"a": "1"},
        {"a": 1},
        "metadata.a",
        "expected `str`",
    ),
    "parts of a message": (
        CREATE_MESSAGE,
        {"role": "user"},
        "content",
        [{"type": "text", "text": ""}],
        [],
        "content",
        "length >= 1",
    ),
    "role": (CREATE_MESSAGE, {"content": "x"}, "role", "assistant", "system", "role", "expected 'user' or 'assistant'"),
    "last messages": (
        CREATE_RUN,
        RUN,
        "truncation_strategy",
        {"type": "last_messages", "last_messages": 1},
        {"type": "last_messages", "last_messages": 0},
        "truncation_strategy.last_messages",
        ">= 1",
    ),
    "files of the code interpreter": (
        CREATE_THREAD,
        {},
        "tool_resources",
        {"code_interpreter": {"file_ids": ["f"] * 20}},
        {"code_interpreter": {"file_ids": ["f"] * 21}},
        "tool_resources.code_interpreter.file_ids",
        "length <= 20",
    ),
    "stores of file search": (
        MODIFY_THREAD,
        {},
        "tool_resources",
        {"file_search": {"vector_store_ids": ["v"]}},
        {"file_search": {"vector_store_ids": ["v", "w"]}},
        "tool_resources.file_search.vector_store_ids",
        "length <= 1",
    ),
    "chunk size": (
        CREATE_THREAD,
        {},
        "tool_resources",
        {
            "file_search": {
                "vector_stores": [
                    {
                        "chunking_strategy": {
                            "type": "static",
                            "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50},
                        }
                    }
                ]
            }
        },
        {
            "file_search": {
                "vector_stores": [
                    {
                        "chunking_strategy": {
                            "type": "static",
                            "static": {"max_chunk_size_tokens": 99, "chunk_overlap_tokens": 0},
                        }
                    }
                ]
            }
        },
        "tool_resources.file_search.vector_stores[0].chunking_strategy.static.max_chunk_size_tokens",
        ">= 100",
    ),
    "search results": (
        CREATE_ASSISTANT,
        MODEL,
        "tools",
        [{"type": "file_search", "file_search": {"max_num_results": 50}}],
        [{"type": "file_search", "file_search": {"max_num_results": 51}}],
        "tools[0].file_search.max_num_results",
        "<= 50",
    ),
    "score": (
        CREATE_ASSISTANT,
        MODEL,
        "tools",
        [{"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 1}}}],
        [{"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 1.1}}}],
        "tools[0].file_search.ranking_options.score_threshold",
        "<= 1",
    ),
    "name of a function": (
        CREATE_ASSISTANT,
        MODEL,
        "tools",
        [{"type": "function", "function": {"name": "a_-9" * 16}}],
        [{"type": "function", "function": {"name": "get weather"}}],
        "tools[0].function.name",
        "matching regex",
    ),
    "name of a format": (
        CREATE_RUN,
        RUN,
        "response_format",
        {"type": "json_schema", "json_schema": {"name": "n"}},
        {"type": "json_schema", "json_schema": {"name": ""}},
        "response_format.json_schema.name",
        "matching regex",
    ),
    "life of a file, least": (
        CREATE_FILE,
        {"purpose": "vision"},
        "expires_after",
        {"anchor": "created_at", "seconds": 3600},
        {"anchor": "created_at", "seconds": 3599},
        "expires_after.seconds",
        ">= 3600",
    ),
    "life of a file, most": (
        CREATE_FILE,
        {"purpose": "vision"},
        "expires_after",
        {"anchor": "created_at", "seconds": 2_592_000},
        {"anchor": "created_at", "seconds": 2_592_001},
        "expires_after.seconds",
        "<= 2592000",
    ),
    "anchor of a file's life": (
        CREATE_FILE,
        {"purpose": "vision"},
        "expires_after",
        {"anchor": "created_at", "seconds": 3600},
        {"anchor": "now", "seconds": 3600},
        "expires_after.anchor",
        "expected 'created_at'",
    ),
}


@pytest.mark.parametrize(("row", "rest", "name", "good", "bad", "path", "rule"), LIMITS.values(), ids=LIMITS.keys())
def test_each_documented_limit_at_its_edge(
    row: Row, rest: dict[str, Any], name: str, good: Any, bad: Any, path: str, rule: str
) -> None:
    """The last value inside passes; the first outside is a ValidationError with path, rule and value."""
    call(row, {**rest, name: good})
    with pytest.raises(ValidationError) as caught:
        call(row, {**rest, name: bad})
    assert (caught.value.operation, caught.value.path) == (row.name, path)
    assert rule in caught.value.rule
    assert str(caught.value).startswith(
        f"{row.name}(): {path}: expected" if "enum" not in rule else f"{row.name}(): {path}: invalid"
    )


# Protocol v1 narrows what it shares with v2.
LIMITS_V1: dict[str, tuple[Row, dict[str, Any], str, Any, Any, str, str]] = {
    "content, least": (CREATE_MESSAGE, {"role": "user"}, "content", "x", "", "content", "length >= 1"),
    "content, most": (
        CREATE_MESSAGE,
        {"role": "user"},
        "content",
        "x" * 256_000,
        "x" * 256_001,
        "content",
        "length <= 256000",
    ),
    "content in a thread": (
        CREATE_THREAD,
        {},
        "messages",
        [MESSAGE],
        [{"role": "user", "content": ""}],
        "messages[0].content",
        "length >= 1",
    ),
    "content in a run's thread": (
        CREATE_THREAD_AND_RUN,
        RUN,
        "thread",
        {"messages": [MESSAGE]},
        {"messages": [{"role": "user", "content": ""}]},
        "thread.messages[0].content",
        "length >= 1",
    ),
    "files of a message, most": (
        CREATE_MESSAGE,
        MESSAGE,
        "file_ids",
        ["f"] * 10,
        ["f"] * 11,
        "file_ids",
        "length <= 10",
    ),
    "files of a message, least": (CREATE_MESSAGE, MESSAGE, "file_ids", ["f"], [], "file_ids", "length >= 1"),
    "files of an assistant": (CREATE_ASSISTANT, MODEL, "file_ids", ["f"] * 20, ["f"] * 21, "file_ids", "length <= 20"),
}


@pytest.mark.parametrize(
    ("row", "rest", "name", "good", "bad", "path", "rule"), LIMITS_V1.values(), ids=LIMITS_V1.keys()
)
def test_limits_of_protocol_v1(
    row: Row, rest: dict[str, Any], name: str, good: Any, bad: Any, path: str, rule: str
) -> None:
    """A value that v2 allows and v1 does not is refused by a client of v1."""
    call(row, {**rest, name: good}, "v1")
    with pytest.raises(ValidationError) as caught:
        call(row, {**rest, name: bad}, "v1")
    assert caught.value.path == path
    assert rule in caught.value.rule
