"""Settings: arguments before the environment, and what cannot work refused when the client is made."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
import trustme
from aiohttp import web

from assistants_async import AssistantsClient, ConnectFailedError, ConnectionLostError, WrongProtocolError
from assistants_async.session import settings
from tests.support.http_server import ANYTHING, ASSISTANT, KEY, Memory, TransportName, Wire, answer, page

BODY = answer(ANYTHING)


async def sent(**settings: Any) -> Any:
    """The request that a client with these settings sends."""
    transport = Memory(BODY)
    async with AssistantsClient(transport=transport, **settings) as client:
        await client.assistants.retrieve("asst_1")
    return transport.sent[0]


async def test_the_environment_fills_missing_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor's four variables."""
    monkeypatch.setenv("OPENAI_API_KEY", "env-key\n")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://env.test/base/")
    monkeypatch.setenv("OPENAI_ORG_ID", "env-org")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "env-project")
    outgoing = await sent()
    assert outgoing.url == "https://env.test/base/assistants/asst_1"
    assert outgoing.headers["authorization"] == "Bearer env-key"
    assert outgoing.headers["openai-organization"] == "env-org"
    assert outgoing.headers["openai-project"] == "env-project"


async def test_arguments_come_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the four."""
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "env")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://env.test")
    outgoing = await sent(api_key="arg", base_url="https://arg.test/v1", organization="org", project="project")
    assert outgoing.url.startswith("https://arg.test/v1/")
    got = [outgoing.headers[name] for name in ("authorization", "openai-organization", "openai-project")]
    assert got == ["Bearer arg", "org", "project"]


async def test_empty_variables_are_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shells and containers set variables to nothing."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "")
    outgoing = await sent(api_key=KEY)
    assert outgoing.url.startswith("https://api.openai.com/v1/")
    assert not {"openai-organization", "openai-project"} & outgoing.headers.keys()


async def test_the_protocol_is_sent_and_kept_to(wire: Wire) -> None:
    """Its header on every request; members of the other version are refused before anything is sent."""
    wire.answer(page("a"))
    async with AssistantsClient(base_url=wire.base_url, protocol="v1") as client:
        await client.messages.files.list("thread_1", "msg_1")
        assert wire.last.header("openai-beta") == "assistants=v1"
        with pytest.raises(WrongProtocolError):
            client.messages.delete("thread_1", "msg_1")  # type: ignore[unused-awaitable]  # it raises
    async with AssistantsClient(base_url=wire.base_url) as client:
        with pytest.raises(WrongProtocolError, match=r"messages\.files\.list\(\) is in protocol v1 only"):
            client.messages.files.list("thread_1", "msg_1")  # type: ignore[unused-awaitable]  # it raises
    assert len(wire.seen) == 1


BASE_URLS: dict[str, tuple[str, str]] = {
    "plain": ("", "/v1/assistants/asst_1"),
    "trailing slash": ("/", "/v1/assistants/asst_1"),
    "path": ("/api/projects/p%20q", "/v1/api/projects/p%20q/assistants/asst_1"),
    "path to encode": ("/a b", "/v1/a%20b/assistants/asst_1"),
    "query": ("?api-version=v1&x=a%26b", "/v1/assistants/asst_1?api-version=v1&x=a%26b"),
}


@pytest.mark.both_transports
@pytest.mark.parametrize(("suffix", "target"), BASE_URLS.values(), ids=BASE_URLS.keys())
async def test_a_base_url_is_joined_right(wire: Wire, suffix: str, target: str, transport: TransportName) -> None:
    """On the wire, byte for byte."""
    wire.answer(BODY)
    async with AssistantsClient(base_url=wire.base_url + suffix, transport=transport) as client:
        await client.assistants.retrieve("asst_1")
    assert wire.last.target == target
    assert wire.last.header("host") == wire.base_url.split("/")[2]


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "unknown": ({"api_keys": "x"}, TypeError, "unexpected keyword argument 'api_keys', did you mean 'api_key'?"),
    "words turned": ({"rate_limit": None}, TypeError, "argument 'rate_limit', did you mean 'limit_rate'"),
    "protocol": ({"protocol": "v3"}, ValueError, "protocol must be 'v1' or 'v2', not 'v3'"),
    "base URL without a scheme": ({"base_url": "host.test/v1"}, ValueError, "base_url must look like"),
    "base URL of a file": ({"base_url": "file:///tmp"}, ValueError, "base_url must look like"),
    "base URL with a password": ({"base_url": "https://u:p@host.test"}, ValueError, "user name or password"),
    "base URL with a fragment": ({"base_url": "https://host.test/#x"}, ValueError, "fragment"),
    "no connections": ({"max_connections": 0}, ValueError, "max_connections must be a whole number of at least 1"),
    "connections of another kind": (
        {"max_connections": "9"},
        ValueError,
        "max_connections must be a whole number of at least 1",
    ),
    "time-out": ({"timeout": -1}, ValueError, "positive number of seconds"),
    "header": ({"headers": {"x-a": "1\r\nx-b: 2"}}, ValueError, "header 'x-a'"),
    "organization": ({"organization": "org\r\nx-b: 2"}, ValueError, "header 'openai-organization'"),
    "project": ({"project": "\N{EURO SIGN}"}, ValueError, "header 'openai-project'"),
    "user agent": ({"headers": {"User-Agent": "a\nb"}}, ValueError, "header 'User-Agent'"),
    "content type": ({"content_type": "text/plain"}, ValueError, "JSON media type"),
}


@pytest.mark.parametrize(("settings", "kind", "words"), BAD.values(), ids=BAD.keys())
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], kind: type[Exception], words: str) -> None:
    """Refused where the client is made, not at the first call."""
    with pytest.raises(kind, match=words):
        AssistantsClient(**settings)


async def test_headers_and_query_of_the_client_go_with_every_request(wire: Wire) -> None:
    """None takes one of the client's own away."""
    wire.answer(BODY)
    headers = {"X-Team": "blue", "OpenAI-Beta": None, "User-Agent": "mine/1"}
    async with AssistantsClient(base_url=wire.base_url, headers=headers, query={"a": [1, 2]}) as client:
        await client.assistants.retrieve("asst_1")
    seen = wire.last
    assert (seen.header("x-team"), seen.header("openai-beta"), seen.header("user-agent")) == ("blue", None, "mine/1")
    assert seen.target.endswith("?a=1&a=2")


