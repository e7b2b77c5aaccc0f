"""Runs: made, cancelled and fed with tool outputs here; what they do is the engine's business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from ...models.runs import TERMINAL_STATUSES
from ..engine.answers import answered, waiting_calls
from ..engine.event_feed import EventFrames, serve
from ..engine.responder import Backend
from ..errors import invalid
from ..requests.context import Context, Handler
from ..requests.pages import page
from ..storage.documents import INCLUDED, given
from ..storage.interface import Document, Event, Follower
from . import threads
from .attachments import tool_resources
from .messages import add_messages, check_messages

# Where the run says nothing, the assistant does.
_INHERITED = ("model", "instructions", "tools", "temperature", "top_p", "response_format")
_OWN = (
    "metadata",
    "max_prompt_tokens",
    "max_completion_tokens",
    "truncation_strategy",
    "tool_choice",
    "parallel_tool_calls",
)
_CANCELLABLE = frozenset({"queued", "in_progress", "requires_action"})


async def create(context: Context) -> Document | web.StreamResponse:
    """Serve `createRun`; refused while the thread has an active run."""
    thread_id = context.ids["thread_id"]
    thread = await context.batch.get("thread", thread_id)
    assistant = await context.batch.get("assistant", context.values["assistant_id"])
    active = await context.batch.active(thread_id)
    if active is not None:
        raise invalid(f"Thread {thread_id} already has an active run {active}.")
    _check_model(context, assistant)
    more = context.values.get("additional_messages") or ()
    await check_messages(context, more, thread.get("tool_resources"), "additional_messages")
    await add_messages(context, thread_id, more)
    return await _start(context, assistant, thread_id)


async def create_with_thread(context: Context) -> Document | web.StreamResponse:
    """Serve `createThreadAndRun`."""
    assistant = await context.batch.get("assistant", context.values["assistant_id"])
    _check_model(context, assistant)
    await tool_resources(context, context.values.get("tool_resources"))
    thread = await threads.make(context, context.values.get("thread") or {})
    return await _start(context, assistant, thread["id"], thread)


async def retrieve(context: Context) -> Document:
    """Serve `getRun`."""
    return _shown(context, await find_run(context))


async def modify(context: Context) -> Document:
    """Serve `modifyRun`."""
    run = await find_run(context)
    if "metadata" in context.values:
        run = {**run, "metadata": context.values["metadata"]}
        context.batch.save("run", run, run["thread_id"])
    return _shown(context, run)


async def cancel(context: Context) -> Document:
    """Serve `cancelRun`."""
    run = await find_run(context)
    if run["status"] not in _CANCELLABLE:
        raise invalid(f"Cannot cancel run with status '{run['status']}'.")
    # In two steps, as the vendor does it: clients must cope with `cancelling`.
    changes: Document = {"status": "cancelling", "required_action": None}
    run = {**run, **changes}
    context.batch.save("run", run, run["thread_id"])
    context.batch.emit(run["id"], [Event("thread.run.cancelling", "run", run)])
    return _shown(context, run)


async def submit_tool_outputs(context: Context) -> Document | web.StreamResponse:
    """Serve `submitToolOuputsToRun`: all calls are answered, or decided about, in one request."""
    run, batch = await find_run(context), context.batch
    if run["status"] != "requires_action":
        raise invalid(f'Runs in status "{run["status"]}" do not accept tool outputs.')
    name = "tool_approvals" if "tool_approvals" in context.values else "tool_outputs"
    asks = "tool_approvals" if run["required_action"]["type"] == "submit_tool_approval" else "tool_outputs"
    if name != asks:
        raise invalid(f"Run {run['id']} waits for {asks}, not for {name}.", name)
    given_answers: Sequence[Mapping[str, Any]] = context.values[name]
    step = (await batch.all("step", run["thread_id"], run["id"]))[-1]
    wanted = waiting_calls(step)
    got = [answer["tool_call_id"] for answer in given_answers]
    # In any order, each once: a model gets all outputs of a round together.
    if sorted(wanted) != sorted(got):
        raise invalid(f"Expected {name.replace('_', ' ')} for call_ids {wanted}, got {got}", name)
    member, default = ("output", "") if name == "tool_outputs" else ("approve", False)
    answers = {answer["tool_call_id"]: answer.get(member, default) for answer in given_answers}
    run, step, events = answered(run, step, answers, context.state.now)
    batch.save("run", run, run["thread_id"])
    batch.save("step", step, run["thread_id"])
    batch.emit(run["id"], events)
    return await _answer(context, run, step["id"])


async def index(context: Context) -> Document:
    """Serve `listRuns`."""
    thread = await context.batch.get("thread", context.ids["thread_id"])
    return await page(context, "run", thread["id"])


async def _start(
    context: Context, assistant: Document, thread_id: str, thread: Document | None = None
) -> Document | web.StreamResponse:
    run = await _new(context, assistant, thread_id)
    # A thread that another process deletes meanwhile must not get a run.
    context.batch.guard("thread", thread_id)
    context.batch.put("run", run, thread_id)
    events = [Event(f"thread.run.{name}", "run", run) for name in ("created", "queued")]
    context.batch.emit(run["id"], events if thread is None else [Event("thread.created", "thread", thread), *events])
    return await _answer(context, run)


def _check_model(context: Context, assistant: Document) -> None:
    """Refuse a model that no backend has: when it runs, since assistants have to load as they were."""
    responder = context.state.settings.responder
    model = context.values.get("model") or assistant["model"]
    if isinstance(responder, Backend) and not responder.accepts(model):
        raise invalid(f"The model {model!r} does not exist on this server.", "model", "model_not_found")


async def _new(context: Context, assistant: Document, thread_id: str) -> Document:
    values, state = context.values, context.state
    inherited = {name: assistant.get(name) if values.get(name) is None else values[name] for name in _INHERITED}
    more = values.get("additional_instructions")
    # At the end, as the documents have it.
    inherited["instructions"] = "\n".join(text for text in (inherited["instructions"], more) if text)
    # Never null: openai's clients iterate over it.
    inherited["tools"] = inherited["tools"] or []
    return {
        "id": state.names.make("run"),
        "created_at": state.now,
        "thread_id": thread_id,
        "assistant_id": assistant["id"],
        "status": "queued",
        "expires_at": state.now + int(state.settings.run_expiry),
        "started_at": None,
        "file_ids": assistant.get("file_ids"),
        **inherited,
        **given(values, _OWN),
        **await _resources(context),
    }


async def _resources(context: Context) -> Document:
    """The `tool_resources` of a run, which Foundry's runs alone have."""
    given = context.values.get("tool_resources")
    if context.state.settings.dialect != "foundry" or given is None:
        return {}
    return {"tool_resources": await tool_resources(context, given)}


