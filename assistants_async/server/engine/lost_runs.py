"""Runs whose worker did not come back: which are asked again, and which have failed. Pure rules."""

from __future__ import annotations

from collections.abc import Sequence

from ..storage.interface import Claim, Document

REFUSED: Document = {"code": "server_error", "message": "The server could not store the answer."}
"""The `last_error` of a run whose answer the store refuses."""

# A third loss in the same round may be the run's own doing.
_MOST_LOSSES = 2


def failure_of(claim: Claim, steps: Sequence[Document]) -> Document | None:
    """Return the `last_error` of a lost run that must not go on; None for one that is simply asked again.

    A model is asked again where the client has seen nothing of its answer: there is never a second answer behind half
    of one.
    """
    if not claim.lost:
        return None
    if _was_seen(steps) or claim.losses > _MOST_LOSSES:
        return {"code": "server_error", "message": "The server was restarted while it answered."}
    return None


def _was_seen(steps: Sequence[Document]) -> bool:
    """Return True where the client has seen a part of the lost round: an open step, or a message behind calls."""
    seen = False
    for step in steps:
        if step["status"] == "in_progress" or step["type"] == "message_creation":
            seen = True
        elif any(call["type"] != "file_search" for call in step["step_details"]["tool_calls"]):
            seen = False  # the client answered these: what came before them was whole
    return seen
