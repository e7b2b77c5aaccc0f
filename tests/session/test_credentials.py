"""The key: where it comes from, how it is sent, and what is no key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, NamedTuple

import pytest

from assistants_async import AssistantsClient, AuthenticationError, BadRequestError, File, PreparedRequest
from assistants_async._typing import override
from assistants_async.session.azure import token_source
from tests.support.http_server import ANYTHING, FILE, KEY, Memory, Wire, answer, failure

BODY = answer(ANYTHING)

BAD_KEYS: dict[str, Any] = {
    "empty": "",
    "blank": " \n",
    "two words": "sk-secret-1 sk-secret-1",
    "line end inside": "sk-secret-1\r\nx-admin: 1",
    "NUL": "sk-secret-1\0",
    "tab inside": "sk-secret\t1",
    "beyond latin-1": "sk-secret-1\N{EURO SIGN}",
    "lone surrogate": "sk-secret-1\ud800",
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_bad_key_is_refused_when_the_client_is_made(key: str) -> None:
    """The error does not repeat it."""
    with pytest.raises(ValueError, match="api_key must be one word") as caught:
        AssistantsClient(api_key=key)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
async def test_the_key_of_a_function_is_checked_too(wire: Wire, key: str) -> None:
    """Before anything is sent."""
    async with AssistantsClient(base_url=wire.base_url, api_key=lambda: key) as client:
        with pytest.raises(ValueError, match="api_key must be one word"):
            await client.threads.create()
    assert wire.seen == []


@pytest.mark.parametrize("key", [5, b"sk-1", ["sk-1"]])
async def test_a_key_of_another_kind_is_a_type_error(wire: Wire, key: Any) -> None:
    """Given by a function, awaited or not."""

    async def later() -> Any:
        return key

    async with AssistantsClient(base_url=wire.base_url, api_key=later) as client:
        with pytest.raises(TypeError, match="api_key must be a str or a function that returns one, not"):
            await client.threads.create()
    assert wire.seen == []


async def test_white_space_around_a_key_is_dropped(wire: Wire) -> None:
    """A key read from a file ends in a line end."""
    wire.answer(BODY)
    async with AssistantsClient(base_url=wire.base_url, api_key=f" {KEY}\r\n") as client:
        await client.assistants.retrieve("asst_1")
    assert wire.last.header("authorization") == f"Bearer {KEY}"


async def test_a_function_is_called_before_each_request(wire: Wire) -> None:
    """Sync or async."""
    wire.answer(BODY)
    keys = iter(("key-one", "key-two", "key-three"))

    async def later() -> str:
        await asyncio.sleep(0)
        return next(keys)

    async with AssistantsClient(base_url=wire.base_url, api_key=lambda: next(keys)) as client:
        await client.assistants.retrieve("asst_1")
    async with AssistantsClient(base_url=wire.base_url, api_key=later) as client:
        await client.assistants.retrieve("asst_1")
        await client.assistants.retrieve("asst_1")
    assert [seen.header("authorization") for seen in wire.seen] == [
        "Bearer key-one",
        "Bearer key-two",
        "Bearer key-three",
    ]


async def test_401_calls_a_function_once_more(wire: Wire) -> None:
    """The request is sent again with the new key, and the answer counts two attempts."""
    keys = iter(("old", "new"))
    wire.answer(failure(401), BODY)
    async with AssistantsClient(base_url=wire.base_url, api_key=lambda: next(keys)) as client:
        _, http = await client.assistants.create(model="gpt-4o").response()
    assert http.attempts == 2
    assert [seen.header("authorization") for seen in wire.seen] == ["Bearer old", "Bearer new"]
    assert [seen.json for seen in wire.seen] == [{"model": "gpt-4o"}] * 2


async def test_a_second_401_is_the_error(wire: Wire) -> None:
    """Once, not for ever."""
    wire.answer(failure(401))
    async with AssistantsClient(base_url=wire.base_url, api_key=lambda: KEY) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.threads.create()
    assert caught.value.attempts == 2
    assert len(wire.seen) == 2


async def test_401_with_a_fixed_key_is_the_error_at_once(wire: Wire, client: AssistantsClient) -> None:
    """A second try with the same key could not help."""
    wire.answer(failure(401))
    with pytest.raises(AuthenticationError):
        await client.threads.create()
    assert len(wire.seen) == 1


async def test_an_upload_is_sent_again_only_if_it_can_be(wire: Wire) -> None:
    """Bytes can be read twice, an iterator cannot."""

    async def pieces() -> Any:
        yield b"abc"

    async with AssistantsClient(base_url=wire.base_url, api_key=lambda: KEY) as client:
        wire.answer(failure(401), answer(FILE))
        assert await client.files.create(file=b"abc", filename="a.txt", purpose="assistants") == File(**FILE)
        assert len({seen.body for seen in wire.seen}) == 1
        assert len(wire.seen) == 2
        wire.answer(failure(401), answer(FILE))
        with pytest.raises(AuthenticationError):
            await client.files.create(file=pieces(), filename="a.txt", purpose="assistants")
        assert len(wire.seen) == 1


async def test_the_exception_of_a_function_comes_out_unchanged(wire: Wire) -> None:
    """And nothing is sent."""

    def fail() -> str:
        raise LookupError("vault is sealed")

    async with AssistantsClient(base_url=wire.base_url, api_key=fail) as client:
        with pytest.raises(LookupError, match="vault is sealed"):
            await client.threads.create()
    assert wire.seen == []


async def test_a_client_without_a_key_sends_none(wire: Wire) -> None:
    """Servers of one's own often want none."""
    wire.answer(BODY)
    async with AssistantsClient(base_url=wire.base_url) as client:
        await client.assistants.retrieve("asst_1")
    assert wire.last.header("authorization") is None


