"""The client's own key, masked wherever a text of the server's is shown, whatever the key looks like."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from assistants_async import AssistantsClient, AssistantsError, PreparedRequest, RunFailedError, StatusError
from assistants_async.core.requests.request import secrets_of
from assistants_async.session.masking import Masker
from tests.support.byte_server import Body, Gate, frame
from tests.support.http_server import RUN, Wire, answer, raw

KEYS = {
    "word": "hunter2hunter2",
    "short": "s3cr3t",
    "hex": "0123456789abcdef0123456789abcdef",
    "token": "eyJhbGciOiJ.eyJzdWIiOiIx.sig-nature_",
    "signs": 'pa"ss\\wo/rd&<x>',
    "latin-1": "schlüssel-ü",
    "pattern": "a.*b+c(d)[e]|f",
}
keys = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)


def shown(error: BaseException, key: str) -> str:
    """Everything that an error shows or keeps, in one text."""
    parts = ["".join(traceback.format_exception(error)), repr(error), str(error), repr(vars(error)), repr(error.args)]
    if isinstance(error, AssistantsError):
        kept = pickle.loads(pickle.dumps(error))  # our own
        parts += [str(kept), repr(vars(kept))]
        if (http := getattr(error, "http", None)) is not None:
            parts += [http.content.decode("utf-8"), repr(http.headers), http.reason]
    return "\n".join(parts)


def answers(key: str) -> dict[str, bytes]:
    """Answers that echo the key in every place that an error is read from."""
    said = f"Incorrect API key provided: {key}."
    members = dict.fromkeys(("message", "type", "code", "param"), said)
    html = raw(f"<html>{said}".encode(), 403, "Forbidden", content_type="text/html")
    failed = {**RUN, "status": "failed", "last_error": {"code": "server_error", "message": said}}
    return {
        "error": answer({"error": members}, 401, x_request_id="req"),
        "detail": answer({"detail": [{"msg": said}]}, 422),
        "text": raw(said.encode("latin-1", "replace"), 500, content_type="text/plain"),
        "page": html,
        "header": answer({}, 400, x_request_id=quote(key), location=f"/login?key={quote(key, safe='')}"),
        "2xx error": answer({"error": members}),
        "2xx text": raw(said.encode(), content_type="text/plain"),
        "2xx type": answer({"id": 5, "said": said}),
        "event": raw(frame("error", {"error": members}), content_type="text/event-stream"),
        "bad event": raw(frame("thread.run.created", {"id": [said]}), content_type="text/event-stream"),
        "cut event": raw(frame("thread.run.created", said.encode())[:-2], content_type="text/event-stream"),
        "failed run": raw(frame("thread.run.failed", failed), content_type="text/event-stream"),
    }


async def retrieve(client: AssistantsClient) -> None:
    """Await a value."""
    await client.threads.retrieve("thread_1")


async def respond(client: AssistantsClient) -> None:
    """Ask for the whole response."""
    await client.runs.create("thread_1", assistant_id="asst_1").response()


async def stream(client: AssistantsClient) -> None:
    """Read a run's text."""
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        async for _ in channel.text():
            pass


async def listed(client: AssistantsClient) -> None:
    """Walk a list."""
    await client.threads.list().collect()


async def download(client: AssistantsClient) -> None:
    """Stream bytes."""
    async with client.files.content("file_1").stream() as channel:
        async for _ in channel:
            pass


async def drive(client: AssistantsClient) -> None:
    """Drive a run."""
    await client.runs.create("thread_1", assistant_id="asst_1").drive()


OPERATIONS: list[Callable[[AssistantsClient], Awaitable[None]]] = [retrieve, respond, stream, listed, download, drive]
operations = pytest.mark.parametrize("operation", OPERATIONS, ids=[each.__name__ for each in OPERATIONS])


