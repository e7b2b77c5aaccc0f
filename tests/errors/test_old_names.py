"""Names of openai-python on the native client: each is refused with the name to use, and none is there."""

from __future__ import annotations

import inspect
import pydoc
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from assistants_async import AssistantsClient, Message, RunChannel
from assistants_async.errors.old_names import MISSING, NAMES, OldName
from assistants_async.models import Page
from tests.support.http_server import Wire

Things = dict[str, Any]


@pytest.fixture
def things(client: AssistantsClient) -> Iterator[Things]:
    """Make an object of each class that refuses names."""

    async def chunks() -> Any:
        yield b""

    made: Things = {
        "AssistantsClient": client,
        "Resource": client.steps,
        "Assistants": client.assistants,
        "Threads": client.threads,
        "Messages": client.messages,
        "Runs": client.runs,
        "Files": client.files,
        "VectorStores": client.vector_stores,
        "VectorStoreFiles": client.vector_stores.files,
        "FileBatches": client.vector_stores.file_batches,
        "Uploads": client.uploads,
        "PagedCall": client.files.list(),
        "Download": client.files.content("file_1"),
        "EventChannel": RunChannel.from_sse(chunks()),
        "Model": Message(id="msg_1"),
        "AnyPage": Page[Message](),
    }
    yield made
    for name in ("PagedCall", "Download", "EventChannel"):  # which warn where they are not used
        made[name].close()


def test_an_old_name_says_the_new_one(things: Things) -> None:
    """It is an `AttributeError`, `hasattr` stays False, and `dir` lists it nowhere."""
    assert things.keys() == NAMES.keys()
    for kind, names in NAMES.items():
        thing = things[kind]
        assert names.keys().isdisjoint(dir(thing))
        for name, words in names.items():
            assert not hasattr(thing, name)
            with pytest.raises(AttributeError) as caught:
                getattr(thing, name)
            said = f"{type(thing).__name__!r} object has no attribute {name!r} of openai-python; here: {words}"
            assert str(caught.value) == said


def test_existing_names_are_listed(things: Things) -> None:
    """Refused names are left out of `dir`, and nothing else is."""
    for thing in things.values():
        refused = {name for kind in type(thing).__mro__ for name in vars(kind) if isinstance(vars(kind)[name], OldName)}
        assert set(dir(thing)) == set(object.__dir__(thing)) - refused
    with pytest.raises(AttributeError, match="'Runs' object has no attribute 'creat'"):
        _ = things["Runs"].creat


CALLS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "an id by name": (
        lambda c: c.runs.create(thread_id="t", assistant_id="a"),
        "runs.create() is missing thread_id: ids go by position, runs.create(thread_id, …)",
    ),
    "all ids by name": (
        lambda c: c.runs.retrieve(thread_id="t", run_id="r"),
        "runs.retrieve() is missing thread_id: ids go by position, runs.retrieve(thread_id, run_id)",
    ),
    "the second id by name": (
        lambda c: c.messages.modify("m", thread_id="t", metadata={}),
        "messages.modify() is missing message_id: ids go by position, messages.modify(thread_id, message_id, …)",
    ),
    "an id by name beside": (
        lambda c: c.files.retrieve("f", file_id="f"),
        "files.retrieve() got an unexpected keyword argument 'file_id': ids go by position, parents first",
    ),
    "no id": (
        lambda c: c.vector_stores.search(query="q"),
        "is missing vector_store_id: ids go by position, vector_stores.search(vector_store_id, …)",
    ),
    "extra_headers": (
        lambda c: c.threads.create(extra_headers={}),
        "'extra_headers': give it to the call, call.with_options(headers=…), or to a view of the client",
    ),
    "extra_query": (lambda c: c.threads.retrieve("t", extra_query={}), "call.with_options(query=…)"),
    "extra_body": (lambda c: c.threads.create(extra_body={}), "client.with_options(extra_body=…)"),
    "timeout": (lambda c: c.runs.create("t", assistant_id="a", timeout=3), "call.with_options(timeout=…)"),
    "stream": (lambda c: c.runs.create("t", assistant_id="a", stream=True), "use runs.create(…).stream()"),
    "event_handler": (
        lambda c: c.runs.create("t", assistant_id="a", event_handler=1),
        "enter .stream(), and await channel.handle(handler)",
    ),
    "max_retries": (
        lambda c: c.with_options(max_retries=5),
        "with_options() got an unexpected keyword argument 'max_retries': it is retry=",
    ),
    "max_retries of a client": (lambda c: AssistantsClient(max_retries=5), "'max_retries': it is retry="),  # type: ignore[call-arg]
    "default_headers": (lambda c: AssistantsClient(default_headers={}), "'default_headers': it is headers="),  # type: ignore[call-arg]
    "http_client": (lambda c: AssistantsClient(http_client=1), "it is session=, an aiohttp.ClientSession"),  # type: ignore[call-arg]
    "poll_interval_ms": (
        lambda c: c.runs.wait("t", "r", poll_interval_ms=5),
        "wait() got an unexpected keyword argument 'poll_interval_ms': it is .poll(interval=…), in seconds",
    ),
    "timeout of a wait": (lambda c: c.runs.wait("t", "r", timeout=5), "'timeout': pass deadline="),
    "below, another's name": (
        lambda c: c.threads.create(messages=[{"role": "user", "content": "x", "run_id": "r"}]),
        "'messages[0].run_id'",
    ),
}


@pytest.mark.parametrize(("call", "words"), CALLS.values(), ids=CALLS)
def test_an_old_keyword_says_the_new_one(client: AssistantsClient, wire: Wire, call: Any, words: str) -> None:
    """It is a `TypeError`, and nothing is sent."""
    with pytest.raises(TypeError) as caught:
        call(client)
    assert words in str(caught.value)
    assert not wire.seen


def test_help_shows_the_way_out(client: AssistantsClient) -> None:
    """A class lists its descriptors, so each says what to write."""
    shown = pydoc.plain(pydoc.render_doc(client.runs))
    assert re.search(r"create_and_poll\n.*The name in openai-python; here: create\(thread, …\)\.poll\(\)\.", shown)


def test_ids_show_as_required(client: AssistantsClient) -> None:
    """The value by which a missing one is found is seen nowhere."""
    signature = inspect.signature(client.runs.retrieve)
    assert [each.default for each in signature.parameters.values()] == [inspect.Parameter.empty] * 2
    assert repr(MISSING) == "MISSING"
