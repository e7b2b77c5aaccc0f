"""Proxies: the exact bytes that one gets, refused settings, and the words of refusals."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import aiohttp
import pytest
import trustme
from aiohttp import web

from assistants_async import AssistantsClient, ConnectFailedError, StatusError
from tests.support.http_server import ANYTHING, FILE, KEY, Wire, answer, raw
from tests.support.proxy_server import Proxy

SECRETS = (KEY, "org-secret", "proj-secret", "gateway-secret", "assistants=v2", "assistants-async")
"""Texts of the headers that only the server may see."""


class Site(NamedTuple):
    """A server of TLS, and the means to trust it."""

    port: int
    trust: ssl.SSLContext
    tls: ssl.SSLContext
    """To serve as localhost with."""
    bodies: list[bytes]


async def respond(request: web.BaseRequest) -> web.StreamResponse:
    """Answer with an object of the requested kind."""
    if request.method == "DELETE":
        return web.json_response({"id": "thread_1", "object": "thread.deleted", "deleted": True})
    return web.json_response(FILE if "files" in request.path else {**ANYTHING, "id": "thread_1"})


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Serve `respond` over TLS."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "api.example.test").configure_cert(tls)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    bodies: list[bytes] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        bodies.append(await request.read())
        assert request.headers.get("authorization") == f"Bearer {KEY}"
        return await respond(request)

    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield Site(runner.addresses[0][1], trust, tls, bodies)
    finally:
        await runner.cleanup()


def client_of(site: Site, **settings: Any) -> AssistantsClient:
    """A client with every kind of credential."""
    return AssistantsClient(
        base_url="https://api.example.test/v1",
        api_key=settings.pop("api_key", KEY),
        organization="org-secret",
        project="proj-secret",
        headers={"x-gateway-key": "gateway-secret"},
        retry=settings.pop("retry", None),
        **settings,
    )


def connect(*more: str) -> bytes:
    """The head of a CONNECT with no header but its host and these."""
    return "\r\n".join(["CONNECT api.example.test:443 HTTP/1.1", "Host: api.example.test", *more, "", ""]).encode()


async def retrieve(client: AssistantsClient) -> None:
    """Send a request without a body."""
    await client.threads.retrieve("thread_1")


async def create(client: AssistantsClient) -> None:
    """Send a JSON body."""
    await client.threads.create(metadata={"a": "b"})


async def upload(client: AssistantsClient) -> None:
    """Send a form."""
    await client.files.create(file=b"abc", filename="a.txt", purpose="assistants")


async def delete(client: AssistantsClient) -> None:
    """Send a DELETE."""
    await client.threads.delete("thread_1")


async def stream(client: AssistantsClient) -> None:
    """Read an answer as a stream."""
    async with client.threads.retrieve("thread_1").stream() as channel:
        assert [thread.id async for thread in channel] == ["thread_1"]


async def download(client: AssistantsClient) -> None:
    """Fetch bytes."""
    assert await client.files.content("file_1")


OPERATIONS: list[Callable[[AssistantsClient], Awaitable[None]]] = [retrieve, create, upload, delete, stream, download]
operations = pytest.mark.parametrize("operation", OPERATIONS, ids=[each.__name__ for each in OPERATIONS])


@contextlib.asynccontextmanager
async def clients(site: Site, address: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Any]]:
    """Clients that reach the server through the proxy in each way there is."""
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://{address}")
    connectors = [aiohttp.TCPConnector(ssl=site.trust) for _ in range(3)]
    own = {"x-own-secret": "gateway-secret", "Authorization": f"Bearer {KEY}"}
    async with (
        aiohttp.ClientSession(connector=connectors[0], headers=own) as plain,
        aiohttp.ClientSession(connector=connectors[1], headers=own, proxy=f"http://{address}") as with_proxy,
        aiohttp.ClientSession(connector=connectors[2], headers=own, trust_env=True) as with_environment,
    ):
        made = {
            "argument": client_of(site, ssl=site.trust, proxy=f"http://{address}"),
            "key from a function": client_of(site, ssl=site.trust, proxy=f"http://{address}", api_key=lambda: KEY),
            "environment": client_of(site, ssl=site.trust, trust_env=True),
            "lent session": client_of(site, session=plain, proxy=f"http://{address}"),
            "lent session with a proxy": client_of(site, session=with_proxy),
            "lent session with the environment": client_of(site, session=with_environment),
        }
        try:
            yield made
        finally:
            for client in made.values():
                await client.close()


@operations
async def test_a_proxy_sees_no_header_of_the_api(
    site: Site, operation: Callable[[AssistantsClient], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the proxy was set; a connection of the client's own sends it its host and nothing else."""
    async with Proxy(site.port).serve() as proxy, clients(site, proxy.address, monkeypatch) as made:
        for way, client in made.items():
            proxy.heads.clear()
            await operation(client)
            (head,) = proxy.heads
            assert head.startswith(b"CONNECT api.example.test:443 HTTP/1.1\r\nHost: api.example.test\r\n"), way
            assert not [secret for secret in SECRETS if secret.encode() in head], way
            assert b"uthorization" not in head, way
            if not way.startswith("lent"):  # a lent session's connections are aiohttp's: they name it
                assert head == connect()


