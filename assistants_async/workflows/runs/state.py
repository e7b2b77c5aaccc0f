"""The state of a run that is taken to its end: written by the loop alone, read by all that works beside it."""

from __future__ import annotations

import msgspec

from ...core.runs.snapshot import Snapshot
from ...core.runs.status import Called
from ...errors import RunError
from ...models.runs import Run, Usage
from ...response import HTTPResponse


class RunState(msgspec.Struct, eq=False):
    """All that is known of a run; where `rerun` makes several, of the last one."""

    thread_id: str = ""
    """Its thread, which not every server names in the run; empty until it is known."""
    run: Run | None = None
    """The run as it was last seen; None before it is made."""
    http: HTTPResponse | None = None
    """Head of the last answer that showed the run."""
    snapshot: Snapshot = msgspec.field(default_factory=Snapshot)
    """Its messages and steps; empty unless its tool calls are answered here."""
    usages: tuple[Usage, ...] = ()
    """Tokens of each run that has ended, where the server said so."""
    outputs: dict[Called, str] = msgspec.field(default_factory=dict)
    """Outputs of its tool calls, submitted or ready to be."""
    approvals: dict[Called, bool] = msgspec.field(default_factory=dict)
    """Decisions about its calls of MCP servers, submitted or ready to be."""
    rounds: int = 0
    """Rounds of tool calls that were answered or decided, over all runs."""
    end: RunError | None = None
    """The error of its bad end, which says more than a deadline that passes while its steps are looked up."""
