"""The key is on the wire and nowhere else."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from assistants_async import AssistantsClient, AssistantsError, Timeout
from tests.support.http_server import (
    ANYTHING,
    ASSISTANT,
    KEY,
    Answer,
    Seen,
    Wire,
    answer,
    failure,
    head,
    raw,
    silent,
    then_cut,
    then_silent,
)
from tests.support.steady_loop import MS

BODY = answer(ANYTHING)
SECRET_ID = "thread_private"
SECRET = "secret"


def shown(error: BaseException) -> str:
    """Everything that a traceback with locals, a repr, a log or a pickle shows of an error and its causes."""
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    parts = [*trace.format(), repr(error), str(error), repr(error.args), repr(vars(error))]
    if isinstance(error, AssistantsError):
        parts.append(repr(pickle.dumps(error)))
    parts += [shown(inner) for inner in (error.__cause__, error.__context__) if inner is not None]
    return "\n".join(parts)


FAULTS: dict[str, Answer] = {
    "401": failure(401, "bad"),
    "500": failure(500),
    "redirect": raw(b"", 307, location="http://127.0.0.1:9/"),
    "html": raw(b"<html>"),
    "empty": raw(b""),
    "wrong type": answer({"id": 5}),
    "error under 200": answer({"error": {"message": "x"}}),
    "never answers": silent,
    "stalls": then_silent(BODY[:-5]),
    "cut before the head": then_cut(b""),
    "cut in the body": then_cut(BODY[:-5]),
    "not HTTP": then_cut(b"nonsense\r\n\r\n"),
    "bad header": then_cut(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"),
    "bad chunk": then_cut(head(200, {"transfer-encoding": "chunked"}) + b"zz\r\n"),
    "closes": then_cut(head(200, {"content-length": "9"})),
}


def secretive(wire: Wire, auth: Any) -> AssistantsClient:
    """A client with every kind of credential, in a frame that is gone when something fails."""
    timeout = Timeout(head=30 * MS, idle=30 * MS)
    return AssistantsClient(
        base_url=wire.base_url,
        api_key=KEY,
        auth=auth,
        timeout=timeout,
        organization="org-secret",
        project="proj-secret",
    )


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("auth", ["bearer", "api-key"])
async def test_no_error_shows_the_key(
    wire: Wire, fault: Answer, auth: Any, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    """Not in its text, its causes, the locals of its traceback, its pickle, the log at DEBUG, or a warning."""
    caplog.set_level(logging.DEBUG)
    wire.answer(fault)
    async with secretive(wire, auth) as client:
        with pytest.raises(AssistantsError) as caught:
            await client.threads.modify(SECRET_ID, metadata={"a": "body-secret-1"})
    gc.collect()
    log = "\n".join(
        f"{record.getMessage()} {record.args!r}"
        for record in caplog.records
        if record.name.startswith("assistants_async")
    )
    ours = shown(caught.value) + log + "".join(str(each.message) for each in recwarn)
    for secret in (KEY, f"org-{SECRET}", f"proj-{SECRET}"):
        assert secret not in ours
    assert "body-secret-1" not in log
    assert SECRET_ID not in log
    assert KEY in str(wire.last.headers)


async def test_no_cancellation_shows_the_key(wire: Wire, client: AssistantsClient) -> None:
    """A time-out of the caller's own prints a traceback too, down to the frame that waited."""
    for stall in (silent, then_silent(BODY[:-5])):
        wire.answer(stall)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(20 * MS):
                await client.threads.retrieve(SECRET_ID)
        assert KEY not in shown(caught.value)


async def test_no_failing_hook_shows_the_key(wire: Wire, client: AssistantsClient) -> None:
    """An exception of the caller's own, raised while the key is in hand."""

    def fail(_: object) -> None:
        raise LookupError("hook")

    wire.answer(BODY)
    hooks: list[Any] = [
        {"on_request": fail},
        {"on_send": fail},
        {"on_response": fail},
        {"trace": lambda *_: fail(None)},
    ]
    for hook in hooks:
        with pytest.raises(LookupError, match="hook") as caught:
            await client.threads.retrieve("thread_1").with_options(**hook)
        assert KEY not in shown(caught.value)


async def test_no_bad_query_shows_the_key(client: AssistantsClient) -> None:
    """A value that has no text, as a hook may put in, is found while the request is written out."""

    def put(request: Any) -> None:
        request.query["x"] = b"y"

    with pytest.raises(TypeError, match="query parameter 'x'") as caught:
        await client.threads.retrieve("thread_1").with_options(on_request=put)
    assert KEY not in shown(caught.value)


async def test_no_header_that_a_hook_broke_shows_the_key(wire: Wire, client: AssistantsClient) -> None:
    """A hook that adds a line end to a header is refused, without another header's value."""

    def inject(outgoing: Any) -> None:
        outgoing.headers["x-a"] = "1\r\nx-admin: 1"

    with pytest.raises(ValueError, match="header") as caught:
        await client.threads.create().with_options(on_send=inject)
    assert KEY not in shown(caught.value)
    assert wire.seen == []


