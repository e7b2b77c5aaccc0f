"""The order of a thread's messages and steps together, in which a model reads them. Pure rules.

Lists have the order of each by itself, and times are whole seconds: the steps name the messages that they made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..server.storage.interface import Document


def in_order(
    messages: Iterable[Document], runs: Iterable[Document], steps: Mapping[str, Sequence[Document]]
) -> Iterator[Document]:
    """Yield messages and steps; `steps` are those of each run, and all lists are oldest first."""
    waiting = deque(runs)
    left = {run["id"]: deque(steps.get(run["id"], ())) for run in waiting}
    begun: set[str] = set()
    for message in messages:
        run_id: str | None = message.get("run_id")
        # A thread takes no message while a run is active, so the steps of a run are not parted by other messages.
        while waiting and waiting[0]["id"] != run_id:
            first = waiting[0]
            # A run that wrote nothing has its time alone; in the same second, the message is what it was started with.
            if not (first["id"] in begun or run_id in left or first["created_at"] < message["created_at"]):
                break
            yield from left.pop(waiting.popleft()["id"])
        if run_id is not None and run_id in left:
            begun.add(run_id)
            yield from _steps_up_to(left[run_id], message["id"])
        yield message
    for run in waiting:
        yield from left.pop(run["id"])


def _steps_up_to(steps: deque[Document], message_id: str) -> Iterator[Document]:
    """Take the steps up to the one that made a message; none where no step says that it did."""
    made = (place for place, step in enumerate(steps, 1) if _made_by(step) == message_id)
    for _ in range(next(made, 0)):
        yield steps.popleft()


def _made_by(step: Document) -> str | None:
    creation: Document = step["step_details"].get("message_creation") or {}
    name: str | None = creation.get("message_id")
    return name
