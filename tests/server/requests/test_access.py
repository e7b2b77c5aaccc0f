"""Access to a server: programs on this machine, and no web page without its origin in the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from assistants_async.server import AssistantsServer
from tests.support.raw_requests import send
from tests.support.talk import Talk, talking

JSON = {"content-type": "application/json"}
PAGE = "http://evil.example"
APP = "http://localhost:3000"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:8000"])
async def test_hosts_of_this_machine(talk: Talk, host: str) -> None:
    """A loopback name or address with any port: tunnels and containers change the port."""
    assert (await talk("GET", "/assistants", headers={"host": host})).status == 200


HOSTS = ["evil.example", "evil.example:80", "192.0.2.1", "localhost.evil.example", "", "[", "127.0.0.1@evil.example"]


@pytest.mark.parametrize("host", HOSTS)
async def test_hosts_of_others(talk: Talk, host: str) -> None:
    """A name that may be a page's own with an address of this machine is refused, and the server says what helps."""
    answer = await talk("POST", "/assistants", {"model": "m"}, headers={"host": host})
    assert (answer.status, answer.error["code"]) == (403, "foreign_request")
    assert "--allow-host" in answer.error["message"]
    assert (await talk.get("/assistants"))["data"] == []


async def test_no_host(talk: Talk) -> None:
    """A request without `Host` is no browser's, and it is refused as well."""
    answer = await send(talk.server, b"GET /v1/assistants HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 403 ")


async def test_allowed_host() -> None:
    """A name that the server is given is one of its own, in any case."""
    async with talking(allow_hosts=["Box.example"]) as talk:
        assert (await talk("GET", "/assistants", headers={"host": "box.EXAMPLE:8000"})).status == 200
        assert (await talk("GET", "/assistants", headers={"host": "evil.example"})).status == 403


@pytest.mark.parametrize("origin", [PAGE, "null", APP, "http://127.0.0.1:1", "file://"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_pages(talk: Talk, method: str, origin: str) -> None:
    """A page of any other place is refused, on this machine too."""
    assistant = await talk.assistant()
    paths = {"POST": "/threads", "GET": "/assistants", "DELETE": f"/assistants/{assistant['id']}"}
    answer = await talk(method, paths[method], headers={"origin": origin})
    assert (answer.status, answer.error["code"]) == (403, "foreign_request")
    assert "access-control-allow-origin" not in answer.headers
    assert (await talk.get("/threads"))["data"] == []
    assert len((await talk.get("/assistants"))["data"]) == 1


async def test_own_page(talk: Talk) -> None:
    """The server's own origin is not foreign."""
    own = talk.server.base_url.removesuffix("/v1")
    assert (await talk("POST", "/threads", headers={"origin": own})).status == 200
    host = own.removeprefix("http://")
    both = f"GET /v1/assistants HTTP/1.1\r\nhost: {host}\r\norigin: {own}\r\norigin: {PAGE}\r\n\r\n"
    assert (await send(talk.server, both.encode())).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "text/plain"}, {"content-type": "application/x-www-form-urlencoded"}, {"content-type": "x"}],
    ids=["none", "text", "form", "nonsense"],
)
async def test_types_that_pages_may_send(talk: Talk, headers: Mapping[str, str]) -> None:
    """JSON needs its type: a page can send the others without a preflight, and a Blob without any type."""
    port = talk.server.base_url.split(":")[2].removesuffix("/v1")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST /v1/assistants HTTP/1.1\r\nhost: localhost:{port}\r\n{lines}content-length: 13\r\n\r\n"
    answer = await send(talk.server, head.encode() + b'{"model":"m"}')
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b"application/json" in answer
    assert (await talk.get("/assistants"))["data"] == []


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/merge+json"])
async def test_types_of_json(talk: Talk, kind: str) -> None:
    """JSON by any of its names."""
    answer = await talk("POST", "/assistants", data=b'{"model": "m"}', headers={"content-type": kind})
    assert answer.status == 200


