"""Runs whose worker did not come back: which are asked again, and which have failed. Pure rules."""

from __future__ import annotations

from collections.abc import Sequence

from ..storage.interface import Claim, Document

# A third loss in the same round may be the run's own doing.
_MOST_LOSSES = 2


def failure_of(claim: Claim, steps: Sequence[Document]) -> Document | None:
    """Return the `last_error` of a lost run that must not go on; None for one that is simply asked again.

    A model is asked again where the client was told nothing of its answer: there is never a second answer behind half
    of one.
    """
    if not claim.lost:
        return None
    if _was_told(steps) or claim.losses > _MOST_LOSSES:
        return {"code": "server_error", "message": "The server was restarted while it answered."}
    return None


def _was_told(steps: Sequence[Document]) -> bool:
    """Tell whether the client has seen anything of the round that was lost: an open step, or a message behind calls."""
    told = False
    for step in steps:
        if step["status"] == "in_progress" or step["type"] == "message_creation":
            told = True
        elif any(call["type"] != "file_search" for call in step["step_details"]["tool_calls"]):
            told = False  # the client answered these: what came before them was whole
    return told
