"""`stream(events=False)`: the channel form of the run operations on servers that know no events of runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assistants_async import AssistantsClient, Run, UnprocessableError, open_pipe
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.errors import ItemDecodeError, StreamTruncatedError
from assistants_async.workflows.runs.call import RunCall
from tests.support.byte_server import dumps, whole
from tests.support.http_server import KEY, Peer, Seen, Wire, answer, failure
from tests.support.run_events import run

CALLS: dict[str, Callable[[AssistantsClient], RunCall]] = {
    "runs.create": lambda client: client.runs.create("thread_1", assistant_id="asst_1"),
    "threads.create_and_run": lambda client: client.threads.create_and_run(assistant_id="asst_1"),
    "runs.submit_tool_outputs": lambda client: client.runs.submit_tool_outputs("thread_1", "run_1", tool_outputs=[]),
}


async def first_document(seen: Seen, peer: Peer) -> None:
    """Answer as a server of the first document does: an extra member is unprocessable."""
    if "stream" in seen.json:
        await peer.send(answer({"detail": [{"loc": ["body", "stream"], "msg": "extra fields not permitted"}]}, 422))
    else:
        await peer.send(answer(run("queued")))


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("name", CALLS)
async def test_the_run_is_the_channels_item(wire: Wire, name: str, protocol: ProtocolVersion) -> None:
    """The plain body is sent, and one run comes: the document's `Channel{RunObject}`."""
    wire.answer(first_document)
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, protocol=protocol) as client:
        async with CALLS[name](client).stream(events=False) as channel:
            assert channel.http.status == 200
            runs = [item async for item in channel]
            assert channel.outcome == "completed"
        assert [(type(item), item.id, item.status) for item in runs] == [(Run, "run_1", "queued")]
        assert "stream" not in wire.last.json
        with pytest.raises(UnprocessableError, match="extra fields"):
            async with CALLS[name](client).stream():
                pass


@pytest.mark.parametrize("name", CALLS)
async def test_the_run_is_pushed_into_a_channel(wire: Wire, client: AssistantsClient, name: str) -> None:
    """`into` has the same form, and the events one beside it."""
    wire.answer(first_document)
    send, receive = open_pipe(2)
    http = await CALLS[name](client).into(send, events=False)
    assert http is not None
    assert [item.status async for item in receive] == ["queued"]


async def test_options_of_events_are_refused(client: AssistantsClient) -> None:
    """Before anything is sent."""
    for options in ({"recover": True}, {"raise_on": ()}):
        wrong: Any = options
        call = CALLS["runs.create"](client)
        with pytest.raises(TypeError, match=r"runs\.create\(\)\.stream\(\): recover and raise_on are for events"):
            call.stream(events=False, **wrong)
        call.close()
    call, odd = CALLS["runs.create"](client), "no"
    with pytest.raises(TypeError, match="events must be True or False, not 'no'"):
        call.stream(events=odd)  # type: ignore[call-overload]  # the point
    call.close()


async def test_errors_of_the_plain_form(wire: Wire, client: AssistantsClient) -> None:
    """A status raises where it is entered, and a body that is no run where it is read."""
    wire.answer(failure(422), whole(b"<html></html>"), whole(dumps(run("queued"))[:-5]))
    with pytest.raises(UnprocessableError):
        async with CALLS["runs.create"](client).stream(events=False):
            pass
    for kind in (ItemDecodeError, StreamTruncatedError):
        async with CALLS["runs.create"](client).stream(events=False) as channel:
            with pytest.raises(kind):
                await anext(channel)
