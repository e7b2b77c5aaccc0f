"""A run as a stream: its events in the vendor's order, and the objects that polling finds afterwards."""

from __future__ import annotations

from typing import Any

from assistants_async.models.events import EVENTS
from tests.support.byte_server import dumps, frame

DONE = b"event: done\ndata: [DONE]\n\n"
TEXT = ("Hel", "lo ", "wörld", " 😀", "!")


def run(status: str, **members: Any) -> dict[str, Any]:
    """The run in one of its states."""
    return {
        "id": "run_1",
        "object": "thread.run",
        "thread_id": "thread_1",
        "status": status,
        "created_at": 5,
        **members,
    }


def message(status: str, text: str | None = None, id: str = "msg_1") -> dict[str, Any]:
    """A message of the run, without content where no text is given."""
    content = [] if text is None else [{"type": "text", "text": {"value": text, "annotations": []}}]
    return {
        "id": id,
        "object": "thread.message",
        "created_at": 6,
        "thread_id": "thread_1",
        "run_id": "run_1",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def step(status: str, id: str = "step_1", **details: Any) -> dict[str, Any]:
    """A step of the run."""
    creation = {"type": "message_creation", "message_creation": {"message_id": "msg_1"}}
    return {
        "id": id,
        "object": "thread.run.step",
        "created_at": 6,
        "thread_id": "thread_1",
        "run_id": "run_1",
        "type": "message_creation",
        "status": status,
        "step_details": details or creation,
    }


def delta(text: str, id: str = "msg_1", index: int = 0) -> dict[str, Any]:
    """More of a message's text."""
    part = {"index": index, "type": "text", "text": {"value": text}}
    return {"id": id, "object": "thread.message.delta", "delta": {"content": [part]}}


def calls(*parts: dict[str, Any], id: str = "step_1") -> dict[str, Any]:
    """More of a step's tool calls."""
    return {
        "id": id,
        "object": "thread.run.step.delta",
        "delta": {"step_details": {"type": "tool_calls", "tool_calls": list(parts)}},
    }


ERROR = {"message": "The server had an error.", "type": "server_error", "code": "boom", "param": "model"}


def run_frames(*texts: str, end: str = "completed") -> list[bytes]:
    """The frames of a run that writes one message, without `done`."""
    whole = "".join(texts)
    last = "completed" if end == "completed" else "incomplete"
    return [
        frame("thread.run.created", run("queued")),
        frame("thread.run.queued", run("queued")),
        frame("thread.run.in_progress", run("in_progress")),
        frame("thread.run.step.created", step("in_progress")),
        frame("thread.run.step.in_progress", step("in_progress")),
        frame("thread.message.created", message("in_progress")),
        frame("thread.message.in_progress", message("in_progress")),
        *(frame("thread.message.delta", delta(text)) for text in texts),
        frame(f"thread.message.{last}", message(last, whole)),
        frame("thread.run.step.completed", step("completed")),
        frame(f"thread.run.{end}", run(end, usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})),
    ]


def names(frames: list[bytes]) -> list[str]:
    """The names of frames."""
    return [frame.split(b"\n")[0].removeprefix(b"event: ").decode() for frame in frames]


def payload(name: str) -> Any:
    """Something that an event of this name can carry."""
    last = name.rpartition(".")[2]
    kind = EVENTS[name].__name__
    return {
        "ThreadEvent": {"id": "thread_1", "object": "thread", "created_at": 1},
        "RunEvent": run("queued" if last == "created" else last),
        "RunStepEvent": step("in_progress" if last == "created" else last),
        "RunStepDeltaEvent": calls({"index": 0, "id": "call_1", "type": "function", "function": {"arguments": "{"}}),
        "MessageEvent": message("in_progress" if last == "created" else last),
        "MessageDeltaEvent": delta("x"),
    }[kind]


def page(*items: dict[str, Any]) -> bytes:
    """One page that is the last."""
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": None, "last_id": None}
    return dumps({"object": "list", "data": list(items), **ends, "has_more": False})
