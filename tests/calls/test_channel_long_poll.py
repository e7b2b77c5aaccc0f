"""Errors of a silent server and of a closed client, among other errors at any depth."""

from __future__ import annotations

import asyncio

import pytest

from assistants_async import (
    AssistantsClient,
    ClientClosedError,
    ConnectionLostError,
    TimedOutError,
    Timeout,
    is_interrupted,
    is_long_poll_timeout,
)
from tests.support.byte_server import STALL, Body
from tests.support.http_server import Wire
from tests.support.run_events import run_frames
from tests.support.steady_loop import MS

STOPPED = TimedOutError("idle", 1, status=200)
CLOSED = ClientClosedError("closed")


def caused(error: BaseException) -> RuntimeError:
    outer = RuntimeError("outer")
    outer.__cause__ = error
    return outer


def handled(error: BaseException) -> RuntimeError:
    outer = RuntimeError("outer")
    outer.__context__ = error
    return outer


@pytest.mark.parametrize("wrap", [lambda e: e, caused, handled, lambda e: ExceptionGroup("g", [KeyError(), caused(e)])])
def test_t34_t36_they_are_found_through_causes_and_groups(wrap: object) -> None:
    """In the error itself, in its cause or context, in any member of a group."""
    assert callable(wrap)
    assert is_long_poll_timeout(wrap(STOPPED))
    assert not is_interrupted(wrap(STOPPED))
    assert is_interrupted(wrap(CLOSED))
    assert not is_long_poll_timeout(wrap(CLOSED))


@pytest.mark.parametrize(
    "error",
    [
        TimedOutError("head", 1),
        TimedOutError("idle", 1, status=500),
        ConnectionLostError("cut"),
        TimeoutError("idle"),
        asyncio.CancelledError(),
    ],
)
def test_t34_look_alikes_are_neither(error: BaseException) -> None:
    """No head, no 2xx, another error, another library's time-out."""
    assert not is_long_poll_timeout(error)
    assert not is_interrupted(error)


def test_errors_that_cause_each_other_end_the_search() -> None:
    """A circle of causes is walked once."""
    error = caused(KeyError())
    assert error.__cause__ is not None
    error.__cause__.__cause__ = error
    assert not is_interrupted(error)


@pytest.mark.parametrize("run", [False, True])
async def test_t33_a_server_that_stops_talking(wire: Wire, client: AssistantsClient, run: bool) -> None:
    """After an item and a silence longer than the limit, of lists and of runs alike."""
    patient = client.with_options(timeout=Timeout(idle=50 * MS))
    body = Body(run_frames("x")[0], STALL) if run else Body(b'{"data":[{"id":"a"},', STALL, kind="application/json")
    wire.answer(body)
    call = patient.runs.create("t", assistant_id="a") if run else patient.threads.list()
    async with call.stream() as channel:
        await anext(channel)
        with pytest.raises(Exception) as caught:  # noqa: PT011  # which one is not the point
            await anext(channel)
    assert is_long_poll_timeout(caught.value)
