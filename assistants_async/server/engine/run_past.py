"""The past of a run: everything that follows from the steps that it has taken."""

from __future__ import annotations

from collections.abc import Sequence

from ..storage.interface import Document
from .actions import Used
from .step_draft import approvals_of, calls_of, found_in, outputs_of
from .turn import FoundText


class RunPast:
    """The steps of a run that have ended, added up."""

    def __init__(self, steps: Sequence[Document]) -> None:
        self.outputs = [output for step in steps for output in outputs_of(step)]
        """Calls that the client has answered."""
        self.approvals = [one for step in steps for one in approvals_of(step)]
        """Calls about which the client has decided."""
        self.found: list[FoundText] = [one for step in steps for one in found_in(step)]
        """Results of all searches."""
        self.used = Used(0, 0)
        """Tokens of the steps."""
        self.rounds = 0
        """Steps of tool calls."""
        self.call_ids: frozenset[str] = frozenset()
        """Ids of all calls."""
        for step in steps:
            if step["status"] != "in_progress":
                self.add(step)

    def add(self, step: Document) -> None:
        """Add a step that has ended."""
        usage: Document | None = step["usage"]
        if usage is not None:
            used = self.used
            self.used = Used(used.prompt + usage["prompt_tokens"], used.completion + usage["completion_tokens"])
        if step["type"] == "tool_calls":
            self.rounds += 1
            self.call_ids |= {call["id"] for call in calls_of(step)}
