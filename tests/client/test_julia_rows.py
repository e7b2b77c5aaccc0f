"""The capabilities of the Julia client of this protocol in their asyncio form: one test a row.

Rows are numbered as in the comparison that the design was made from; streams (3, 7, 8, 13) and workflows (30) have
test modules of their own.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assistants_async import (
    Assistant,
    AssistantsClient,
    ConnectFailedError,
    ConnectionLostError,
    DecodeError,
    HTTPResponse,
    NotFoundError,
    PreparedRequest,
    Request,
    Run,
    Styled,
    TimedOutError,
    Timeout,
    Unknown,
    ValidationError,
)
from assistants_async.models.tools import CodeInterpreterTool, FunctionTool
from tests.support.http_server import (
    ASSISTANT,
    FILE,
    KEY,
    RUN,
    THREAD,
    Memory,
    Wire,
    answer,
    failure,
    page,
    raw,
    silent,
    then_cut,
)
from tests.support.steady_loop import MS
from tests.support.written import written

ROWS = (1, 2, 4, 5, 6, *range(9, 13), *range(14, 30))

SEE: dict[int, str] = {
    1: "test_operation_reaches_each_row_by_both_spellings",
    2: "test_response_gives_the_answer_beside_the_value",
    4: "test_each_status_raises_its_class",
    5: "test_a_broken_answer_is_a_lost_connection",
    6: "test_each_limit_has_its_name",
    9: "test_headers_and_query_add_up_and_the_rest_is_replaced",
    10: "test_media_types_can_be_set",
    11: "test_two_phases",
    12: "test_resolve_type_chooses_the_type",
    14: "test_no_text_reaches_another_path",
    15: "test_each_value_has_one_spelling",
    16: "test_trace_shows_everything_but_secrets",
    17: "test_a_client_can_be_made_at_module_level",
    18: "test_a_path",
    19: "test_a_cut_body_leaves_nothing",
    20: "test_iso_times",
    21: "test_models_are_values",
    22: "test_unknown_members_survive_a_round_trip",
    23: "test_each_documented_limit_at_its_edge",
    24: "test_strict_takes_answers_by_the_letter",
    25: "test_absent_null_and_value_are_three_things",
    26: "test_at_follows_a_path",
    27: "test_401_calls_a_function_once_more",
    28: "test_a_waiting_call_gets_the_connection_when_it_is_free",
}
"""The tests of each row in full."""


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_test(row: int) -> None:
    """One here that is named after it, and the one that `SEE` points to."""
    assert any(name.startswith(f"test_row_{row:02}_") for name in written())
    assert row not in SEE or SEE[row] in written()


async def test_row_01_call_an_operation(wire: Wire, client: AssistantsClient) -> None:
    """By its method, or by the document's name; both give the model."""
    wire.answer(answer(RUN))
    by_method = await client.runs.retrieve("thread_1", "run_1")
    by_name = await client.operation("get_run", thread_id="thread_1", run_id="run_1")
    assert type(by_method) is type(by_name) is Run
    assert by_method == by_name
    assert [seen.target for seen in wire.seen] == ["/v1/threads/thread_1/runs/run_1"] * 2


async def test_row_02_response_metadata(wire: Wire, client: AssistantsClient) -> None:
    """Value and answer as a pair."""
    wire.answer(answer(RUN, x_request_id="req_1"))
    run, http = await client.runs.retrieve("thread_1", "run_1").response()
    assert (run.id, http.status, http.request_id, http.attempts) == ("run_1", 200, "req_1", 1)


async def test_row_04_error_statuses(wire: Wire, client: AssistantsClient) -> None:
    """Raised with the server's words, or returned beside None on request."""
    wire.answer(failure(404, "No thread found"))
    with pytest.raises(NotFoundError, match="No thread found") as caught:
        await client.threads.retrieve("thread_1")
    assert b"No thread found" in caught.value.http.content
    value, http = await client.threads.retrieve("thread_1").with_options(raise_for_status=False).response()
    assert http.status == 404
    assert value is None