async def test_cors() -> None:
    """An allowed page may ask first, send, and read answers, errors and streams."""
    async with talking(cors=[APP]) as talk:
        wanted = {"access-control-request-method": "POST", "access-control-request-headers": "authorization, x-y"}
        answer = await talk("OPTIONS", "/threads/runs", headers={"origin": APP, **wanted})
        assert (answer.status, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-headers"] == "authorization, x-y"
        assert "DELETE" in answer.headers["access-control-allow-methods"]
        origin = {"origin": APP}
        stream = await talk("POST", "/threads/runs", await talk.ask("hello", stream=True), headers=origin)
        missing = await talk("GET", "/assistants/none", headers=origin)
        for one in (answer, stream, missing):
            assert one.headers["access-control-allow-origin"] == APP
            assert one.headers["vary"] == "Origin"
        assert stream.events[-1] == ("done", "[DONE]")
        assert "x-request-id" in missing.headers["access-control-expose-headers"]
        for other in (PAGE, "null"):
            refused = await talk("OPTIONS", "/threads", headers={"origin": other, **wanted})
            assert (refused.status, "access-control-allow-origin" in refused.headers) == (403, False)
        assert "access-control-allow-origin" not in (await talk("GET", "/assistants")).headers


async def test_a_key_is_enough() -> None:
    """A client with the key may come from any origin; a page may read answers only with its origin in the settings."""
    async with talking(api_key="sk-right", cors=[APP]) as talk:
        headers = {"host": "box.example", "origin": PAGE, "api-key": "sk-right"}
        answer = await talk("GET", "/assistants", headers=headers)
        assert (answer.status, "access-control-allow-origin" in answer.headers) == (200, False)
        answer = await talk("GET", "/assistants", headers={"origin": APP})
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (401, APP)


@pytest.mark.parametrize("name", ["authorization", "api-key"])
async def test_a_key_of_no_utf8(name: str) -> None:
    """Bytes that are no UTF-8 are a wrong key."""
    async with talking(api_key="sk-right") as talk:
        answer = await send(
            talk.server,
            b"GET /v1/assistants HTTP/1.1\r\nhost: localhost\r\n%s: Bearer sk-\xff\r\n\r\n" % name.encode(),
        )
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"sk-" not in answer


async def test_bytes_of_no_utf8_anywhere(talk: Talk) -> None:
    """In a path, a query or a header they name something unknown, or are ignored."""
    for line, status in (("/v1/threads/%FF", 404), ("/v1/%FF", 404), ("/v1/threads?after=%FF", 400)):
        head = f"GET {line} HTTP/1.1\r\nhost: localhost\r\nx-more: \xff\r\n\r\n"
        answer = await send(talk.server, head.encode("latin-1"))
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer


async def test_file_content_is_no_page(talk: Talk) -> None:
    """No upload of any type is shown as a page by a browser."""
    file = await talk.upload(b"<script>", filename="a.html")
    answer = await talk("GET", f"/files/{file['id']}/content")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")


SETTINGS: dict[str, dict[str, Any]] = {
    "scheme": {"allow_hosts": ["http://box.example"]},
    "port": {"allow_hosts": ["box.example:80"]},
    "empty": {"allow_hosts": [""]},
    "any": {"allow_hosts": ["*"]},
    "any origin": {"cors": ["*"]},
    "path": {"cors": ["http://localhost:3000/"]},
    "no scheme": {"cors": ["localhost:3000"]},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_settings(settings: dict[str, Any]) -> None:
    """A text that is no host or no origin is refused by name, with an example."""
    with pytest.raises(ValueError, match=f"^{next(iter(settings))} takes .* such as"):
        AssistantsServer(**settings)


async def test_head_in_time() -> None:
    """A connection whose head does not come in time is cut, at its start and behind an answer; an idle one is not."""
    async with talking(head_timeout=0.5) as talk:
        assert await send(talk.server, b"GET /v1/assi") == b""
        whole = b"GET /v1/assistants HTTP/1.1\r\nhost: localhost\r\n\r\n"
        answers = await send(talk.server, whole, b"GET /v1/assi")
        assert answers.count(b"HTTP/1.1 200 ") == 1
        # Blank lines are no head, though they end as one.
        answers = await send(talk.server, whole, b"\r\n\r\nGET /v1/assi")
        assert answers.count(b"HTTP/1.1 200 ") == 1
        reader, writer = await asyncio.open_connection("127.0.0.1", int(talk.server.base_url.split(":")[2][:-3]))
        writer.write(whole)
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(1)
        writer.write(whole)
        assert (await reader.readuntil(b"HTTP/1.1 200 OK")).endswith(b"200 OK")
        writer.close()
        await writer.wait_closed()


async def test_a_preflight_without_headers() -> None:
    """The answer allows none."""
    async with talking(cors=[APP]) as talk:
        wanted = {"origin": APP, "access-control-request-method": "GET"}
        answer = await talk("OPTIONS", "/assistants", headers=wanted)
        assert (answer.status, "access-control-allow-headers" in answer.headers) == (204, False)


@pytest.mark.parametrize("name", ["head_timeout", "run_expiry", "max_store_bytes"])
def test_limits_of_nothing(name: str) -> None:
    """A server that could never answer is refused when it is made."""
    settings: dict[str, Any] = {name: 0}
    with pytest.raises(ValueError, match=f"{name}.* more than 0"):
        AssistantsServer(**settings)