async def _answer(context: Context, run: Document, step_id: str | None = None) -> Document | web.StreamResponse:
    """Answer with the run, or commit the request and answer with the run's events from here on."""
    if not context.stream:
        return _shown(context, run)
    context.keep({"run": run["id"], "thread": run["thread_id"], "step": step_id})
    # Before a byte goes out: no client may see what a conflict takes back.
    changes = await context.batch.commit()
    if context.key is not None:
        # Who repeats the request follows the run too, and does not wait for the end of this stream.
        context.state.answers.leave(context.key)
    return await follow(context, run["id"], changes.positions[run["id"]])


async def follow(context: Context, run_id: str, after: int) -> web.StreamResponse:
    """Answer with the events of a run from behind a position on."""
    return await serve_events(context, context.state.store.follow(run_id, after))


async def serve_events(context: Context, follower: Follower) -> web.StreamResponse:
    """Answer with the events of a follower."""
    frames = EventFrames(context.protocol, content=INCLUDED in context.values.get("include", ()))
    settings = context.state.settings
    return await serve(context.http, follower, frames, chunk=settings.chunk, keepalive=settings.keepalive)


def _shown(context: Context, run: Document) -> Document:
    if run["status"] not in TERMINAL_STATUSES:
        pace = context.state.settings.pace
        # At least 1: openai-python sleeps for as long as this says, and would not sleep at all.
        context.headers["openai-poll-after-ms"] = str(max(1, round(1000 * pace)))
    return context.render("run", run)


async def find_run(context: Context) -> Document:
    """Return the run that the path names; raises the 404 of the thread or the run."""
    thread = await context.batch.get("thread", context.ids["thread_id"])
    return await context.batch.get("run", context.ids["run_id"], thread["id"])


HANDLERS: Mapping[str, Handler] = {
    "listRuns": index,
    "createRun": create,
    "createThreadAndRun": create_with_thread,
    "getRun": retrieve,
    "modifyRun": modify,
    "cancelRun": cancel,
    "submitToolOuputsToRun": submit_tool_outputs,
}
"""By operationId."""
