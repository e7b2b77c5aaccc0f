"""The clients: openai-python's settings, their environment, views, and what they cannot take."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

import assistants_async as native
from assistants_async.compat import AsyncAzureOpenAI, AsyncOpenAI, OpenAIError, Timeout, omit
from assistants_async.compat.options import native_timeout
from tests.support.http_server import KEY, Wire, answer, failure

THREAD = answer({"id": "thread_1"})


async def test_settings_are_sent(wire: Wire) -> None:
    """Key, organization, project, headers and query, each as openai-python sends it."""
    wire.answer(THREAD)
    async with AsyncOpenAI(
        api_key=KEY,
        organization="org",
        project="proj",
        base_url=wire.base_url,
        default_headers={"x-a": "b", "openai-beta": omit},
        default_query={"q": 1},
    ) as client:
        await client.beta.threads.retrieve("t")
    assert wire.last.header("authorization") == f"Bearer {KEY}"
    assert (wire.last.header("openai-organization"), wire.last.header("openai-project")) == ("org", "proj")
    assert (wire.last.header("x-a"), wire.last.header("openai-beta"), wire.last.query) == ("b", None, {"q": "1"})
    assert client.is_closed()


async def test_the_environment(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key there is no client, as ever; a function gives one before each request."""
    with pytest.raises(OpenAIError, match="OPENAI_API_KEY"):
        AsyncOpenAI()
    monkeypatch.setenv("OPENAI_API_KEY", "from-outside")
    monkeypatch.setenv("OPENAI_BASE_URL", wire.base_url)
    wire.answer(THREAD)
    async with AsyncOpenAI() as client:
        await client.beta.threads.create()
    assert wire.last.header("authorization") == "Bearer from-outside"

    async def key() -> str:
        return "made"

    async with AsyncOpenAI(api_key=key) as client:
        await client.beta.threads.create()
    assert wire.last.header("authorization") == "Bearer made"


