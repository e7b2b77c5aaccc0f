"""Calls that are never awaited: which of them warn."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from assistants_async import Assistant, AssistantsClient
from assistants_async.calls.lazy_coroutine import LazyCoroutine
from assistants_async.compat import AsyncOpenAI
from tests.support.http_server import ASSISTANT, Wire, answer

Use = Callable[[AssistantsClient], Any]

REFUSED: dict[str, Use] = {
    "an option of a wrong type": lambda client: client.runs.retrieve("thread_1", "run_1").with_options(
        timeout="soon"  # type: ignore[arg-type]
    ),
    "an unknown option": lambda client: client.runs.retrieve("thread_1", "run_1").with_options(
        patience=1  # type: ignore[call-arg]
    ),
    "an option of a list": lambda client: client.assistants.list().with_options(retry="often"),  # type: ignore[arg-type]
    "an option of a run": lambda client: client.runs.create("thread_1", assistant_id="asst_1").with_options(
        max_body=0  # type: ignore[call-arg]
    ),
    "no type": lambda client: client.threads.retrieve("thread_1").as_type(3),  # type: ignore[arg-type]
    "no type of items": lambda client: client.assistants.list().as_type(3),  # type: ignore[arg-type]
    "events=3": lambda client: client.runs.create("thread_1", assistant_id="asst_1").stream(
        events=3  # type: ignore[call-overload]
    ),
    "recover without events": lambda client: client.runs.create("thread_1", assistant_id="asst_1").stream(
        events=False,
        recover=True,  # type: ignore[call-overload]
    ),
    "a count below 0": lambda client: client.assistants.list().take(-1),
    "no function": lambda client: client.assistants.list().filter(3),  # type: ignore[arg-type]
    "no function at the second step": lambda client: client.assistants.list().take(2).map(3),  # type: ignore[call-overload]
}


def _quietly(use: Callable[[], Any]) -> list[str]:
    """Use and collect a call, and return the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        use()
        gc.collect()
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("use", REFUSED.values(), ids=REFUSED.keys())
async def test_a_call_whose_use_was_refused_does_not_warn(wire: Wire, client: AssistantsClient, use: Use) -> None:
    """The error says what is wrong; that the call was not awaited is its consequence."""

    def refused() -> None:
        with pytest.raises((TypeError, ValueError)):
            use(client)

    assert _quietly(refused) == []
    assert wire.connections == 0


async def test_a_call_under_openai_pythons_names_does_not_warn_either(wire: Wire) -> None:
    """Its options are of one call too."""

    def refused() -> None:
        with pytest.raises((TypeError, ValueError)):
            client.beta.threads.retrieve("thread_1", timeout="soon")  # type: ignore[arg-type,unused-awaitable]

    async with AsyncOpenAI(base_url=wire.base_url, api_key="k") as client:
        assert _quietly(refused) == []
    assert wire.connections == 0


async def test_a_call_can_be_used_after_a_refused_option(wire: Wire, client: AssistantsClient) -> None:
    """Nothing of what was refused is kept."""
    wire.answer(answer(ASSISTANT))
    call = client.assistants.retrieve("asst_1")
    with pytest.raises(TypeError, match="timeout must be"):
        call.with_options(timeout="soon", headers={"x-a": "1"})  # type: ignore[arg-type,unused-awaitable]
    assert isinstance(await call, Assistant)
    assert wire.last.header("x-a") is None
    with pytest.raises(RuntimeError, match="only once"):
        await call


def test_what_could_not_be_made_does_not_warn() -> None:
    """A class of calls whose making raises leaves an object without a name for its warning."""

    class Broken(LazyCoroutine[None]):
        def __init__(self) -> None:
            raise ValueError("broken")

        @property
        def _name(self) -> str:
            raise AssertionError("asked for the name of what was not made")

        async def _value(self) -> None:
            raise AssertionError

    def broken() -> None:
        with pytest.raises(ValueError, match="broken"):
            Broken()  # type: ignore[unused-awaitable]

    assert _quietly(broken) == []