async def test_a_proxy_is_sent_its_own_password(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password of its URL, or the one that the lent session has for it."""
    basic = "Proxy-Authorization: Basic dXNlcjpwQHNz"
    async with Proxy(site.port).serve() as proxy:
        url = f"http://user:p%40ss@{proxy.address}"
        async with client_of(site, ssl=site.trust, proxy=url) as client:
            await retrieve(client)
            await create(client)
        monkeypatch.setenv("all_proxy", url)
        async with client_of(site, ssl=site.trust, trust_env=True) as client:
            await upload(client)
        assert set(proxy.heads) == {connect(basic)}
        proxy.heads.clear()
        headers = {"Proxy-Authorization": "Basic dXNlcjpwQHNz", "x-secret": KEY}
        connector = aiohttp.TCPConnector(ssl=site.trust)
        url = f"http://{proxy.address}"
        async with (
            aiohttp.ClientSession(connector=connector, headers=headers, proxy=url) as lent,
            client_of(site, session=lent) as client,
        ):
            await create(client)
    assert basic.encode() in proxy.heads[0]
    assert KEY.encode() not in proxy.heads[0]


async def test_a_proxy_of_tls_can_be_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """As argument and from the environment, where aiohttp itself would go around it in silence."""
    async with Proxy(site.port).serve(tls=site.tls) as proxy:
        async with client_of(site, ssl=site.trust, proxy=f"https://{proxy.address}") as client:
            await create(client)
        monkeypatch.setenv("https_proxy", f"https://{proxy.address}")
        async with client_of(site, ssl=site.trust, trust_env=True) as client:
            await retrieve(client)
    assert proxy.heads == [connect()] * 2


async def test_no_proxy_is_heeded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that the environment takes out is reached directly."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "localhost")
    async with AssistantsClient(
        base_url=f"https://localhost:{site.port}/v1", api_key=KEY, ssl=site.trust, trust_env=True
    ) as client:
        await retrieve(client)


UNUSABLE = {
    "socks5": ("socks5://user:hush@127.0.0.1:1080", "a proxy of socks5:// cannot be used"),
    "socks": ("SOCKS4A://127.0.0.1", "a proxy of socks4a:// cannot be used"),
    "ftp": ("ftp://127.0.0.1", "a proxy of ftp:// cannot be used"),
    "no host": ("http://", "must look like http://host:port"),
    "no URL": ("http://[", "must look like http://host:port"),
    "no port": ("http://user:hush@127.0.0.1:x", "must have a port of 1 to 65535, not 'x'"),
    "a slash in a password": ("http://user:hush/x@127.0.0.1:1", "must have a port of 1 to 65535"),
    "a slash behind digits": ("http://user:12/hush@127.0.0.1:1", "has an @ behind its port: write it as %40"),
}
unusable = pytest.mark.parametrize(("url", "words"), UNUSABLE.values(), ids=UNUSABLE.keys())


@unusable
def test_a_proxy_that_cannot_be_used_is_refused(url: str, words: str) -> None:
    """Refused where the client is made, by name and without its password."""
    with pytest.raises(ValueError, match=f"^proxy.*{words}") as caught:
        AssistantsClient(base_url="https://api.example.test/v1", api_key=KEY, proxy=url)
    assert "hush" not in str(caught.value)


@unusable
@pytest.mark.parametrize("way", ["https_proxy", "all_proxy", "lent"])
async def test_a_proxy_from_elsewhere_that_cannot_be_used_is_refused(
    url: str, words: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent, and once: going around it in silence would send requests where they must not go."""
    settings: dict[str, Any] = {"base_url": "https://127.0.0.1:1/v1", "api_key": KEY}
    async with contextlib.AsyncExitStack() as stack:
        if way == "lent":
            settings["session"] = await stack.enter_async_context(aiohttp.ClientSession(proxy=url))
        else:
            monkeypatch.setenv(way, url)
            settings["trust_env"] = True
        client = await stack.enter_async_context(AssistantsClient(**settings))
        with pytest.raises(ConnectFailedError, match=f"{words}") as caught:
            await client.threads.create()
    assert caught.value.attempts == 1
    assert not caught.value.maybe_processed
    assert "hush" not in str(caught.value)
    assert {"https_proxy": "HTTPS_PROXY", "all_proxy": "ALL_PROXY", "lent": "proxy"}[way] in str(caught.value)


async def test_no_key_goes_in_the_clear_through_a_proxy(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """An http:// server behind a proxy is for requests without a key: the proxy reads them whole."""
    wire.answer(answer(ANYTHING))
    proxy = wire.base_url.removesuffix("/v1")
    with pytest.raises(ValueError, match="http:// through a proxy would show it the key"):
        AssistantsClient(base_url="http://nowhere.invalid/v1", api_key=KEY, proxy=proxy)
    monkeypatch.setenv("http_proxy", proxy)
    for settings in ({"api_key": KEY}, {"api_key": lambda: KEY}, {"headers": {"x-api-key": KEY}}):
        given: dict[str, Any] = settings
        async with AssistantsClient(base_url="http://nowhere.invalid/v1", trust_env=True, **given) as client:
            for operation in (retrieve, create, upload):
                with pytest.raises(ConnectFailedError, match="http:// through a proxy would show it the key"):
                    await operation(client)
    assert wire.connections == 0
    async with AssistantsClient(base_url="http://nowhere.invalid/v1", trust_env=True) as client:
        await retrieve(client)
    assert wire.last.target == "http://nowhere.invalid/v1/threads/thread_1"


REFUSALS: dict[str, tuple[bytes, str, int]] = {
    "password": (raw(b"", 407, "Proxy Authentication Required"), "the proxy wants a user name and a password", 1),
    "forbidden": (raw(b"", 403, "Forbidden"), "the proxy refused to connect: 403 Forbidden", 1),
    "bad gateway": (raw(b"", 502, "Bad Gateway"), "the proxy refused to connect: 502 Bad Gateway", 2),
}


@pytest.mark.parametrize(("refusal", "words", "attempts"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_the_refusal_of_a_proxy_is_named(site: Site, refusal: bytes, words: str, attempts: int) -> None:
    """The request was not sent; only passing failures are tried again. No cause shows the password."""
    async with Proxy(refusal=refusal).serve() as proxy:
        url = f"http://user:hush@{proxy.address}"
        async with client_of(site, ssl=site.trust, proxy=url, retry=1) as client:
            with pytest.raises(ConnectFailedError, match=words) as caught:
                await client.threads.create()
    assert (caught.value.attempts, len(proxy.heads)) == (attempts, attempts)
    assert not caught.value.maybe_processed
    assert "hush" not in repr(caught.value.__cause__)


async def test_a_407_of_a_plain_request_names_the_proxy(wire: Wire) -> None:
    """The answer may be of a proxy outside of the settings."""
    wire.answer(raw(b"", 407, "Proxy Authentication Required"))
    async with AssistantsClient(
        base_url="http://nowhere.invalid/v1", proxy=wire.base_url.removesuffix("/v1")
    ) as client:
        with pytest.raises(StatusError, match=r"407.*a proxy wants a user name and a password") as caught:
            await client.threads.create()
    assert caught.value.attempts == 1


async def test_a_proxy_that_is_not_there_is_named_without_its_password(site: Site) -> None:
    """The cause is the system's error: aiohttp's own would show the URL."""
    async with client_of(site, proxy="http://user:hush@127.0.0.1:1") as client:
        with pytest.raises(ConnectFailedError, match=r"cannot connect to the proxy 127\.0\.0\.1:1") as caught:
            await retrieve(client)
    assert "hush" not in repr(caught.value.__cause__)


async def test_nothing_is_left_of_a_tunnel_that_is_given_up(site: Site) -> None:
    """A call that is cancelled while the proxy thinks."""
    reached = asyncio.Event()
    gone = asyncio.Event()

    async def think(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reached.set()
        assert await reader.read() == b""
        writer.close()
        gone.set()

    async with await asyncio.start_server(think, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with client_of(site, ssl=site.trust, proxy=url) as client:
            task = asyncio.create_task(retrieve(client))
            await reached.wait()
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
            await gone.wait()
