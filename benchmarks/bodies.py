"""The bytes that the server answers with: each answer is made once, by the first name in the path.

A name is a kind and a number, such as `coalesced-20000`: the base URL of a client chooses the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec

PAGE = 100
"""Messages of a page."""
DELAY = 0.02
"""Seconds that the slow server takes for a page."""
PACE = 0.0005
"""Seconds between two events that are a TCP segment each: longer than any client takes for one."""
MB = 1 << 20

TEXT = "word{} "

_RUN: dict[str, Any] = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": 1_699_075_072,
    "thread_id": "thread_1",
    "assistant_id": "asst_1",
    "status": "completed",
    "started_at": 1_699_075_072,
    "completed_at": 1_699_075_073,
    "model": "gpt-4o",
    "instructions": "You are a helpful assistant. " * 20,
    "tools": [{"type": "function", "function": {"name": f"tool_{n}", "parameters": {}}} for n in range(5)],
    "metadata": {"topic": "benchmark"},
    "usage": {"prompt_tokens": 123, "completion_tokens": 456, "total_tokens": 579},
}
_FILE = {"id": "file_1", "object": "file", "bytes": MB, "created_at": 1, "filename": "a.bin", "purpose": "assistants"}
_STARTED = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "created_at": 1, "assistant_id": "asst_1"}
_ANSWER = {"id": "msg_1", "object": "thread.message", "thread_id": "thread_1", "run_id": "run_1", "role": "assistant"}


class Answer(NamedTuple):
    """The answer to one request."""

    pieces: tuple[bytes, ...]
    """Head and body, each piece a write of its own."""
    delay: float = 0.0
    """Seconds before the first."""
    pace: float = 0.0
    """Seconds between two."""


@cache
def answer(line: bytes) -> Answer:
    """The answer to a request line."""
    kind, _, number = line.split(b"/", 2)[1].decode().partition("-")
    return _KINDS[kind](int(number or 0), line)


def text_size(deltas: int) -> int:
    """Characters of the text of a stream of so many deltas."""
    return sum(len(TEXT.format(number % 10)) for number in range(deltas))


def events_of(deltas: int) -> int:
    """Events of a stream of so many deltas, the closing mark left out."""
    return deltas + 4


# Whole answers


def _json(value: object) -> Answer:
    body = msgspec.json.encode(value)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return Answer((head + body,))


def message(number: int) -> dict[str, Any]:
    """A message of 300 to 400 bytes of text."""
    text: dict[str, Any] = {"value": f"message {number} " * 30, "annotations": []}
    return {
        "id": f"msg_{number}",
        "object": "thread.message",
        "created_at": 1_699_075_072,
        "thread_id": "thread_1",
        "status": "completed",
        "role": "user",
        "content": [{"type": "text", "text": text}],
        "attachments": [],
        "metadata": {},
    }


def _page(pages: int, line: bytes) -> Answer:
    """The page behind the cursor of a request line, of so many in all."""
    cursor = line.partition(b"after=msg_")[2].split(b" ")[0].split(b"&")[0]
    first = int(cursor) + 1 if cursor else 0
    data = [message(number) for number in range(first, first + PAGE)]
    more = first + PAGE < pages * PAGE
    page = {"object": "list", "data": data, "first_id": data[0]["id"], "last_id": data[-1]["id"], "has_more": more}
    return _json(page)


def _content(megabytes: int, _: bytes) -> Answer:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
    return Answer((head % (megabytes * MB), *[bytes(MB)] * megabytes))


# Streams


def frame(name: str, data: object) -> bytes:
    """An event as it is sent."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))


def delta(number: int) -> bytes:
    """One delta of the text."""
    part = {"index": 0, "type": "text", "text": {"value": TEXT.format(number % 10)}}
    return frame(
        "thread.message.delta", {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [part]}}
    )


def frames(deltas: int) -> list[bytes]:
    """The events of a run that says a text of so many deltas, and the closing mark."""
    text = "".join(TEXT.format(number % 10) for number in range(deltas))
    content: list[dict[str, Any]] = [{"type": "text", "text": {"value": text, "annotations": []}}]
    return [
        frame("thread.run.created", {**_STARTED, "status": "queued"}),
        frame("thread.message.created", {**_ANSWER, "status": "in_progress", "content": []}),
        *map(delta, range(deltas)),
        frame("thread.message.completed", {**_ANSWER, "status": "completed", "content": content}),
        frame("thread.run.completed", {**_STARTED, "status": "completed"}),
        b"event: done\ndata: [DONE]\n\n",
    ]


_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(piece: bytes) -> bytes:
    """A piece of a body in chunked coding."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def chunked(pieces: Iterable[bytes]) -> bytes:
    """A whole body in chunked coding, each piece a chunk."""
    return b"".join(map(chunk, pieces)) + chunk(b"")


def cut(body: bytes, size: int) -> Iterable[bytes]:
    """A body in pieces of one size."""
    return (body[start : start + size] for start in range(0, len(body), size))


def _coalesced(deltas: int, _: bytes) -> Answer:
    return Answer((_STREAM + chunked(frames(deltas)),))


def _cut_in(size: int) -> Callable[[int, bytes], Answer]:
    def cut_in(deltas: int, _: bytes) -> Answer:
        return Answer((_STREAM + chunked(cut(b"".join(frames(deltas)), size)),))

    return cut_in


def _segments(deltas: int, _: bytes) -> Answer:
    return Answer((_STREAM, *map(chunk, frames(deltas)), chunk(b"")), pace=PACE)


def _tools(calls: int, line: bytes) -> Answer:
    """A run that calls a tool so many times at once; where the outputs come, its end."""
    if b"submit_tool_outputs" in line:
        return Answer((_STREAM + chunked(frames(10)[1:]),))
    wanted = [
        {"id": f"call_{n}", "type": "function", "function": {"name": "double", "arguments": f'{{"number": {n}}}'}}
        for n in range(calls)
    ]
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": wanted}}
    paused = {**_STARTED, "status": "requires_action", "required_action": action}
    events = [frames(0)[0], frame("thread.run.requires_action", paused), b"event: done\ndata: [DONE]\n\n"]
    return Answer((_STREAM + chunked(events),))


def _unfinished(_: int, __: bytes) -> Answer:
    """The head and the first event of a stream that stays open."""
    return Answer((_STREAM + chunk(frames(0)[0]),))


_KINDS: Mapping[str, Callable[[int, bytes], Answer]] = {
    "run": lambda _, __: _json(_RUN),
    "message": lambda _, __: _json(message(0)),
    "file": lambda _, __: _json(_FILE),
    "pages": _page,
    "slowpages": lambda pages, line: _page(pages, line)._replace(delay=DELAY),
    "content": _content,
    "coalesced": _coalesced,
    "16k": _cut_in(16 * 1024),
    "7b": _cut_in(7),
    "segments": _segments,
    "tools": _tools,
    "unfinished": _unfinished,
}