@pytest.mark.parametrize("base_url", [None, "https://api.openai.com/v1/", "https://api.openai.com:443/v1"])
async def test_the_vendor_wants_a_key(base_url: str | None) -> None:
    """Its absence is found before anything is sent, and the error names both ways to give it."""
    transport = Memory(BODY)
    async with AssistantsClient(transport=transport, base_url=base_url) as client:
        with pytest.raises(ValueError, match=r"no API key: pass api_key=…, or set OPENAI_API_KEY"):
            await client.threads.create()
    assert transport.sent == []


async def test_the_api_key_header(wire: Wire) -> None:
    """As Azure wants it, in place of the bearer."""
    wire.answer(BODY)
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, auth="api-key") as client:
        await client.assistants.retrieve("asst_1")
    assert (wire.last.header("api-key"), wire.last.header("authorization")) == (KEY, None)


# Azure


class Token(NamedTuple):
    """A token as azure-identity gives it."""

    token: str
    expires_on: int


class Credential:
    """A sync credential that counts."""

    def __init__(self, lifetime: int = 3600) -> None:
        self.scopes: list[tuple[str, ...]] = []
        self.lifetime = lifetime

    def get_token(self, *scopes: str) -> Token | Awaitable[Token]:
        """Another token each time."""
        self.scopes.append(scopes)
        return Token(f"token-{len(self.scopes)}", 1_000_000_000_000 if self.lifetime else 0)


class AsyncCredential(Credential):
    """The same, async."""

    @override
    def get_token(self, *scopes: str) -> Awaitable[Token]:
        """Another token each time, later."""
        token = super().get_token(*scopes)

        async def later() -> Token:
            assert isinstance(token, Token)
            return token

        return later()


@pytest.mark.parametrize("kind", [Credential, AsyncCredential])
async def test_foundry_on_the_wire(wire: Wire, kind: type[Credential]) -> None:
    """The project's path, api-version in every query, and a bearer token that is kept while it lasts."""
    credential = kind()
    endpoint = wire.base_url.replace("/v1", "/api/projects/p/")
    wire.answer(answer({"data": [{"id": "thread_1"}], "has_more": True, "last_id": "thread_1"}), answer({"data": []}))
    async with AssistantsClient.foundry(endpoint, credential, query={"trace": 1}) as client:
        assert [thread.id async for thread in client.threads.list(limit=1)] == ["thread_1"]
    assert [seen.target for seen in wire.seen] == [
        "/api/projects/p/threads?api-version=v1&trace=1&limit=1",
        "/api/projects/p/threads?api-version=v1&trace=1&limit=1&after=thread_1",
    ]
    assert {seen.header("authorization") for seen in wire.seen} == {"Bearer token-1"}
    assert {seen.header("api-key") for seen in wire.seen} == {None}
    assert credential.scopes == [("https://ai.azure.com/.default",)]