async def test_the_log_has_a_line_for_each_request(
    wire: Wire, client: AssistantsClient, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG: operation, path template, status, attempt, request id; no id of an object."""
    caplog.set_level(logging.DEBUG, "assistants_async")
    wire.answer(answer({"id": SECRET_ID}, x_request_id="req_1"))
    await client.threads.retrieve(SECRET_ID)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "assistants_async"]
    assert "threads.retrieve: GET /threads/{thread_id}" in line
    assert "200" in line
    assert "req_1" in line
    assert SECRET_ID not in line


REPRS: dict[str, Callable[[AssistantsClient], object]] = {
    "client": lambda client: client,
    "context": lambda client: client._context,
    "session": lambda client: vars(client._context.session),
    "credential": lambda client: client._context.session.credential,
    "namespace": lambda client: client.threads,
    "options": lambda client: client.with_options(headers={"x-a": "b"})._context.options,
}


@pytest.mark.parametrize("what", REPRS.values(), ids=REPRS.keys())
def test_no_repr_shows_the_key(what: Callable[[AssistantsClient], object]) -> None:
    """Debuggers and notebooks print these."""
    client = AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY, organization="org-secret-1")
    assert KEY not in repr(what(client))
    assert "org-secret-1" not in repr(what(client))


def test_the_repr_of_a_client_says_where_it_points() -> None:
    """Address and protocol, and whether there is a key."""
    client = AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY)
    assert repr(client) == "<AssistantsClient http://127.0.0.1/v1 v2, key Credential([masked])>"
    assert repr(AssistantsClient(base_url="http://127.0.0.1/v1")).endswith("key Credential(none)>")


def test_headers_set_by_hand_are_masked_in_options() -> None:
    """A key that is passed as a header is a key all the same."""
    client = AssistantsClient(base_url="http://127.0.0.1/v1", headers={"Authorization": f"Bearer {KEY}"})
    assert KEY not in repr(client._context.options)


def test_a_credential_is_not_pickled() -> None:
    """It would write the key out."""
    client = AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(client._context.session.credential)


async def test_hooks_see_masked_reprs(wire: Wire, client: AssistantsClient) -> None:
    """A hook that prints its arguments shows no key, though it can read it."""
    wire.answer(BODY)
    printed: list[str] = []
    keys: list[str] = []

    def note(outgoing: Any) -> None:
        printed.append(repr(outgoing) + repr(outgoing.headers))
        keys.append(outgoing.headers["authorization"])

    await client.threads.retrieve("thread_1").with_options(
        on_send=note, on_request=lambda request: printed.append(repr(request))
    )
    assert keys == [f"Bearer {KEY}"]
    assert KEY not in "".join(printed)


async def test_a_key_that_the_server_echoes_is_masked(wire: Wire, client: AssistantsClient) -> None:
    """In the text of the error; `message` keeps the server's own words."""
    wire.answer(failure(401, f"Incorrect API key provided: {KEY}."))
    with pytest.raises(AssistantsError) as caught:
        await client.threads.create()
    assert KEY not in str(caught.value)
    assert "[masked]" in str(caught.value)


async def test_redirects_are_not_followed(wire: Wire, client: AssistantsClient) -> None:
    """The other place never hears from the client, and the error shows where it pointed."""
    async with Wire().serve() as other:
        other.answer(BODY)
        for status in (301, 302, 303, 307, 308):
            wire.answer(raw(b"", status, location=other.base_url + "/x"))
            with pytest.raises(AssistantsError) as caught:
                await client.threads.create()
            assert getattr(caught.value, "http").headers["location"] == other.base_url + "/x"  # noqa: B009  # any status error
            assert len(wire.seen) == 1
        assert other.connections == 0


async def test_cookies_are_not_kept(wire: Wire, client: AssistantsClient) -> None:
    """A server's cookies are not sent back."""

    def cookie(seen: Seen) -> str | None:
        return seen.header("cookie")

    wire.answer(answer(ASSISTANT, set_cookie="session=1; Path=/"))
    for _ in range(2):
        await client.assistants.retrieve("asst_1")
    assert [cookie(seen) for seen in wire.seen] == [None, None]


BAD_SETTINGS: dict[str, Callable[[], Any]] = {
    "protocol": lambda: AssistantsClient(api_key=KEY, protocol="v9"),  # type: ignore[arg-type]  # on purpose
    "base_url": lambda: AssistantsClient(api_key=KEY, base_url="nowhere"),
    "timeout": lambda: AssistantsClient(api_key=KEY, timeout=-1),
    "unknown": lambda: AssistantsClient(api_key=KEY, tiemout=1),  # type: ignore[call-arg]  # on purpose
    "azure": lambda: AssistantsClient.azure("nowhere", api_version="1", api_key=KEY),
}


@pytest.mark.parametrize("make", BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_settings_that_are_refused_do_not_show_the_key(make: Callable[[], Any]) -> None:
    """No frame of the client keeps them for a traceback with locals."""
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert KEY not in shown(caught.value)


async def test_the_local_client_keeps_no_settings() -> None:
    """The frame of `local` is in every traceback out of its block."""
    with pytest.raises(KeyError) as caught:
        async with AssistantsClient.local(api_key=KEY):
            raise KeyError
    assert KEY not in shown(caught.value)