async def test_media_types_can_be_set(wire: Wire, client: AssistantsClient) -> None:
    """Accept and, where there is a body, Content-Type."""
    wire.answer(BODY)
    view = client.with_options(accept="application/x-ndjson", content_type="application/vnd.api+json")
    await view.assistants.create(model="gpt-4o")
    assert (wire.last.header("accept"), wire.last.header("content-type")) == (
        "application/x-ndjson",
        "application/vnd.api+json",
    )
    await view.assistants.retrieve("asst_1")
    assert wire.last.header("content-type") is None


@pytest.mark.both_transports
@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({}, {"authorization": f"Bearer {KEY}", "openai-beta": "assistants=v2", "content-type": "application/json"}),
        ({"X-Team": "blue"}, {"x-team": "blue", "openai-beta": "assistants=v2", "content-type": "application/json"}),
        ({"OpenAI-Beta": None}, {"openai-beta": None, "authorization": f"Bearer {KEY}"}),
        ({"Authorization": "Bearer other"}, {"authorization": "Bearer other", "openai-beta": "assistants=v2"}),
        ({"Content-Type": "text/json"}, {"content-type": "text/json", "authorization": f"Bearer {KEY}"}),
    ],
)
async def test_a_call_with_a_body_has_the_usual_headers_once(
    wire: Wire, client: AssistantsClient, headers: dict[str, str | None], wanted: dict[str, str | None]
) -> None:
    """With those of the call in their place, and none that a library makes up."""
    wire.answer(BODY)
    for _ in range(2):
        await client.with_options(headers=headers).assistants.create(model="gpt-4o")
        names = [name.lower() for name, _ in wire.last.headers]
        assert len(names) == len(set(names))
        assert {name: wire.last.header(name) for name in wanted} == wanted
        assert wire.last.header("idempotency-key")
    await client.assistants.retrieve("asst_1")
    assert (wire.last.header("idempotency-key"), wire.last.header("content-type")) == (None, None)


