"""The decoding of answers: bytes and a status in, a value or one typed error out."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async import (
    Assistant,
    AssistantsError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DecodeError,
    Deleted,
    Headers,
    HTTPResponse,
    NotFoundError,
    Page,
    PermissionDeniedError,
    RateLimitedError,
    RedirectError,
    Run,
    ServerError,
    StatusError,
    ThreadBusyError,
    Unknown,
    UnprocessableError,
)
from assistants_async.core.responses.decode import error_for
from assistants_async.models.tools import CodeInterpreterTool
from tests.support.raw_answers import read

NOW = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
ASSISTANTS: Any = Page[Assistant]


def http(
    content: bytes | str | dict[str, Any], status: int = 200, *, url: str = "http://127.0.0.1/v1/x", **headers: str
) -> HTTPResponse:
    """An answer as it comes off the wire."""
    if isinstance(content, dict):
        content = json.dumps(content)
    body = content.encode() if isinstance(content, str) else content
    pairs = {"content_type": "application/json", **headers}
    return HTTPResponse(status, "", Headers((k.replace("_", "-"), v) for k, v in pairs.items()), body, "GET", url)


def one_line(text: str) -> bool:
    """True for a text that neither ends a line nor moves a cursor, and can be encoded."""
    return not {"Cc", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, text))


# Values

GOOD: dict[str, bytes] = {
    "plain": b'{"id":"asst_1"}',
    "white space around": b'\r\n {"id":"asst_1"}\n\n',
    "BOM": b'\xef\xbb\xbf{"id":"asst_1"}',
    "unknown members": b'{"id":"asst_1","shiny":{"a":[1]}}',
    "null for a list": b'{"id":"asst_1","tools":null}',
    "null for text": b'{"id":"asst_1","name":null}',
    "an error that is null": b'{"id":"asst_1","error":null}',
    "duplicate key": b'{"id":"asst_0","id":"asst_1"}',
    "huge integer in an unknown member": b'{"id":"asst_1","x":' + b"9" * 400 + b"}",
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD.keys())
def test_harmless_slips_of_servers_are_mended(content: bytes) -> None:
    """Slips that lose no meaning do not fail a call."""
    assert read(Assistant, http(content)) == Assistant(id="asst_1")


BAD: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "empty body", "$"),
    "white space": (b" \r\n", "empty body", "$"),
    "BOM alone": (b"\xef\xbb\xbf", "empty body", "$"),
    "html": (b"<!DOCTYPE html><title>It works</title>", "expected a JSON value, not b'<'", "$"),
    "text": (b"OK", "expected a JSON value, not b'O'", "$"),
    "null": (b"null", "expected `object`", "$"),
    "number": (b"1", "expected `object`", "$"),
    "string": (b'"asst_1"', "expected `object`", "$"),
    "list of one": (b'[{"id":"a"}]', "expected `object`", "$"),
    "empty list": (b"[]", "expected `object`", "$"),
    "truncated": (b'{"id":"asst_1","name":"x', "input data was truncated", "$"),
    "two documents": (b'{"id":"a"}{"id":"b"}', "JSON is malformed", "$"),
    "trailing brace": (b'{"id":"a"}}', "JSON is malformed", "$"),
    "no id": (b'{"object":"assistant"}', "object missing required field `id`", "$"),
    "null id": (b'{"id":null}', "expected `str`", "$.id"),
    "wrong type": (b'{"id":"a","name":[]}', "expected `str | null`", "$.name"),
    "wrong type inside": (
        b'{"id":"a","tool_resources":{"file_search":{"vector_store_ids":["v",1]}}}',
        "expected `str`",
        "$.tool_resources.file_search.vector_store_ids[1]",
    ),
    "invalid UTF-8": (b'{"id":"\xff\xfe"}', "", "$"),
    "lone surrogate": (b'{"id":"\\ud800"}', "", "$"),
    "a word like JSON's": (b"not here", "expected a JSON value, not b'n'", "$"),
    "a word of JSON": (b"true", "expected `object`", "$"),
    "UTF-16": ('{"id":"a"}'.encode("utf-16"), r"expected a JSON value, not b'\xff'", "$"),
    "too deep": (b'{"id":"a","metadata":' + b"[" * 100_000, "nested too deeply", "$"),
    "too deep, skipped": (b'{"id":"a","x":' + b"[" * 100_000, "nested too deeply", "$"),
    "too deep from the start": (b"[" * 100_000, "", "$"),
    "huge exponent": (b'{"id":"a","temperature":1e99999}', "", "$"),
}


@pytest.mark.parametrize(("content", "problem", "path"), BAD.values(), ids=BAD.keys())
def test_a_body_that_is_not_the_document_is_a_decode_error(content: bytes, problem: str, path: str) -> None:
    """The error keeps the answer, names fault and place, and shows the start of the body."""
    answer = http(content)
    with pytest.raises(DecodeError) as caught:
        read(Assistant, answer)
    error = caught.value
    assert problem.lower() in str(error).lower()
    assert path in ("$", error.path)
    assert error.http is answer
    assert len(str(error)) < 600
    assert str(error).isprintable()


def test_bytes_are_given_as_they_came() -> None:
    """A download is not JSON: nothing is stripped, checked or decoded."""
    for content in (b"", b"\xef\xbb\xbf \n", b'{"error":{}}'):
        assert read(bytes, http(content)) == content


def test_strict_takes_answers_by_the_letter() -> None:
    """Slips that are mended by default are a DecodeError with the option."""
    assert read(Assistant, http('{"id":"a","tools":[{"type":"mcp"}]}')).tools == (Unknown(raw={"type": "mcp"}),)
    for content, path in (
        ('{"id":"a","tools":[{"type":"mcp"}]}', "$.tools[0].type"),
        ('{"id":"a","tools":null}', "$.tools"),
    ):
        with pytest.raises(DecodeError) as caught:
            read(Assistant, http(content), strict=True)
        assert caught.value.path == path
    assert read(Assistant, http('{"id":"a","tools":[{"type":"code_interpreter"}]}'), strict=True).tools == (
        CodeInterpreterTool(),
    )


def test_plain_values() -> None:
    """`as_type(dict)` gives the document as it is, error objects and all."""
    assert read(dict, http('{"error":{"message":"x"}}')) == {"error": {"message": "x"}}


PAGES: dict[str, bytes] = {
    "empty": b'{"object":"list","data":[],"has_more":false}',
    "null": b'{"object":"list","data":null}',
    "data alone": b'{"data":[]}',
    "spaces": b'{ "data" : [ ] }',
    "escaped key": b'{"d\\u0061ta":[]}',
    "invalid UTF-8 in another member": b'{"x":"\xff","data":[]}',
}


@pytest.mark.parametrize("content", PAGES.values(), ids=PAGES.keys())
def test_a_page_may_be_empty(content: bytes) -> None:
    """An empty or null `data`, however its key is spelt, is a page without items."""
    assert read(ASSISTANTS, http(content)).data == ()


NO_PAGES: dict[str, bytes] = {
    "empty object": b"{}",
    "another object": b'{"object":"list"}',
    "data inside": b'{"meta":{"data":[]}}',
    "data as a value": b'{"object":"data"}',
}


@pytest.mark.parametrize("content", NO_PAGES.values(), ids=NO_PAGES.keys())
def test_an_object_without_data_is_no_page(content: bytes) -> None:
    """Every member of a page may be left out but the items: an empty list must not be made up."""
    with pytest.raises(DecodeError, match="missing required field `data`"):
        read(ASSISTANTS, http(content))


# Errors under 2xx

IN_BAND: dict[str, tuple[bytes, str, str | None]] = {
    "object": (b'{"error":{"message":"no quota","code":"quota","type":"t","param":null}}', "no quota", "quota"),
    "object, parameter called data": (b'{"error":{"message":"bad","param":"data"}}', "bad", None),
    "object that quotes data": (b'{"error":{"message":"\\"data\\" is missing"}}', '"data" is missing', None),
    "text": (b'{"error":"no quota"}', "no quota", None),
    "text with a message": (b'{"error":"Bad Request","message":"no quota","statusCode":400}', "no quota", None),
    "with a BOM": (b'\xef\xbb\xbf{"error":{"message":"x"}}', "x", None),
}


@pytest.mark.parametrize(("content", "message", "code"), IN_BAND.values(), ids=IN_BAND.keys())
@pytest.mark.parametrize("kind", [Assistant, Deleted, ASSISTANTS], ids=["object", "deleted", "list"])
def test_an_error_object_under_200_is_an_error(kind: Any, content: bytes, message: str, code: str | None) -> None:
    """It never becomes a model or an empty page; the StatusError has the status that was sent."""
    with pytest.raises(StatusError) as caught:
        read(kind, http(content))
    assert type(caught.value) is StatusError
    assert (caught.value.status, caught.value.message, caught.value.code) == (200, message, code)


# Error statuses

STATUSES: dict[int, type[StatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: StatusError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: StatusError,
    408: StatusError,
    409: ConflictError,
    410: StatusError,
    413: StatusError,
    418: StatusError,
    422: UnprocessableError,
    429: RateLimitedError,
    499: StatusError,
    500: ServerError,
    502: ServerError,
    503: ServerError,
    529: ServerError,
    599: ServerError,
    301: RedirectError,
    302: RedirectError,
    304: RedirectError,
    307: RedirectError,
}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_each_status_has_its_class(status: int, kind: type[StatusError]) -> None:
    """The class is exactly the one of the tree, and `status` is the number."""
    error = error_for(http('{"error":{"message":"no"}}', status), NOW)
    assert type(error) is kind
    assert error.status == status


SHAPES: dict[str, tuple[bytes, str, str | None, str | None, str | None]] = {
    # content, message, type, code, param
    "the vendor's": (
        b'{"error":{"message":"No such one","type":"invalid_request_error","param":"model","code":"model_not_found"}}',
        "No such one",
        "invalid_request_error",
        "model_not_found",
        "model",
    ),
    "numeric code": (b'{"error":{"message":"x","code":42}}', "x", None, "42", None),
    "null members": (b'{"error":{"message":null,"type":null}}', "", None, None, None),
    "detail": (b'{"detail":"Not Found"}', "Not Found", None, None, None),
    "list of details": (
        b'{"detail":[{"loc":["body","model"],"msg":"field required"},{"msg":"too long"}]}',
        "field required; too long",
        None,
        None,
        None,
    ),
    "list of other details": (b'{"detail":["a",1]}', "a; 1", None, None, None),
    "empty list of details": (b'{"detail":[]}', "", None, None, None),
    "object as a detail": (b'{"detail":{"message":"m","code":"c"}}', "m", None, "c", None),
    "frameworks": (b'{"message":"Unauthorized","error":"Nope","statusCode":401}', "Unauthorized", None, None, None),
    "error as text": (b'{"error":"no"}', "no", None, None, None),
    "flat": (b'{"message":"m","type":"t","code":"c","param":"p"}', "m", "t", "c", "p"),
    "message of another kind": (b'{"message":{"a":1}}', "", None, None, None),
    "BOM": (b'\xef\xbb\xbf{"error":{"message":"m"}}', "m", None, None, None),
    "plain text": (b"upstream connect error", "", None, None, None),
    "html": (b"<html>502 Bad Gateway</html>", "", None, None, None),
    "empty": (b"", "", None, None, None),
    "null": (b"null", "", None, None, None),
    "list": (b'["no"]', "", None, None, None),
    "invalid UTF-8": (b'{"error":{"message":"\xff"}}', "", None, None, None),
    "truncated": (b'{"error":{"mess', "", None, None, None),
    "too deep": (b'{"error":' + b"[" * 100_000, "", None, None, None),
    "huge integer": (b'{"error":{"message":"m","code":' + b"9" * 100 + b"}}", "m", None, "9" * 100, None),
}


@pytest.mark.parametrize(("content", "message", "type", "code", "param"), SHAPES.values(), ids=SHAPES.keys())
def test_the_servers_words_are_found_in_every_shape(
    content: bytes, message: str, type: str | None, code: str | None, param: str | None
) -> None:
    """For any body there is a StatusError; its text is one printable line with the server's words or the body."""
    error = error_for(http(content, 418), NOW)
    assert (error.message, error.type, error.param) == (message, type, param)
    assert error.code == code or (error.code is not None and float(error.code) == float(code or 0))
    assert error.http.content == content
    assert str(error).startswith("418")
    assert str(error).isprintable()
    assert message[:50] in str(error)


