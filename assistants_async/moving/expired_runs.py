"""Active runs of an account, ended: nobody is left to go on with them. Pure rules."""

from __future__ import annotations

from collections.abc import Sequence

from ..server.engine.actions import Used
from ..server.engine.run_documents import message_reason, usage_of
from ..server.storage.interface import Document
from ..server.storage.kinds import ACTIVE

# Seconds after which the vendor ended a run, where the run does not say.
_EXPIRY = 600
_STATUS = "expired"


def is_active(run: Document) -> bool:
    """Return True for a run that had not ended when it was exported."""
    return run["status"] in ACTIVE


def expiry_of(run: Document) -> int:
    """Return the time of the end: always the same, so that a second import finds the same run."""
    moment: int = run["expires_at"] or run["created_at"] + _EXPIRY
    return moment


def expired_run(run: Document, steps: Sequence[Document]) -> Document:
    """Return an active run as an expired one: it waits for nothing, and has the tokens of its steps."""
    used = [step["usage"] for step in steps if step["usage"] is not None]
    total = Used(sum(one["prompt_tokens"] for one in used), sum(one["completion_tokens"] for one in used))
    usage = run.get("usage") or usage_of(total)
    return {**run, "status": _STATUS, "required_action": None, "expires_at": None, "usage": usage}


def expired_step(step: Document, moment: int) -> Document:
    """Return a step of such a run: an open one ends with it."""
    if step["status"] != "in_progress":
        return step
    return {**step, "status": _STATUS, "expired_at": moment, "usage": step["usage"] or usage_of(Used(0, 0))}


def expired_message(message: Document, moment: int) -> Document:
    """Return a message of such a run: one that was being written is incomplete."""
    if message.get("status") != "in_progress":
        return message
    details = {"reason": message_reason(_STATUS, None)}
    return {**message, "status": "incomplete", "incomplete_at": moment, "incomplete_details": details}