async def test_validation_can_be_switched_off(wire: Wire) -> None:
    """Keywords and values then are the server's business; ids are checked always."""
    wire.answer(BODY)
    async with AssistantsClient(base_url=wire.base_url, validate=False) as client:
        loose: Any = client.assistants.create
        await loose(shiny=True, temperature=99)
        assert wire.last.json == {"shiny": True, "temperature": 99}
        with pytest.raises(ValueError, match="assistant_id"):
            client.assistants.delete("..")  # type: ignore[unused-awaitable]  # it raises


async def test_a_proxy_is_used(wire: Wire) -> None:
    """The proxy gets the whole URL; the target is never resolved here."""
    wire.answer(BODY)
    proxy = wire.base_url.removesuffix("/v1")
    async with AssistantsClient(base_url="http://nowhere.invalid/v1", proxy=proxy) as client:
        assert (await client.assistants.retrieve("asst_1")).id == "asst_1"
    assert wire.last.target == "http://nowhere.invalid/v1/assistants/asst_1"


async def test_the_environment_sets_no_proxy_by_default(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """`trust_env` is off."""
    monkeypatch.setenv("http_proxy", wire.base_url.removesuffix("/v1"))
    wire.answer(BODY)
    async with AssistantsClient(base_url="http://nowhere.invalid/v1") as client:
        with pytest.raises(ConnectFailedError):
            await client.assistants.retrieve("asst_1")
    async with AssistantsClient(base_url="http://nowhere.invalid/v1", trust_env=True) as client:
        assert (await client.assistants.retrieve("asst_1")).id == "asst_1"


@pytest.mark.both_transports
async def test_tls_is_checked(transport: TransportName) -> None:
    """A certificate that nobody vouches for, or for another name, is refused; a context of the caller's may vouch."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(ASSISTANT)

    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    try:
        for base_url, ours in ((f"https://localhost:{port}/v1", None), (f"https://127.0.0.1:{port}/v1", trusting)):
            async with AssistantsClient(base_url=base_url, ssl=ours, api_key=KEY, transport=transport) as client:
                with pytest.raises(ConnectFailedError, match="certificate is not trusted") as caught:
                    await client.threads.create()
                assert not caught.value.maybe_processed
        async with AssistantsClient(base_url=f"http://127.0.0.1:{port}/v1", api_key=KEY, transport=transport) as client:
            with pytest.raises(ConnectionLostError):
                await client.threads.create()
        async with AssistantsClient(
            base_url=f"https://localhost:{port}/v1", ssl=trusting, transport=transport
        ) as client:
            assert (await client.assistants.retrieve("asst_1")).id == "asst_1"
    finally:
        await runner.cleanup()


HOSTS: dict[str, bool] = {
    "http://gateway.internal/v1": True,
    "http://10.0.0.1:8080": True,
    "http://[fe80::1]:80/v1": True,
    "http://localhost.example.org": True,
    "https://gateway.internal/v1": False,
    "http://127.0.0.1:8080/v1": False,
    "http://127.9.9.9/v1": False,
    "http://localhost:8080/v1": False,
    "http://api.localhost/v1": False,
    "http://[::1]:8080/v1": False,
}


@pytest.mark.parametrize(("base_url", "warned"), HOSTS.items())
def test_an_unencrypted_way_is_warned_of_once(base_url: str, warned: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A warning for a key in the clear to another machine, once a process for each address."""
    settings._warn_once.cache_clear()
    for _ in range(2):
        AssistantsClient(base_url=base_url, api_key="k")
    found = [record for record in caplog.records if record.name == "assistants_async"]
    assert len(found) == warned
    assert all("unencrypted" in record.getMessage() and record.levelname == "WARNING" for record in found)


@pytest.mark.parametrize("base_url", ["https://gateway.internal/v1?key=hush", "http://127.0.0.1:1/v1"])
def test_an_address_of_the_environment_is_logged_once(
    base_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The line names the target of the key without its query; an argument is the caller's own word."""
    settings._warn_once.cache_clear()
    monkeypatch.setenv("OPENAI_BASE_URL", base_url)
    AssistantsClient(api_key="k", base_url="http://127.0.0.1:1/v1")
    assert caplog.messages == []
    for _ in range(2):
        AssistantsClient(api_key="k")
    assert len(caplog.messages) == 1
    assert "OPENAI_BASE_URL" in caplog.messages[0]
    assert "hush" not in caplog.messages[0]
