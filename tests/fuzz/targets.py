"""The targets of fuzzing, and the rules for any input: a value or an error of ours, the same for any cut."""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from assistants_async import (
    DecodeError,
    Headers,
    HTTPResponse,
    ItemTooLargeError,
    RetryPolicy,
    StatusError,
    StreamError,
    ValidationError,
)
from assistants_async.core.filenames import safe_name, suggested_name
from assistants_async.core.requests.options import Options, checked_headers
from assistants_async.core.requests.request import SentHeaders, bind, write
from assistants_async.core.requests.retry import Attempts, Budget, classify_failure, retry_after
from assistants_async.core.responses.decode import error_for
from assistants_async.core.responses.decompression import Inflater
from assistants_async.core.runs.backoff import poll_delay
from assistants_async.core.runs.snapshot import Snapshot
from assistants_async.core.streams.json_framers import ConcatenatedJSON, JSONFramer, JSONLines, JSONSequence
from assistants_async.core.streams.list_framer import ListElements
from assistants_async.core.streams.run_decoders import RunEventBodyDecoder
from assistants_async.core.streams.sse import SSEDecoder
from assistants_async.endpoints import DELETE_THREAD, GET_RUN, GET_RUN_STEP, KINDS
from assistants_async.models.base import Model
from tests.core.streams.test_sse import plain_decode
from tests.fuzz import corpus as given
from tests.fuzz.mutations import mutated
from tests.support.cuts import cut
from tests.support.framing import facts, frame
from tests.support.raw_answers import read

NOW = 1_790_000_000.0
ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*").fullmatch


class Target(NamedTuple):
    """One thing to fuzz."""

    make: Callable[[Random, given.Corpus], bytes]
    """Makes an input."""
    check: Callable[[Random, bytes], str]
    """Checks an input, and names its outcome; any error that it raises is a bug."""


# Server-sent events


def check_sse(random: Random, data: bytes) -> str:
    """The decoder agrees with the plain rules, and events, snapshot and error are the same for any cut."""
    pieces = cut(data, [random.randint(0, len(data)) for _ in range(random.randint(0, 8))])
    assert [tuple(event) for event in SSEDecoder().feed(data)] == plain_decode(data)
    limit = random.choice((20, 200, 64 * 2**20))
    whole, cutted = _events([data], limit), _events(pieces, limit)
    assert whole == cutted, f"cut at {[len(piece) for piece in pieces]}"
    return whole[1]


def _events(pieces: Sequence[bytes], limit: int) -> tuple[list[Any], str, str, Any]:
    """The whole outcome of a stream: its events, its end, and its snapshot."""
    reading = RunEventBodyDecoder(Options(max_item_bytes=limit))
    snapshot = Snapshot()
    events: list[Any] = []
    end = "end"
    text = ""
    try:
        for piece in pieces:
            for item in reading.feed(piece):
                event = reading.decode(item)
                if event is not None:
                    events.append(event)
                    snapshot.add(event)
            if reading.finished:
                break
            if reading.error is not None:
                raise reading.error
        reading.finish()
    except StreamError as error:
        end = type(error).__name__
        text = str(error)
        _check_kept(error)
        assert error.items == len(events) or isinstance(error, ItemTooLargeError)
    return events, end, text, (snapshot.run, snapshot.messages, snapshot.steps)


# JSON


def check_json(random: Random, data: bytes) -> str:
    """As any of the protocol's types: a `DecodeError`, the error in the body, or a model that can be read."""
    kind = random.choice(given.KINDS)
    http = HTTPResponse(200, "OK", Headers([("content-type", "application/json")]), data, "GET", "http://h/v1/x")
    try:
        value = read(kind, http, strict=random.random() < 0.1)
    except (DecodeError, StatusError) as error:
        _check_kept(error)
        return type(error).__name__
    assert isinstance(value, Model)
    again = type(value) if not hasattr(kind, "__origin__") else kind
    assert read(again, msgspec.structs.replace(http, content=value.to_json())) == value
    _look_at(value)
    return "value"


def _look_at(value: Any) -> None:
    """Every property of a model can be read, with any members missing; it prints, and pickles."""
    for name in dir(value):
        if not name.startswith("_") and isinstance(getattr(type(value), name), property):
            getattr(value, name)
    for field in msgspec.structs.fields(value):
        if (member := getattr(value, field.name)) is not None and field.name.endswith("_at"):
            getattr(value, field.name.removesuffix("at") + "time")
            assert isinstance(member, int)
    assert repr(value)
    assert pickle.loads(pickle.dumps(value)) == value


# Framings of JSON

FRAMERS: tuple[type[JSONFramer], ...] = (ConcatenatedJSON, JSONLines, JSONSequence, ListElements)


def check_frames(random: Random, data: bytes) -> str:
    """Items and error are the same for any cut, and each item is in the body."""
    framer = random.choice(FRAMERS)
    limit = random.choice((20, 200, 64 * 2**20))
    pieces = cut(data, [random.randint(0, len(data)) for _ in range(random.randint(0, 8))])
    whole, cutted = facts(frame(framer(limit), [data])), facts(frame(framer(limit), pieces))
    assert whole == cutted, f"{framer.__name__}, limit {limit}, cut at {[len(piece) for piece in pieces]}"
    assert all(item in data for item in whole[0])
    return str(whole[1].__name__)


# Headers