def test_an_error_without_words_shows_its_body() -> None:
    """HTML and plain text are in the message, cut; an empty body is called one."""
    html = error_for(http("<html>" + "x" * 1000, 502, content_type="text/html; charset=utf-8"), NOW)
    assert str(html).startswith("502: text/html body '<html>xxx")
    assert len(str(html)) < 300
    assert str(error_for(http(b"", 500), NOW)) == "500: no body"


def test_the_message_names_reason_code_and_request() -> None:
    """The text has the facts that an operator needs."""
    answer = msgspec.structs.replace(
        http({"error": {"message": "slow down", "code": "rate"}}, 429, x_request_id="req_1"), reason="Too Many"
    )
    error = error_for(answer, NOW)
    assert str(error) == "429 Too Many: slow down (rate) [request req_1]"
    assert error.request_id == "req_1"


def test_azures_request_id_is_read() -> None:
    """`apim-request-id` names the request where `x-request-id` is missing."""
    assert error_for(http("", 500, apim_request_id="a-1"), NOW).request_id == "a-1"


def test_text_of_the_server_cannot_forge_lines_or_show_keys() -> None:
    """Controls are escaped and key-shaped parts masked, in the message, code, reason and request id alike."""
    evil = "bad key sk-abcdef123456 \r\nINFO all is well\x1b[2J\x85"
    error = error_for(
        msgspec.structs.replace(http({"error": {"message": evil, "code": evil}}, 400, x_request_id=evil), reason=evil),
        NOW,
    )
    assert str(error).isprintable()
    assert "sk-abcdef" not in str(error)
    assert error.message == evil


