"""Errors as they come out of a call: their class, their data, and what survives a pickle."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    AssistantsError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ConnectFailedError,
    ConnectionLostError,
    DecodeError,
    Headers,
    HTTPResponse,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RedirectError,
    ServerError,
    StatusError,
    ThreadBusyError,
    TimedOutError,
    TransportError,
    UnprocessableError,
    ValidationError,
    WrongProtocolError,
    errors,
)
from assistants_async.models import (
    FileCounts,
    FileProblem,
    IncompleteDetails,
    IngestedFile,
    IngestReport,
    LastError,
    Run,
    UploadState,
    VectorStoreFile,
    VectorStoreFileBatch,
)
from tests.support.http_server import ANYTHING, Answer, Wire, answer, chunk, failure, head, raw, then_cut

BODY = answer(ANYTHING)

STATUSES: dict[int, type[StatusError]] = {
    301: RedirectError,
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    418: StatusError,
    422: UnprocessableError,
    429: RateLimitedError,
    500: ServerError,
    503: ServerError,
}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
async def test_each_status_raises_its_class(
    wire: Wire, client: AssistantsClient, status: int, kind: type[StatusError]
) -> None:
    """With the server's words, its data, the whole answer, and the operation as a note."""
    wire.answer(failure(status, "no such model", x_request_id="req_1"), BODY)
    with pytest.raises(StatusError) as caught:
        await client.assistants.create(model="x")
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.message, error.type) == (status, "no such model", "invalid_request_error")
    assert (error.code, error.param, error.request_id, error.attempts) == ("bad", "model", "req_1", 1)
    assert error.http.headers["content-type"] == "application/json"
    assert b"no such model" in error.http.content
    assert error.__notes__ == ["while calling assistants.create: POST /assistants"]
    assert error.__cause__ is error.__context__ is None
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"


async def test_a_busy_thread_names_its_run(wire: Wire, client: AssistantsClient) -> None:
    """So that the caller can wait for it, or cancel it."""
    wire.answer(failure(400, "Thread thread_1 already has an active run run_7."))
    with pytest.raises(ThreadBusyError) as caught:
        await client.runs.create("thread_1", assistant_id="asst_1")
    assert caught.value.run_id == "run_7"


async def test_a_rate_limit_says_when_to_come_back(wire: Wire, client: AssistantsClient) -> None:
    """In seconds."""
    wire.answer(failure(429, retry_after_ms="1500"))
    with pytest.raises(RateLimitedError) as caught:
        await client.threads.create()
    assert caught.value.retry_after == 1.5


async def test_error_statuses_can_be_values(wire: Wire, client: AssistantsClient) -> None:
    """`raise_for_status=False` gives None beside the answer; 2xx answers are decoded as ever."""
    lenient = client.with_options(raise_for_status=False)
    wire.answer(failure(404), BODY)
    nothing, failed = await lenient.assistants.retrieve("asst_1").response()
    value, http = await lenient.assistants.retrieve("asst_1").response()
    assert (failed.status, http.status, value.id) == (404, 200, "asst_1")
    assert nothing is None


async def test_another_base_path_is_a_plain_404(wire: Wire, client: AssistantsClient) -> None:
    """HTML of some other server becomes an error with the start of its page."""
    wire.answer(raw(b"<html>nothing here</html>", 404, "Not Found", content_type="text/html"))
    with pytest.raises(NotFoundError) as caught:
        await client.threads.create()
    assert str(caught.value) == "404 Not Found: text/html body '<html>nothing here</html>'"


