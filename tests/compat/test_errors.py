"""Errors that both libraries' names catch, with what old code reads from them."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest

import assistants_async as native
from assistants_async import compat
from assistants_async.compat import AsyncOpenAI
from tests.support.http_server import Wire, answer, failure, raw, silent, then_cut
from tests.support.steady_loop import MS

STATUSES: dict[int, tuple[type[compat.APIStatusError], type[native.StatusError]]] = {
    400: (compat.BadRequestError, native.BadRequestError),
    401: (compat.AuthenticationError, native.AuthenticationError),
    403: (compat.PermissionDeniedError, native.PermissionDeniedError),
    404: (compat.NotFoundError, native.NotFoundError),
    409: (compat.ConflictError, native.ConflictError),
    422: (compat.UnprocessableEntityError, native.UnprocessableError),
    429: (compat.RateLimitError, native.RateLimitedError),
    500: (compat.InternalServerError, native.ServerError),
    418: (compat.APIStatusError, native.StatusError),
}


@pytest.mark.parametrize("status", STATUSES, ids=str)
async def test_a_status_has_both_names(wire: Wire, old: AsyncOpenAI, status: int) -> None:
    """Each `except` form catches it, and its members are those of both libraries."""
    theirs, ours = STATUSES[status]
    wire.answer(failure(status, "no", x_request_id="req_1"))
    with pytest.raises(ours) as caught:
        await old.beta.threads.retrieve("t")
    error = caught.value
    assert type(error) is theirs
    assert isinstance(error, compat.APIError)
    assert isinstance(error, compat.OpenAIError)
    assert (error.status_code, error.status, error.message) == (status, status, "no")
    assert (error.type, error.code, error.param, error.request_id) == ("invalid_request_error", "bad", "model", "req_1")
    assert error.body == {"message": "no", "type": "invalid_request_error", "param": "model", "code": "bad"}


async def test_the_answer_is_read_as_httpx_shows_it(wire: Wire, old: AsyncOpenAI) -> None:
    """The names of httpx, and no header of the request, which has the key."""
    wire.answer(raw(b"<html>", 502, "Bad Gateway", content_type="text/html"))
    with pytest.raises(compat.InternalServerError) as caught:
        await old.files.list()
    error = caught.value
    response, request = error.response, error.request
    assert error.body == "<html>"
    assert (response.status_code, response.reason_phrase, response.text) == (502, "Bad Gateway", "<html>")
    assert (response.content, response.headers["Content-Type"]) == (b"<html>", "text/html")
    assert (response.is_success, response.is_error) == (False, True)
    assert response.elapsed > timedelta()
    assert request is not None
    assert (request.method, request.url) == ("GET", response.url) == ("GET", f"{wire.base_url}/files")
    assert response.request == request
    assert repr(response) == "<Response [502 Bad Gateway]>"
    with pytest.raises(ValueError, match="Expecting"):
        response.json()


async def test_narrower_native_errors_stay_native(wire: Wire, old: AsyncOpenAI) -> None:
    """A busy thread is a 400 of openai-python's, and pickles with its attributes."""
    text = "Thread thread_1 already has an active run run_9."
    wire.answer(answer({"error": {"message": text, "type": "invalid_request_error"}}, 400))
    with pytest.raises(native.ThreadBusyError) as caught:
        await old.beta.threads.runs.create("thread_1", assistant_id="a")
    error = caught.value
    assert isinstance(error, compat.BadRequestError)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.run_id, again.message) == (type(error), "run_9", text)
    assert any("runs.create" in note for note in error.__notes__)


async def test_no_answer(wire: Wire, old: AsyncOpenAI) -> None:
    """A cut connection is an `APIConnectionError`, silence an `APITimeoutError` besides."""
    wire.answer(then_cut(b""))
    with pytest.raises(compat.APIConnectionError) as lost:
        await old.beta.threads.create()
    assert isinstance(lost.value, native.ConnectionLostError)
    assert (lost.value.body, lost.value.request, lost.value.code) == (None, None, None)
    assert lost.value.message == str(lost.value)
    wire.answer(silent)
    with pytest.raises(compat.APITimeoutError) as late:
        await old.beta.threads.create(timeout=50 * MS)
    assert isinstance(late.value, native.TimedOutError)
    assert isinstance(late.value, compat.APIConnectionError)


async def test_an_answer_that_cannot_be_read(wire: Wire, old: AsyncOpenAI) -> None:
    """It is the error of openai-python for it, with the answer."""
    wire.answer(answer({"id": 5}))
    with pytest.raises(compat.APIResponseValidationError) as caught:
        await old.beta.threads.create()
    assert caught.value.status_code == 200
    assert caught.value.body == {"id": 5}


async def test_every_other_error_is_an_api_error(wire: Wire, old: AsyncOpenAI) -> None:
    """A repeated cursor, as an example: it is an instance of the native class too."""
    wire.answer(answer({"object": "list", "data": [{"id": "a"}], "last_id": "a", "has_more": True}))
    with pytest.raises(compat.APIError) as caught:
        _ = [thread async for thread in old.beta.assistants.list()]
    assert isinstance(caught.value, native.PaginationError)
