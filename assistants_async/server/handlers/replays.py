"""Answers given again: to a request that repeats the `Idempotency-Key` of an earlier one."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from ..errors import missing
from ..requests.context import Context
from ..storage.interface import Document, Event
from .runs import follow, serve_events


class PastEvents:
    """A reader of events that are all there."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events: Sequence[Event] | None = events

    async def read(self, timeout: float) -> Sequence[Event] | None:  # noqa: ARG002  it never waits
        """Return all events once, and then None."""
        events, self._events = self._events, None
        return events

    def close(self) -> None:
        """Do nothing: there is nothing to leave."""


async def replay(context: Context, kept: Document) -> web.StreamResponse:
    """Answer with the same bytes, or with the events of the same run from the same one on."""
    if "answer" in kept:
        return json_answer(kept["answer"].encode(), kept["headers"])
    events = await context.state.store.events(kept["run"], 0)
    if events:
        return await follow(context, kept["run"], _start(events, kept["step"]))
    # A run in memory has no events once it has ended, others lose them after a while.
    return await serve_events(context, PastEvents(await _summary(context, kept["thread"], kept["run"])))


def json_answer(body: bytes, headers: dict[str, str]) -> web.Response:
    """Make the 200 of a JSON document."""
    return web.Response(body=body, content_type="application/json", headers=headers or None)


def _start(events: Sequence[Event], step_id: str | None) -> int:
    """Return the position before the end of the step that the request answered; the first where it answered none."""
    for position, event in enumerate(events):
        if event.name == "thread.run.step.completed" and event.document["id"] == step_id:
            return position
    return 0


async def _summary(context: Context, thread_id: str, run_id: str) -> Sequence[Event]:
    """Make the events of a run that is over: each of its messages and steps as it is now, and its end."""
    batch = context.batch
    run = await batch.find("run", run_id, thread_id)
    if run is None:
        raise missing("run", run_id)
    events: list[Event] = []
    for step in await batch.all("step", thread_id, run_id):
        details = step["step_details"]
        if details["type"] == "message_creation":
            message = await batch.find("message", details["message_creation"]["message_id"], thread_id)
            if message is not None:
                events.append(Event(f"thread.message.{message['status']}", "message", message))
        events.append(Event(f"thread.run.step.{step['status']}", "step", step))
    return [*events, Event(f"thread.run.{run['status']}", "run", run)]