async def test_views(wire: Wire, old: AsyncOpenAI) -> None:
    """`with_options` and `copy` share connections; options are of the view, and closing it closes nothing."""
    wire.answer(failure(500, retry_after="0"), THREAD)
    view = old.with_options(max_retries=1, timeout=5, default_headers={"x-a": "b"}, default_query={"q": "1"})
    await view.beta.threads.retrieve("t")
    assert (len(wire.seen), wire.last.header("x-a"), wire.last.query) == (2, "b", {"q": "1"})
    await view.close()
    await old.copy().beta.threads.retrieve("t")
    assert wire.last.header("x-a") is None
    assert (wire.connections, view.is_closed(), old.is_closed()) == (1, True, False)
    assert view.base_url == old.base_url == wire.base_url
    with pytest.raises(TypeError, match="'api_key': make a client for it, AsyncOpenAI"):
        old.with_options(api_key="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="did you mean 'max_retries'"):
        old.with_options(max_retry=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def test_over_a_native_client(wire: Wire, client: native.AssistantsClient) -> None:
    """Old code and new share connections; limits are left to the server in the old alone."""
    wire.answer(answer({"object": "list", "data": []}))
    old = AsyncOpenAI.over(client)
    await old.beta.assistants.list(limit=500)
    with pytest.raises(native.ValidationError):
        await client.assistants.list(limit=500)
    await old.close()
    await client.assistants.list()
    assert len(wire.seen) == 2
    assert KEY not in repr(old)


async def test_a_session_to_borrow(wire: Wire) -> None:
    """An aiohttp session takes the place of an httpx client, which cannot be used."""
    wire.answer(THREAD)
    async with aiohttp.ClientSession() as session:
        async with AsyncOpenAI(api_key=KEY, base_url=wire.base_url, http_client=session) as client:
            await client.beta.threads.create()
        assert not session.closed
    with pytest.raises(TypeError, match=r"must be an aiohttp\.ClientSession, not SimpleNamespace"):
        AsyncOpenAI(api_key=KEY, http_client=SimpleNamespace())
    with pytest.raises(TypeError, match="'apikey', did you mean 'api_key'"):
        AsyncOpenAI(apikey=KEY)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("kind", [AsyncOpenAI, AsyncAzureOpenAI])
def test_a_refused_client_leaves_no_key_behind(kind: type[AsyncOpenAI]) -> None:
    """Tracebacks may show locals."""
    with pytest.raises(TypeError) as caught:
        kind(api_key=KEY, api_version="v", azure_endpoint="https://a.b", base="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    _, *frames = traceback.walk_tb(caught.tb)
    assert len(frames) > 1
    assert KEY not in str([{name: repr(value) for name, value in frame.f_locals.items()} for frame, _ in frames])


AZURE: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "key": ({"api_key": "k"}, ("api-key", "k")),
    "token": ({"azure_ad_token": "t"}, ("authorization", "Bearer t")),
    "provider": ({"azure_ad_token_provider": lambda: "p"}, ("authorization", "Bearer p")),
}


@pytest.mark.parametrize(("settings", "header"), AZURE.values(), ids=AZURE)
async def test_azure(wire: Wire, settings: dict[str, Any], header: tuple[str, str]) -> None:
    """`/openai` behind the endpoint, the version in every query, and the key in Azure's header."""
    wire.answer(THREAD)
    endpoint = wire.base_url.removesuffix("/v1")
    async with AsyncAzureOpenAI(azure_endpoint=endpoint, api_version="2024-05-01-preview", **settings) as client:
        await client.beta.threads.retrieve("t")
    assert wire.last.target == "/openai/threads/t?api-version=2024-05-01-preview"
    assert wire.last.header(header[0]) == header[1]


async def test_azure_from_the_environment(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting has its variable; a base URL takes the place of the endpoint."""
    with pytest.raises(ValueError, match="OPENAI_API_VERSION"):
        AsyncAzureOpenAI()
    monkeypatch.setenv("OPENAI_API_VERSION", "v")
    with pytest.raises(ValueError, match="AZURE_OPENAI_ENDPOINT"):
        AsyncAzureOpenAI()
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", wire.base_url.removesuffix("/v1"))
    with pytest.raises(OpenAIError, match="azure_ad_token"):
        AsyncAzureOpenAI()
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "t")
    wire.answer(THREAD)
    async with AsyncAzureOpenAI() as client:
        await client.beta.threads.create()
    assert (wire.last.target, wire.last.header("authorization")) == ("/openai/threads?api-version=v", "Bearer t")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    async with AsyncAzureOpenAI(base_url=wire.base_url) as client:
        await client.beta.threads.create()
    assert (wire.last.target, wire.last.header("api-key")) == ("/v1/threads?api-version=v", "k")


def test_time_outs() -> None:
    """httpx has four limits and none for a whole call; None lifts all."""
    limits = native_timeout(Timeout(20.0, connect=2.0))
    assert (limits.connect, limits.pool, limits.head, limits.idle, limits.total) == (2.0, 20.0, 20.0, 20.0, None)
    assert native_timeout(3) == native_timeout(Timeout(3.0))
    assert native_timeout(SimpleNamespace(connect=1.0, read=2.0, pool=3.0)).head == 2.0
    assert native_timeout(None).connect is None
    assert native_timeout(native.Timeout(total=1.0)).total == 1.0
    assert Timeout(1.0).write == 1.0
    with pytest.raises(TypeError, match="a number, a Timeout or None, not str"):
        native_timeout("3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="timeout"):
        native_timeout(-1)


def test_keywords_show() -> None:
    """`help` and notebooks see every keyword, with its sentence."""
    signature = inspect.signature(AsyncOpenAI(api_key=KEY).beta.threads.messages.create)
    assert list(signature.parameters)[:1] == ["thread_id"]
    assert {"role", "content", "attachments", "extra_headers", "timeout"} <= signature.parameters.keys()
    assert "Keywords:" in (inspect.getdoc(AsyncOpenAI.with_options) or "")


async def test_a_call_that_is_never_awaited_warns(old: AsyncOpenAI) -> None:
    """Once, by its name."""
    with pytest.warns(RuntimeWarning, match=r"threads.create\(\) was never awaited") as warned:
        _ = old.beta.threads.create()
        del _
    assert len(warned) == 1


async def test_a_call_is_awaited_once(wire: Wire, old: AsyncOpenAI) -> None:
    """It is a coroutine, which a task takes as well."""
    wire.answer(THREAD)
    call = old.beta.threads.create()
    assert (await asyncio.create_task(call)).id == "thread_1"
    with pytest.raises(RuntimeError, match=r"threads.create: a call can be used only once"):
        await call


def test_a_client_that_was_not_made_can_be_shown() -> None:
    """Tracebacks show locals."""
    assert repr(object.__new__(AsyncOpenAI)) == "<not made>"
