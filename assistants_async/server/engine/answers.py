"""The client's answer to a run that waits for it: outputs of its calls, or decisions about them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..storage.interface import Document, Event
from .step_draft import StepDraft


class Answered(NamedTuple):
    """A run that goes on."""

    run: Document
    step: Document
    events: Sequence[Event]


def waiting_calls(step: Document) -> list[str]:
    """Ids of the calls of a step that wait for an output or a decision."""
    draft = StepDraft(step)
    return [call["id"] for call in draft.asked or draft.waiting]


def answered(run: Document, step: Document, answers: Mapping[str, Any], now: int) -> Answered:
    """Complete the open step of a run with an answer for each of its calls, by id, and queue the run."""
    draft = StepDraft(step)
    draft.answer(answers)
    ended = {"status": "completed", "completed_at": now, "last_error": None, "usage": step["counted"]}
    step = {**draft.document, **ended}
    run = {**run, "required_action": None, "status": "queued"}
    events = [Event("thread.run.step.completed", "step", step), Event("thread.run.queued", "run", run)]
    return Answered(run, step, events)