async def test_row_05_transport_errors(wire: Wire, client: AssistantsClient) -> None:
    """Lost connections and unknown hosts are errors of their own, with their cause."""
    wire.answer(then_cut(b"HTTP/1.1 200 OK\r\n"))
    with pytest.raises(ConnectionLostError) as lost:
        await client.threads.create()
    assert lost.value.maybe_processed
    async with AssistantsClient(base_url="http://nowhere.invalid", api_key=KEY) as other:
        with pytest.raises(ConnectFailedError, match=r"nowhere\.invalid") as failed:
            await other.threads.create()
    assert isinstance(failed.value.__cause__, OSError)


async def test_row_06_time_limits(wire: Wire, client: AssistantsClient) -> None:
    """Floats, per client, view and call; two tasks have two, and the client works on."""
    wire.answer(silent)
    view = client.with_options(timeout=Timeout(head=20 * MS))
    calls = (view.threads.create(), client.threads.create().with_options(timeout=40 * MS))
    first, second = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(first, TimedOutError)
    assert isinstance(second, TimedOutError)
    assert [(first.phase, first.limit), (second.phase, second.limit)] == [("head", 20 * MS), ("total", 40 * MS)]
    wire.answer(answer(THREAD))
    assert (await client.threads.create()).id == "thread_1"


async def test_row_09_headers_cookies_and_user_agent(wire: Wire, client: AssistantsClient) -> None:
    """Set per view and call, case-insensitively, None takes away; cookies are not kept; injection is refused."""
    wire.answer(answer(THREAD, set_cookie="a=1"))
    view = client.with_options(headers={"User-Agent": "mine", "X-A": "1"})
    await view.threads.create().with_options(headers={"x-a": None})
    await view.threads.create()
    assert [(seen.header("user-agent"), seen.header("x-a"), seen.header("cookie")) for seen in wire.seen] == [
        ("mine", None, None),
        ("mine", "1", None),
    ]
    with pytest.raises(ValueError, match="header 'x-a'"):
        client.with_options(headers={"x-a": "1\r\nx-b: 2"})


async def test_row_10_media_types(wire: Wire, client: AssistantsClient) -> None:
    """A JSON type of another name for the body, any type to accept; none where there is no body."""
    wire.answer(answer(THREAD))
    view = client.with_options(content_type="application/vnd.api+json", accept="text/x")
    await view.threads.create()
    await view.threads.retrieve("thread_1")
    assert [(seen.header("content-type"), seen.header("accept")) for seen in wire.seen] == [
        ("application/vnd.api+json", "text/x"),
        (None, "text/x"),
    ]
    with pytest.raises(ValueError, match="JSON media type"):
        client.with_options(content_type="text/plain")


async def test_row_11_hooks(wire: Wire, client: AssistantsClient) -> None:
    """One before the request is written, one before it is sent, one after the answer; each may be sync or async."""
    reports: list[str] = []

    async def on_request(request: Request) -> None:
        request.headers["x-phase"] = "1"
        reports.append("request")

    def on_send(outgoing: PreparedRequest) -> None:
        outgoing.headers["x-phase"] += "2"
        reports.append("send")

    wire.answer(answer(THREAD))
    await client.threads.create().with_options(
        on_request=on_request, on_send=on_send, on_response=lambda http: reports.append(str(http.status))
    )
    assert (reports, wire.last.header("x-phase")) == (["request", "send", "200"], "12")


async def test_row_12_types_of_results(wire: Wire, client: AssistantsClient) -> None:
    """Chosen for a call, or by a function for all of them."""
    wire.answer(answer(ASSISTANT))
    assert await client.assistants.retrieve("asst_1").as_type(dict) == ASSISTANT

    def resolve(operation: str, http: HTTPResponse) -> Any:
        return dict if operation == "getAssistant" else None

    got: object = await client.assistants.retrieve("asst_1").with_options(resolve_type=resolve)
    assert got == ASSISTANT


