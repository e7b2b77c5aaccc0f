"""The documents that a run makes, and what its end means for them."""

from __future__ import annotations

from ..storage.interface import Document
from .actions import Used

# Reasons of an incomplete message, by the end of its run.
_MESSAGE_REASONS = {
    "cancelled": "run_cancelled",
    "expired": "run_expired",
    "failed": "run_failed",
    "incomplete": "max_tokens",
}
# An expired run has no time stamp for it.
_STAMPS = {
    "completed": "completed_at",
    "incomplete": "completed_at",
    "failed": "failed_at",
    "cancelled": "cancelled_at",
}


def new_message(run: Document, id: str, now: int) -> Document:
    """Return a message that a run begins to write."""
    return {
        "id": id,
        "created_at": now,
        "thread_id": run["thread_id"],
        "status": "in_progress",
        "role": "assistant",
        "content": [],
        "assistant_id": run["assistant_id"],
        "run_id": run["id"],
        "tokens": 0,
    }


def new_step(run: Document, id: str, now: int, details: Document) -> Document:
    """Return a step that a run begins."""
    return {
        "id": id,
        "created_at": now,
        "assistant_id": run["assistant_id"],
        "thread_id": run["thread_id"],
        "run_id": run["id"],
        "type": details["type"],
        "status": "in_progress",
        "step_details": details,
        "usage": None,
    }


def message_reason(status: str, details: Document | None) -> str:
    """Return why a message is incomplete whose run has ended so."""
    filtered = details is not None and details["reason"] == "content_filter"
    return "content_filter" if filtered else _MESSAGE_REASONS[status]


def step_status(status: str) -> str:
    """Return the status of a step that was open when its run ended so; there is no step status `incomplete`."""
    return "completed" if status == "incomplete" else status


def stamps(status: str, now: int) -> Document:
    """Return the time stamp of a run's end."""
    name = _STAMPS.get(status)
    return {} if name is None else {name: now}


def usage_of(used: Used) -> Document:
    """Return tokens as an object shows them."""
    total = used.prompt + used.completion
    return {"prompt_tokens": used.prompt, "completion_tokens": used.completion, "total_tokens": total}