BUSY = {
    "a run": ("Thread thread_abc already has an active run run_xyz.", "run_xyz"),
    "a message": ("Can't add messages to thread_abc while a run run_xyz is active.", "run_xyz"),
    "ids without prefixes": ("Thread 65f0 already has an active run 65f1aa.", "65f1aa"),
    "no id": ("Thread already has an active run.", None),
    "no id, a message": ("Can't add messages while a run is active.", None),
}


@pytest.mark.parametrize(("message", "run_id"), BUSY.values(), ids=BUSY.keys())
def test_a_busy_thread_has_an_error_of_its_own(message: str, run_id: str | None) -> None:
    """Both of the vendor's sentences name the active run."""
    error = error_for(http({"error": {"message": message}}, 400), NOW)
    assert type(error) is ThreadBusyError
    assert error.run_id == run_id


@pytest.mark.parametrize("message", ["Invalid run run_1.", "No thread found", "", "This run is not active"])
def test_another_400_is_not_a_busy_thread(message: str) -> None:
    """Only the two sentences count."""
    assert type(error_for(http({"error": {"message": message}}, 400), NOW)) is BadRequestError


def test_a_rate_limit_has_its_delay() -> None:
    """`retry_after` is in seconds, None where the server gives none."""
    error = error_for(http("", 429, retry_after="7"), NOW)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 7.0
    silent = error_for(http("", 429), NOW)
    assert isinstance(silent, RateLimitedError)
    assert silent.retry_after is None


@given(
    st.binary(max_size=60)
    | st.text(max_size=40).map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["error", "message", "detail", "code", "data", "id", "object"]), inner, max_size=4
            )
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_body_gives_a_value_or_an_error_of_ours(content: bytes) -> None:
    """Nothing of msgspec's, and no crash, for any body under 200 and under 400."""
    for kind in (Run, ASSISTANTS):
        try:
            read(kind, http(content))
        except AssistantsError as error:
            assert one_line(str(error))
    assert one_line(str(error_for(http(content, 400), NOW)))