@operations
@keys
async def test_no_error_shows_the_key_that_a_server_echoes(
    wire: Wire, key: str, operation: Callable[[AssistantsClient], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    """Not as it is, nor as JSON, HTML or a URL spells it: in text, message, notes, answer, log or hooks."""
    caplog.set_level(logging.DEBUG, "assistants_async")
    heard: list[str] = []
    failures = 0

    def add_key(outgoing: PreparedRequest) -> None:
        outgoing.headers["x-gateway-key"] = key

    def hear(value: object) -> None:
        heard.append(f"{value} {value!r}")

    def trace(kind: str, text: str) -> None:
        if kind in ("TEXT", "HEADER IN", "DATA IN"):
            heard.append(text)

    ways: list[dict[str, Any]] = [
        {"api_key": key},
        {"api_key": lambda: key, "auth": "api-key"},
        {"headers": {"Authorization": f"Bearer {key}"}},
        {"on_send": add_key},
    ]
    spellings = (key, key.replace("/", "\\/"), quote(key, safe=""))
    for way in ways:
        if len(key) < 8 and "api_key" not in way:
            continue  # what is short is masked where it is known to be a key
        hooks: dict[str, Any] = {"on_error": hear, "on_retry": hear, "trace": trace}
        async with AssistantsClient(base_url=wire.base_url, retry=None, **way, **hooks) as client:
            for echo in answers(key).values():
                wire.answer(echo)
                try:
                    await operation(client)
                except AssistantsError as error:
                    failures += 1
                    found = shown(error, key)
                    assert not [each for each in spellings if each in found], found
    assert failures >= 10
    texts = "\n".join([*heard, *caplog.messages])
    assert not [line for line in texts.splitlines() for each in spellings if each in line]


async def test_the_servers_words_stay_but_for_the_key(wire: Wire) -> None:
    """The rest of the message is the reason that the caller needs."""
    wire.answer(answer({"error": {"message": "Incorrect API key provided: hunter2. See https://x/keys."}}, 401))
    async with AssistantsClient(base_url=wire.base_url, api_key="hunter2") as client:
        with pytest.raises(StatusError) as caught:
            await client.threads.create()
    assert caught.value.message == "Incorrect API key provided: [masked]. See https://x/keys."
    assert b"[masked]" in caught.value.http.content


async def test_a_failed_run_keeps_its_words_but_for_the_key(wire: Wire) -> None:
    """A server that passes the key on to a model may find it refused there."""
    failed = {**RUN, "status": "failed", "last_error": {"code": "server_error", "message": "no such key: hunter2"}}
    wire.answer(answer(failed))
    async with AssistantsClient(base_url=wire.base_url, api_key="hunter2") as client:
        with pytest.raises(RunFailedError, match=r"no such key: \[masked\]") as caught:
            await client.runs.wait("thread_1", "run_1")
    assert caught.value.message == "no such key: [masked]"


async def test_every_key_of_a_function_is_masked(wire: Wire) -> None:
    """Also one that another call has replaced meanwhile."""
    given = iter(["first-key-1", "second-key-2", "third-key-3"])
    wire.answer(answer({"error": {"message": "not first-key-1, second-key-2 or third-key-3"}}, 401))
    async with AssistantsClient(base_url=wire.base_url, api_key=lambda: next(given)) as client:
        with pytest.raises(StatusError) as caught:
            await client.threads.create()
    assert caught.value.message == "not [masked], [masked] or third-key-3"


MASKED = {
    "long within a word": ("secret-key", "xsecret-keyx", "x[masked]x"),
    "short alone": ("local", "key local, not localhost", "key [masked], not localhost"),
    "placeholder": ("k", "key k", "key k"),
    "none": ("", "key", "key"),
    "controls": ("abc12345", "abc12345\x00abc12345", "[masked]\x00[masked]"),
}


@pytest.mark.parametrize(("secret", "text", "wanted"), MASKED.values(), ids=MASKED)
def test_masking_is_exact(secret: str, text: str, wanted: str) -> None:
    """A short key is masked as a word of its own, and a placeholder of up to three characters not at all."""
    assert Masker([secret]).text(text) == wanted
    assert Masker([secret]).content(text.encode()) == wanted.encode()


def test_secrets_of_headers() -> None:
    """Those of names that speak of keys, without their schemes; names of accounts are no secrets."""
    headers = {
        "Authorization": "Bearer abcdefgh1",
        "x-api-key": "abcdefgh2",
        "cookie": "a=abcdefgh3; b=1",
        "openai-organization": "org-abcdefgh",
        "accept": "application/json",
        "x-token": None,
    }
    assert set(secrets_of(headers)) == {"abcdefgh1", "abcdefgh2", "a=abcdefgh3"}


async def test_a_traceback_with_locals_shows_no_key(wire: Wire) -> None:
    """The frames that read the answer have its text, so that an error with a masked text comes without them."""
    for name, echo in answers("hunter2hunter2").items():
        if name == "failed run":  # a value that was read well, and is shown as it came
            continue
        wire.answer(echo)
        async with AssistantsClient(base_url=wire.base_url, api_key="hunter2hunter2", retry=None) as client:
            for operation in (retrieve, respond, stream, listed, drive):
                try:
                    await operation(client)
                except AssistantsError as error:
                    shown_locals = traceback.TracebackException.from_exception(error, capture_locals=True)
                    frames = [f for f in shown_locals.stack if "/assistants_async/" in f.filename]
                    assert "hunter2" not in str([frame.locals for frame in frames]), operation


async def test_members_of_a_run_in_an_error_are_masked(wire: Wire) -> None:
    """Metadata is a mapping."""
    wire.answer(answer({**RUN, "status": "failed", "metadata": {"said": "hunter2", "hunter2": "said"}}))
    async with AssistantsClient(base_url=wire.base_url, api_key="hunter2") as client:
        with pytest.raises(RunFailedError) as caught:
            await client.runs.wait("thread_1", "run_1")
    assert caught.value.run.metadata == {"said": "[masked]", "[masked]": "said"}


@pytest.mark.parametrize("cut", [1, 5, 13], ids=str)
async def test_a_trace_of_a_stream_masks_a_key_that_comes_in_two_pieces(wire: Wire, cut: int) -> None:
    """What may be its beginning is shown with the piece behind it."""
    body = frame("thread.created", {"id": "thread_1", "object": "thread", "metadata": {"said": "hunter2hunter2"}})
    place = body.index(b"hunter2") + cut
    gate = Gate()
    wire.answer(Body(body[:place], gate, body[place:]))
    seen: list[str] = []
    async with AssistantsClient(base_url=wire.base_url, api_key="hunter2hunter2") as client:
        view = client.with_options(trace=lambda kind, text: seen.append(text) if kind == "DATA IN" else None)
        async with view.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
            reading = asyncio.create_task(anext(channel))
            async with asyncio.timeout(60):
                await gate.reached.wait()
                while not seen:
                    await asyncio.sleep(0)
            gate.set()
            await reading
    assert "".join(seen) == body.decode().replace("hunter2hunter2", "[masked]")


MISPLACED: dict[str, Callable[[str], object]] = {
    "base_url": lambda key: AssistantsClient(base_url=key, api_key="https://host.test/v1"),
    "base_url, with its scheme": lambda key: AssistantsClient(base_url=f"Bearer {key}", api_key="k"),
    "password with #": lambda key: AssistantsClient(base_url=f"https://user:12#{key}@host.test/v1", api_key="k"),
    "password without a scheme": lambda key: AssistantsClient(base_url=f"user:{key}@host.test", api_key="k"),
    "endpoint": lambda key: AssistantsClient.azure(key, api_version="1", api_key="k"),
    "endpoint of Foundry": lambda key: AssistantsClient.foundry(key, "k"),  # type: ignore[arg-type]
    "transport": lambda key: AssistantsClient(api_key="k", transport=key),  # type: ignore[arg-type]
    "protocol": lambda key: AssistantsClient(api_key="k", protocol=key),  # type: ignore[arg-type]
    "auth": lambda key: AssistantsClient(api_key="k", auth=key),  # type: ignore[arg-type]
    "max_connections": lambda key: AssistantsClient(api_key="k", max_connections=key),  # type: ignore[arg-type]
    "validate": lambda key: AssistantsClient(api_key="k", validate=key),  # type: ignore[arg-type]
    "name of a header": lambda key: AssistantsClient(api_key="k", headers={f"Bearer {key}": "authorization"}),
}


@pytest.mark.parametrize(
    "key",
    ["sk-proj-0123456789abcdef", "0123456789abcdef0123456789abcdef", "eyJ." + "ab0." * 50],
    ids=["sk", "hex", "token"],
)
@pytest.mark.parametrize("make", MISPLACED.values(), ids=MISPLACED)
def test_a_key_in_the_wrong_place_is_not_shown(make: Callable[[str], object], key: str) -> None:
    """As where two arguments were turned around."""
    with pytest.raises((TypeError, ValueError)) as caught:
        make(key)
    assert key not in "".join(traceback.format_exception_only(caught.value)), caught.value