async def test_foundry_renews_a_token_that_is_refused(wire: Wire) -> None:
    """An expired token is replaced; this one has expired already."""
    wire.answer(failure(401), BODY)
    credential = Credential(lifetime=0)
    async with AssistantsClient.foundry(wire.base_url, credential, api_version="2025-05-01") as client:
        await client.assistants.retrieve("asst_1")
    assert [seen.header("authorization") for seen in wire.seen] == ["Bearer token-1", "Bearer token-2"]
    assert wire.last.query == {"api-version": "2025-05-01"}


@pytest.mark.parametrize("suffix", ["", "/", "/openai", "/openai/"])
async def test_azure_on_the_wire(wire: Wire, suffix: str) -> None:
    """The key in its own header, the API under `/openai` once, api-version in every query."""
    wire.answer(BODY)
    endpoint = wire.base_url.removesuffix("/v1") + suffix
    async with AssistantsClient.azure(endpoint, api_version="2024-05-01-preview", api_key=KEY) as client:
        await client.assistants.retrieve("asst_1")
    assert wire.last.target == "/openai/assistants/asst_1?api-version=2024-05-01-preview"
    assert (wire.last.header("api-key"), wire.last.header("authorization")) == (KEY, None)


async def test_azure_with_a_credential(wire: Wire) -> None:
    """A bearer token takes the place of the key."""
    wire.answer(BODY)
    credential = AsyncCredential()
    endpoint = wire.base_url.removesuffix("/v1")
    async with AssistantsClient.azure(endpoint, api_version="2024-05-01-preview", credential=credential) as client:
        await client.assistants.retrieve("asst_1")
    assert (wire.last.header("api-key"), wire.last.header("authorization")) == (None, "Bearer token-1")
    assert credential.scopes == [("https://cognitiveservices.azure.com/.default",)]


async def test_a_token_is_renewed_five_minutes_before_its_end() -> None:
    """By the clock that is passed in."""
    clock = [0.0]

    class Hour(Credential):
        @override
        def get_token(self, *scopes: str) -> Token:
            self.scopes.append(scopes)
            return Token(f"token-{len(self.scopes)}", int(clock[0]) + 3600)

    get = token_source(Hour(), "scope", lambda: clock[0])
    times = {0: "token-1", 3299: "token-1", 3300: "token-2", 6599: "token-2", 6600: "token-3"}
    for clock[0], token in times.items():
        assert await get() == token


async def test_many_keys_and_secret_headers(wire: Wire) -> None:
    """Each request has its own, and an error shows neither the last key nor the last header."""
    count = 40
    keys = iter(f"sk-renewed-{number}" for number in range(count))
    tokens = iter(f"token-changed-{number}" for number in range(count))

    def on_send(outgoing: PreparedRequest) -> None:
        outgoing.headers["x-api-key"] = next(tokens)

    wire.answer(*[BODY] * (count - 1), failure(400, f"sk-renewed-{count - 1} token-changed-{count - 1}"))
    async with AssistantsClient(base_url=wire.base_url, api_key=lambda: next(keys), on_send=on_send) as client:
        for _ in range(count - 1):
            await client.threads.create()
        with pytest.raises(BadRequestError) as caught:
            await client.threads.create()
    sent = [seen.header("authorization") for seen in wire.seen]
    assert sent == [f"Bearer sk-renewed-{number}" for number in range(count)]
    assert "sk-renewed" not in str(caught.value)
    assert "token-changed" not in str(caught.value)


async def test_a_builtin_without_a_signature(wire: Wire) -> None:
    """It may be given, as nothing says that it cannot be called so, and what it returns is checked."""
    async with AssistantsClient(base_url=wire.base_url, api_key=str) as client:
        with pytest.raises(ValueError, match="api_key must be one word"):
            await client.threads.create()
    assert wire.seen == []