async def test_row_14_path_escaping(wire: Wire, client: AssistantsClient) -> None:
    """A space in an id is escaped in every verb; what is no id is refused, whatever is switched off."""
    wire.answer(answer(THREAD))
    await client.threads.retrieve("a b/c")
    await client.threads.modify("a b/c")
    assert [seen.target for seen in wire.seen] == ["/v1/threads/a%20b%2Fc"] * 2
    wire.answer(answer({"id": "a b/c", "object": "thread.deleted", "deleted": True}))
    await client.threads.delete("a b/c")
    async with AssistantsClient(base_url=wire.base_url, validate=False) as loose:
        for bad in ("", ".", ".."):
            with pytest.raises(ValidationError, match="thread_id"):
                loose.threads.retrieve(bad)  # type: ignore[unused-awaitable]  # it raises
    assert [seen.target for seen in wire.seen] == ["/v1/threads/a%20b%2Fc"]


async def test_row_15_query_styles(wire: Wire, client: AssistantsClient) -> None:
    """Repeated keys by default, the other styles by name, bools in lower case, None left out."""
    wire.answer(page("a"))
    query = {"a": [1, 2], "b": Styled([1, 2], "comma"), "c": {"d": True}, "e": None, "f": Styled(["x", "y"], "pipe")}
    await client.assistants.list(limit=1).with_options(query=query)
    assert wire.last.target == "/v1/assistants?a=1&a=2&b=1%2C2&c[d]=true&f=x%7Cy&limit=1"


async def test_row_16_tracing(wire: Wire, client: AssistantsClient) -> None:
    """Sent and received bodies come out as they are, the key does not."""
    reports: dict[str, str] = {}
    wire.answer(answer(ASSISTANT))
    await client.assistants.create(model="m").with_options(trace=lambda kind, text: reports.update({kind: text}))
    assert msgspec.json.decode(reports["DATA OUT"]) == {"model": "m"}
    assert msgspec.json.decode(reports["DATA IN"]) == ASSISTANT
    assert KEY not in str(reports)


async def test_row_17_another_transport() -> None:
    """Anything that can open and close; the client closes it."""
    transport = Memory(answer(ASSISTANT))
    async with AssistantsClient(base_url="http://127.0.0.1/v1", transport=transport) as client:
        assert (await client.assistants.retrieve("asst_1")).id == "asst_1"
    assert [outgoing.url for outgoing in transport.sent] == ["http://127.0.0.1/v1/assistants/asst_1"]
    assert transport.closed == 1


async def test_row_18_upload(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Explicit: a path is opened, a str is refused, bytes are content."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")
    wire.answer(answer(FILE))
    await client.files.create(file=path, purpose="assistants")
    assert b'name="file"; filename="a.txt"\r\n' in wire.last.body
    assert b"\r\n\r\nabc\r\n--" in wire.last.body
    wrong: Any = str(path)
    with pytest.raises(TypeError, match="must not be str"):
        client.files.create(file=wrong, purpose="assistants")  # type: ignore[unused-awaitable]  # it raises