BAD_BODIES: dict[str, bytes] = {
    "empty": raw(b""),
    "html": raw(b"<html></html>", content_type="text/html"),
    "truncated": raw(b'{"id":"asst_1"'),
    "null": answer(None),
    "list": answer([]),
    "no content": raw(b"", 204),
    "ends early": head(200, {"content-type": "application/json", "connection": "close"}) + b'{"id":"asst_1',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_2xx_that_is_no_document_is_a_decode_error(wire: Wire, client: AssistantsClient, body: bytes) -> None:
    """Never half an object, and the answer is kept."""

    async def send(seen: Any, peer: Any) -> None:
        await peer.send(body)
        if b"connection: close" in body:
            peer._writer.close()

    wire.answer(send)
    with pytest.raises(DecodeError) as caught:
        await client.assistants.retrieve("asst_1")
    assert body.endswith(caught.value.http.content)
    assert caught.value.__notes__ == ["while calling assistants.retrieve: GET /assistants/{assistant_id}"]


CUTS: dict[str, Answer] = {
    "before anything": then_cut(b""),
    "in the status line": then_cut(b"HTTP/1.1 20"),
    "in the headers": then_cut(b"HTTP/1.1 200 OK\r\ncontent-"),
    "after the head": then_cut(head(200, {"content-length": "20"})),
    "in the body": then_cut(BODY[:-5]),
    "in a chunk": then_cut(head(200, {"transfer-encoding": "chunked"}) + b'10\r\n{"id":'),
    "between chunks": then_cut(head(200, {"transfer-encoding": "chunked"}) + chunk(b'{"id":"a"}')),
    "not HTTP": then_cut(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    "HTTP/0.9": then_cut(b'{"id":"asst_1"}'),
    "status of letters": then_cut(b"HTTP/1.1 abc OK\r\n\r\n"),
    "length of letters": then_cut(b"HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n"),
    "negative length": then_cut(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"),
    "two lengths": then_cut(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}"),
    "header without a colon": then_cut(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"),
    "huge header": then_cut(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 100_000 + b"\r\n\r\n"),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
async def test_a_broken_answer_is_a_lost_connection(wire: Wire, client: AssistantsClient, cut: Answer) -> None:
    """A create is sent once, and the error says that it may have been processed; the client works on."""
    wire.answer(cut, BODY)
    with pytest.raises(ConnectionLostError) as caught:
        await client.assistants.create(model="x")
    error = caught.value
    assert (error.maybe_processed, error.attempts) == (True, 1)
    assert error.__notes__ == ["while calling assistants.create: POST /assistants"]
    assert [seen.method for seen in wire.seen] == ["POST"]
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"


async def test_interim_answers_are_passed_over(wire: Wire, client: AssistantsClient) -> None:
    """100 and 103 are no answers."""
    wire.answer(head(100, reason="Continue") + head(103, {"link": "</x>"}) + BODY)
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"


async def test_an_unknown_host_is_an_error_that_names_it() -> None:
    """`.invalid` never resolves (RFC 6761): nothing was sent."""
    async with AssistantsClient(base_url="http://nowhere.invalid/v1", api_key="k") as client:
        with pytest.raises(ConnectFailedError, match=r"cannot connect to nowhere\.invalid:80") as caught:
            await client.threads.create()
    assert not caught.value.maybe_processed


# The classes

HTTP = HTTPResponse(
    429, "Slow", Headers([("X-Request-Id", "req_1")]), b'{"error":{}}', "GET", "http://127.0.0.1/v1/x", 2, 0.5
)
WORDS: dict[str, Any] = {"message": "m", "type": "t", "code": "c", "param": "p"}

RUN = Run(
    id="run_1",
    thread_id="thread_1",
    status="failed",
    last_error=LastError(code="server_error", message="Sorry."),
    incomplete_details=IncompleteDetails(reason="max_prompt_tokens"),
)

STORE_FILE = VectorStoreFile(
    id="file_1", status="failed", last_error=FileProblem(code="unsupported_file", message="No text in it.")
)
BATCH = VectorStoreFileBatch(
    id="vsfb_1", status="completed", file_counts=FileCounts(completed=2, failed=1, cancelled=0, total=3)
)
REPORT = IngestReport(
    vector_store_id="vs_1", files=(IngestedFile(source="a.txt", status="uploaded", file_id="file_1"),)
)
STATE = UploadState(upload_id="upload_1", size=5, part_size=3, part_ids=("part_1", None))

MADE: dict[type[BaseException], BaseException] = {
    errors.TransportError: TransportError("m", maybe_processed=True, attempts=3),
    errors.ConnectFailedError: ConnectFailedError("m"),
    errors.ConnectionLostError: ConnectionLostError("m", maybe_processed=True),
    errors.ClientClosedError: errors.ClientClosedError("m"),
    errors.TimedOutError: TimedOutError("idle", 1.5, status=200, maybe_processed=True),
    errors.DecodeError: DecodeError("m", HTTP, "$.a[1]"),
    errors.BodyTooLargeError: errors.BodyTooLargeError(9, status=200),
    errors.StreamError: errors.StreamError("m", items=3),
    errors.StreamInterruptedError: errors.StreamInterruptedError(
        "m", items=1, run_id="r", thread_id="t", last_event="e"
    ),
    errors.StreamTruncatedError: errors.StreamTruncatedError("m", items=1, partial=b"{"),
    errors.ItemDecodeError: errors.ItemDecodeError("m", items=1, index=1, raw=b"x", path="$.a"),
    errors.ItemTooLargeError: errors.ItemTooLargeError("m", items=1, limit=2),
    errors.StreamEventError: errors.StreamEventError(WORDS, items=2),
    errors.PaginationError: errors.PaginationError("cursor", items=4),
    errors.AnswerDecodeError: errors.AnswerDecodeError("expected `int`", path="$.a", text='{"a":"x"}'),
    errors.ToolError: errors.ToolError("m"),
    errors.ToolCallError: errors.ToolCallError("m", kind="arguments", name="f", path="$.a"),
    errors.ToolFailedError: errors.ToolFailedError("f", "call_1", ValueError("x")),
    errors.AssistantsError: AssistantsError("m"),
    errors.ValidationError: ValidationError("runs.create", "a.b", "expected `int`", "x"),
    errors.WrongProtocolError: WrongProtocolError("runs.create", "tools", "v1", "v2"),
    errors.RunError: errors.RunError("m", run=RUN),
    errors.RunFailedError: errors.RunFailedError(run=RUN),
    errors.RunExpiredError: errors.RunExpiredError("m", run=RUN),
    errors.RunCancelledError: errors.RunCancelledError("m", run=RUN),
    errors.RunIncompleteError: errors.RunIncompleteError(run=RUN),
    errors.RunActionError: errors.RunActionError("m", run=RUN),
    errors.RunDeadlineError: errors.RunDeadlineError("m", run=RUN, deadline=1.5),
    errors.FilesError: errors.FilesError("m"),
    errors.StoreFileError: errors.StoreFileError(STORE_FILE),
    errors.FileBatchError: errors.FileBatchError(BATCH, (STORE_FILE,)),
    errors.FilesDeadlineError: errors.FilesDeadlineError("m", deadline=1.5, last=BATCH),
    errors.IngestError: errors.IngestError("m", REPORT),
    errors.UploadError: errors.UploadError("m", STATE),
    **{
        kind: kind(HTTP, WORDS, attempts=2)
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, StatusError)
    },
}
for each in MADE.values():
    each.add_note("while calling runs.create: POST /threads/{thread_id}/runs")
    if isinstance(each, RateLimitedError):
        each.retry_after = 3.0
    if isinstance(each, ThreadBusyError):
        each.run_id = "run_1"


def test_the_errors_of_a_run_have_its_end() -> None:
    """With the server's reason where it gave one, and none where it gave none."""
    assert str(errors.RunFailedError(run=RUN)) == "run run_1 failed: Sorry. (server_error)"
    assert str(errors.RunIncompleteError(run=RUN)) == "run run_1 is incomplete: max_prompt_tokens"
    bare = Run(id="run_1", status="failed")
    assert str(errors.RunFailedError(run=bare)) == "run run_1 failed"
    assert str(errors.RunIncompleteError(run=bare)) == "run run_1 is incomplete"
    error = errors.RunExpiredError("m", run=RUN)
    assert (error.run_id, error.thread_id) == ("run_1", "thread_1")


def test_the_errors_of_files_have_their_end() -> None:
    """With the server's reasons where it gave some, and the counts of a batch."""
    error = errors.StoreFileError(STORE_FILE)
    assert str(error) == "file file_1 failed: No text in it. (unsupported_file)"
    assert (error.code, error.message) == ("unsupported_file", "No text in it.")
    bare = VectorStoreFile(id="file_2", status="cancelled")
    assert str(errors.StoreFileError(bare)) == "file file_2 was cancelled"
    counts = "batch vsfb_1 completed, 1 failed and 0 cancelled of 3 files"
    assert str(errors.FileBatchError(BATCH)) == counts
    first = "first file_1: No text in it. (unsupported_file)"
    assert str(errors.FileBatchError(BATCH, (STORE_FILE, bare))) == f"{counts}; {first}"
    lone = VectorStoreFileBatch(id="vsfb_2", status="cancelled")
    assert str(errors.FileBatchError(lone, (bare,))) == "batch vsfb_2 was cancelled; first file_2 was cancelled"


def classes() -> set[type[BaseException]]:
    """Every error class of the module."""
    return {kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, BaseException)}


def test_every_error_class_is_in_the_table() -> None:
    """A new class must join the round trip below."""
    assert classes() == {kind for kind in classes() if type(MADE.get(kind)) is kind}


@pytest.mark.parametrize("kind", MADE, ids=lambda kind: kind.__name__)
def test_every_error_survives_a_pickle(kind: type[BaseException]) -> None:
    """With its class, text, args, data and notes, at every protocol, so that it can cross processes."""
    error = MADE[kind]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is kind
        assert (str(again), repr(again), again.args) == (str(error), repr(error), error.args)
        assert vars(again) == vars(error)
        assert again.__notes__ == ["while calling runs.create: POST /threads/{thread_id}/runs"]


def test_one_base_for_the_errors_of_calls() -> None:
    """All but the two of misuse, which are ValueErrors."""
    assert {kind for kind in classes() if not issubclass(kind, AssistantsError)} == {
        ValidationError,
        WrongProtocolError,
    }
    assert issubclass(ValidationError, ValueError)
    assert issubclass(WrongProtocolError, ValueError)


async def test_an_error_of_a_call_survives_a_pickle(wire: Wire, client: AssistantsClient) -> None:
    """As it was raised, traceback aside."""
    wire.answer(failure(429, retry_after="2"))
    with pytest.raises(RateLimitedError) as caught:
        await client.threads.create()
    again = pickle.loads(pickle.dumps(caught.value))
    assert vars(again) == vars(caught.value)
    assert again.http.headers.get_all("Retry-After") == ("2",)
