"""Arguments of a wrong kind: each is refused where it is given, by name, before anything is sent."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest

from assistants_async import AssistantsClient, Source, open_pipe
from tests.support.http_server import Wire

Use = Callable[[Any], Any]


async def _waits(*_: object) -> None:
    """An async callback, where a plain one is wanted."""


def _send(**keywords: Any) -> Use:
    return lambda client: client.uploads.send(b"x", purpose="p", **{"filename": "a.txt", **keywords})


def _ingest(**keywords: Any) -> Use:
    return lambda client: client.vector_stores.ingest("vs", [Source("a.txt", b"x")], **keywords)


def _poll(**keywords: Any) -> Use:
    return lambda client: client.vector_stores.files.create("vs", file_id="f").poll(**keywords)


def _poll_batch(**keywords: Any) -> Use:
    return lambda client: client.vector_stores.file_batches.create("vs", file_ids=["f"]).poll(**keywords)


def _drive(**keywords: Any) -> Use:
    return lambda client: client.runs.create("t", assistant_id="a").drive(**keywords)


COUNT = "must be a whole number from 0, not"
CASES: dict[str, tuple[Use, str]] = {
    "take text": (lambda client: client.threads.list().take("2"), rf"take\(\): count {COUNT} '2'"),
    "take less than none": (lambda client: client.threads.list().take(-1), rf"take\(\): count {COUNT} -1"),
    "take a fraction": (lambda client: client.threads.list().take(1.5), rf"take\(\): count {COUNT} 1.5"),
    "collect text": (lambda client: client.threads.list().collect("2"), rf"take\(\): count {COUNT} '2'"),
    "filter": (
        lambda client: client.threads.list().filter(5),
        r"filter\(\) must be given a function .*, not 5",
    ),
    "map": (lambda client: client.threads.list().map("x"), r"map\(\) must be given a function of one item, not 'x'"),
    "into nothing": (lambda client: client.threads.list().into(None), r"sending end of open_pipe\(\) .*, not NoneType"),
    "into a queue": (lambda client: client.threads.list().into(asyncio.Queue()), r"into\(\) must be .*, not Queue"),
    "as text": (lambda client: client.threads.retrieve("t").as_type("Thread"), r"as_type\(\) must be .* not 'Thread'"),
    "as a number": (lambda client: client.threads.list().as_type(5), r"as_type\(\) must be given a type .*, not 5"),
    "operation": (lambda client: client.operation(5), r"operation\(\) must be given an operationId, not 5"),
    "ids": (lambda client: client.operation("getThread", run_id="r"), "takes these ids: thread_id; given: run_id"),
    "body": (lambda client: client.operation("createThread", body=5), "createThread: body must be a mapping, not int"),
    "query": (lambda client: client.operation("listThreads", query=[1]), "query must be a mapping, not list"),
    "folder": (lambda client: client.files.content("f").save(None), r"save\(\): folder must be a Path, not NoneType"),
    "send: name": (_send(filename=5), r"uploads\.send\(\): filename must be str, not int"),
    "send: no name": (_send(filename=None), "bytes have no name, .*: pass filename="),
    "send: progress": (_send(on_progress=5), r"on_progress must be a function of \(sent, total\), not 5"),
    "send: async progress": (_send(on_progress=_waits), "on_progress must be .*, which is not async"),
    "send: state": (_send(on_state=lambda: None), r"on_state must be a function of \(state\): too many"),
    "send: resume": (_send(resume={}), "resume must be an UploadState, not dict"),
    "poll: deadline": (_poll(deadline="soon"), r"deadline must be a positive number of seconds, not 'soon'"),
    "poll: time-out": (_poll(timeout=3), r"poll\(\) got an unexpected keyword argument 'timeout': pass deadline="),
    "batch: interval": (_poll_batch(interval=-1), r"interval must be a positive number of seconds, not -1"),
    "batch: unknown": (_poll_batch(nope=1), r"poll\(\) got an unexpected keyword argument 'nope'"),
    "drive: type": (_drive(output_type=3), "an answer cannot have the type 3: Type '3' is not supported"),
    "ingest: progress": (_ingest(on_progress=5), r"on_progress must be a function of \(file\), not 5"),
    "ingest: resume": (_ingest(resume={}), "resume must be an IngestReport, not dict"),
    "ingest: orphans": (_ingest(remove_orphans="no"), "remove_orphans must be True or False, not 'no'"),
}


@pytest.mark.parametrize(("use", "words"), CASES.values(), ids=CASES.keys())
async def test_senseless_arguments_are_refused_by_name(
    wire: Wire, client: AssistantsClient, use: Use, words: str
) -> None:
    """At once, not in the middle of the work."""
    with pytest.raises((TypeError, ValueError), match=words):
        await use(client)
    assert wire.connections == 0


@pytest.mark.parametrize("capacity", [-1, "2", 1.5, None, True], ids=repr)
def test_a_pipe_needs_a_capacity(capacity: Any) -> None:
    """A whole number from 0, or infinity."""
    with pytest.raises(ValueError, match=r"open_pipe\(\): capacity must be a whole number from 0, not "):
        open_pipe(capacity)
    for end in open_pipe(math.inf):
        end.close()


async def test_callbacks_of_every_form_that_can_be_called_are_taken(
    wire: Wire,
    client: AssistantsClient,
) -> None:
    """Builtins, methods and functions with defaults: what can be called with the arguments is right."""

    class Bar:
        def update(self, done: int, total: int | None = None) -> None:
            """Show how far it has come."""

    for callback in (print, Bar().update, lambda *_: None, max):
        client.files.create(file=b"x", filename="a.txt", purpose="p", on_progress=callback).close()  # type: ignore[arg-type]  # the builtins
    assert wire.connections == 0