async def test_row_19_download(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Under the server's name made safe, or one of the caller's."""
    wire.answer(raw(b"abc", content_disposition='attachment; filename="../a.txt"'))
    assert await client.files.content("file_1").save(tmp_path) == tmp_path / "a.txt"
    assert await client.files.content("file_1").save(tmp_path, "b.txt") == tmp_path / "b.txt"
    assert [(tmp_path / name).read_bytes() for name in ("a.txt", "b.txt")] == [b"abc", b"abc"]


async def test_row_20_dates(wire: Wire, client: AssistantsClient) -> None:
    """Ints stay ints, with an aware datetime beside them; text is read too."""
    wanted = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for sent in (int(wanted.timestamp()), "2026-01-02T03:04:05Z", "2026-01-02 13:04:05+10:00"):
        wire.answer(answer({"id": "thread_1", "created_at": sent}))
        thread = await client.threads.retrieve("thread_1")
        assert (thread.created_at, thread.created_time) == (int(wanted.timestamp()), wanted)


async def test_row_21_models(wire: Wire, client: AssistantsClient) -> None:
    """Frozen, typed, compared by value, and tolerant of members that they do not know."""
    wire.answer(answer({**ASSISTANT, "shiny": {"new": True}}))
    got = await client.assistants.retrieve("asst_1")
    assert got == Assistant(id="asst_1", object="assistant", created_at=1, model="gpt-4o")
    with pytest.raises(AttributeError):
        got.name = "x"  # type: ignore[misc]  # what the test is about


async def test_row_22_unions(wire: Wire, client: AssistantsClient) -> None:
    """Selected by `type`; unknown ones are kept, and go back unchanged with the others."""
    tools = [
        {"type": "code_interpreter"},
        {"type": "function", "function": {"name": "f"}},
        {"type": "mcp", "x": [1, None]},
    ]
    wire.answer(answer({**ASSISTANT, "tools": tools}))
    got = await client.assistants.retrieve("asst_1")
    assert [type(tool) for tool in got.tools] == [CodeInterpreterTool, FunctionTool, Unknown]
    await client.assistants.modify(got, tools=got.tools)
    assert wire.last.json == {"tools": tools}


async def test_row_23_validation(wire: Wire, client: AssistantsClient) -> None:
    """Before anything is sent, with operation, path, rule and value."""
    with pytest.raises(ValidationError) as caught:
        client.messages.list("thread_1", limit=101)  # type: ignore[unused-awaitable]  # it raises
    error = caught.value
    assert (error.operation, error.path, error.rule, error.value) == (
        "messages.list",
        "limit",
        "expected `int` <= 100",
        101,
    )
    assert wire.seen == []


async def test_row_24_response_validation(wire: Wire, client: AssistantsClient) -> None:
    """Off by default, on by an option."""
    wire.answer(answer({**ASSISTANT, "tools": None}))
    assert (await client.assistants.retrieve("asst_1")).tools == ()
    with pytest.raises(DecodeError):
        await client.assistants.retrieve("asst_1").with_options(strict=True)


async def test_row_25_null_and_absent(wire: Wire, client: AssistantsClient) -> None:
    """None is sent as null; UNSET and absent keywords are not sent."""
    wire.answer(answer(ASSISTANT))
    changes: Any = {"name": None, "description": msgspec.UNSET}
    await client.assistants.modify("asst_1", **changes)
    assert wire.last.body == b'{"name":null}'


async def test_row_26_reflection(wire: Wire, client: AssistantsClient) -> None:
    """Paths to values, missing members, and plain values."""
    wire.answer(answer({**RUN, "last_error": {"code": "server_error", "message": "x"}}))
    run = await client.runs.retrieve("thread_1", "run_1")
    assert run.at("last_error.code") == "server_error"
    assert (run.has("last_error.message"), run.has("usage.total_tokens")) == (True, False)
    assert "created_at" in run.missing_required()
    assert Run.from_dict(run.to_dict()) == Run.from_json(run.to_json()) == run
    assert run.fields()[:2] == ("id", "object")


async def test_row_27_credentials(wire: Wire) -> None:
    """A key or a function that gives one, the identity headers, and the version; a bad key fails before the network."""
    wire.answer(answer(THREAD))

    async def key() -> str:
        return KEY

    async with AssistantsClient(
        base_url=wire.base_url, api_key=key, organization="org", project="proj", protocol="v1"
    ) as client:
        await client.threads.create()
    names = ("authorization", "openai-organization", "openai-project", "openai-beta")
    assert [wire.last.header(name) for name in names] == [f"Bearer {KEY}", "org", "proj", "assistants=v1"]
    with pytest.raises(ValueError, match="api_key"):
        AssistantsClient(base_url=wire.base_url, api_key=" ")


async def test_row_28_concurrency(wire: Wire, client: AssistantsClient) -> None:
    """One client for many tasks: successes and errors side by side, and no connection more than there are tasks."""
    wire.answer(answer(THREAD))
    bad = client.with_options(timeout=60)

    async def one(place: int) -> str:
        thread = await (client if place % 2 else bad).threads.retrieve(f"thread_{place}")
        return thread.id

    assert await asyncio.gather(*(one(place) for place in range(200))) == ["thread_1"] * 200
    assert wire.connections <= 100
    assert len({seen.path for seen in wire.seen}) == 200


async def test_row_29_a_server_for_tests() -> None:
    """The package brings one, and a client of it, without a key or a network."""
    async with AssistantsClient.local() as client:
        thread = await client.threads.create(metadata={"a": "b"})
        assert (await client.threads.retrieve(thread)).metadata == {"a": "b"}