def check_headers(random: Random, data: bytes) -> str:
    """For any headers, waits are finite, names are plain, and no value can break a request's head."""
    headers = _headers(random, data)
    wait = retry_after(headers, NOW)
    assert wait is None or 0 < wait < math.inf
    assert 0 < poll_delay(random.randrange(10**6), headers, random.random()) <= 60
    name = suggested_name(headers)
    assert name == safe_name(name)
    assert not set(name) & set("/\\\0\r\n")
    assert name not in ("", ".", "..")
    http = HTTPResponse(random.randrange(200, 600), "", headers, b"", "GET", "http://h/v1/x")
    assert isinstance(http.content_type, str)
    assert http.request_id is None or isinstance(http.request_id, str)
    assert ONE_LINE(repr(http))
    try:
        Inflater(headers.get("content-encoding", "identity"))
    except ValueError as error:
        assert len(str(error)) < 500
    text = data.decode("utf-8", "surrogateescape")
    try:
        checked_headers({"x-a": text})
    except ValueError as error:
        assert text not in str(error) or len(text) < 4
        return "refused"
    assert not set(text) & set("\r\n\0")
    text.encode("latin-1")
    return "wait" if wait is not None else "none"


def _headers(random: Random, data: bytes) -> Headers:
    text = data.decode("utf-8", "surrogateescape") if random.random() < 0.5 else data.decode("latin-1")
    return Headers([(name, text) for name in (*given.HEADERS, "content-encoding") if random.random() < 0.6])


# Errors


def check_errors(random: Random, data: bytes) -> str:
    """Any body under any status is the error of that status, and the policy has an answer to it."""
    status = random.choice((300, 301, 400, 400, 401, 403, 404, 408, 409, 418, 422, 429, 500, 503, 599))
    url = random.choice(("http://h/v1/threads", "https://api.openai.com/v1/threads"))
    http = HTTPResponse(status, data[:20].decode("latin-1"), _headers(random, data), data, "POST", url)
    error = error_for(http, NOW)
    assert error.status == status
    _check_kept(error)
    request = bind(GET_RUN, ("thread_1", "run_1"), {}, protocol="v2")
    attempts = Attempts(request, RetryPolicy(), Budget())
    delay = attempts.delay(error, left=math.inf, jitter=random.random())
    assert delay is None or 0 <= delay <= 120
    return f"{type(error).__name__}, {classify_failure(error)}"


def _check_kept(error: Exception) -> None:
    assert ONE_LINE(str(error)), f"{type(error).__name__} prints on several lines: {str(error)!r}"
    assert len(str(error)) < 1000
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


# Ids

FIXED = SentHeaders({"authorization": "Bearer key", "accept": "application/json"})


def check_ids(random: Random, data: bytes) -> str:
    """An id is refused, or it is one segment of the very path that was meant, and gives itself back."""
    text = data.decode("utf-8", random.choice(("surrogatepass", "surrogateescape", "replace")))
    endpoint, before, after = random.choice((
        (DELETE_THREAD, (), ()), (GET_RUN, ("thread_1",), ()), (GET_RUN_STEP, ("thread_1",), ("step_1",)),
    ))  # fmt: skip
    ids = (*before, text, *after)
    try:
        request = bind(endpoint, ids, {}, protocol="v2", kinds=KINDS)
    except ValidationError as error:
        _check_kept(error)
        return "refused"
    outgoing = write(request, "http://127.0.0.1:8080/v1", SentHeaders(FIXED), {})
    assert outgoing.headers == FIXED
    assert re.fullmatch(r"[A-Za-z0-9_.~%:/-]+", outgoing.url)
    parts = urlsplit(outgoing.url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("http", "127.0.0.1:8080", "", "")
    segments = parts.path.split("/")
    wanted = ("", "v1", *endpoint.path.removeprefix("/").split("/"))
    assert len(segments) == len(wanted)
    sent = [unquote(found) for found, name in zip(segments, wanted, strict=True) if name.startswith("{")]
    assert sent == list(ids)
    assert [found for found, name in zip(segments, wanted, strict=True) if not name.startswith("{")] == [
        name for name in wanted if not name.startswith("{")
    ]
    assert not {".", ".."} & set(segments)
    return "encoded"


def _header_values(_: given.Corpus) -> list[bytes]:
    return [value.encode() for values in given.HEADERS.values() for value in values]


def _ids(random: Random, _: given.Corpus) -> bytes:
    """Random text from all planes, or a damaged id."""
    if random.random() < 0.5:
        highest = random.choice((0x7F, 0xFF, 0xFFFF, 0x10FFFF))
        return "".join(chr(random.randint(0, highest)) for _ in range(random.randint(0, 12))).encode(
            "utf-8", "surrogatepass"
        )
    data = mutated(random, (b"thread_abc123", b"run_1", *given.ID_WORDS), given.ID_WORDS)
    return data.decode("utf-8", "replace").encode()


TARGETS: dict[str, Target] = {
    "sse": Target(lambda random, corpus: mutated(random, corpus.sse, given.SSE_WORDS), check_sse),
    "json": Target(lambda random, corpus: mutated(random, corpus.json, given.JSON_WORDS), check_json),
    "frames": Target(lambda random, corpus: mutated(random, corpus.json, given.JSON_WORDS), check_frames),
    "headers": Target(
        lambda random, corpus: mutated(random, _header_values(corpus), given.HEADER_WORDS), check_headers
    ),
    "errors": Target(lambda random, corpus: mutated(random, corpus.errors, given.JSON_WORDS), check_errors),
    "ids": Target(_ids, check_ids),
}
