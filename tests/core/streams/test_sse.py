"""Server-sent events out of bytes, against the rules of the HTML standard."""

from __future__ import annotations

import base64
import json
import random
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.core.streams import sse
from assistants_async.core.streams.run_events import frame_named
from assistants_async.core.streams.sse import ServerSentEvent, SSEDecoder
from assistants_async.errors import ItemTooLargeError, StreamError
from tests.support.cuts import cut, one_cut, steps, two_cuts, with_gaps
from tests.support.places import SHARED
from tests.support.sse_cases import CASES, Case

SUITES = SHARED / "cases" / "sse_suites.json"

# Bytes that mean something here, so that random bodies come near the rules.
FIELDS = [b"data", b"event", b"id", b"retry", b":", b": ", b" ", b"a", b"7", b"\0", b"\xff", b"\xef\xbb\xbf"]
ENDS = [b"\n", b"\r", b"\r\n", b"\n\n", b":c\n", b"data: d\n\n", b"event: e\ndata: d\n\n"]
tokens = st.sampled_from(FIELDS + ENDS)
bodies = st.lists(tokens, max_size=24).map(b"".join)
places = st.lists(st.integers(0, 80), max_size=6)


def decode(pieces: list[bytes]) -> tuple[list[ServerSentEvent], SSEDecoder]:
    """All events of the pieces, and the decoder after them."""
    decoder = SSEDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)], decoder


def plain_decode(body: bytes) -> list[tuple[str, bytes, str, int | None]]:
    """The rules of the standard over a whole body, the simplest way."""
    events: list[tuple[str, bytes, str, int | None]] = []
    name, data, last, retry = b"", list[bytes](), "", None
    for line in re.split(rb"\r\n|\n|\r", body.removeprefix(b"\xef\xbb\xbf"))[:-1]:
        field, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if line == b"":
            if data:
                events.append((name.decode(errors="replace") or "message", b"\n".join(data), last, retry))
            name, data, retry = b"", [], None
        elif field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        elif field == b"id" and b"\0" not in value:
            last = value.decode(errors="replace")
        elif field == b"retry" and re.fullmatch(rb"[0-9]+", value) and int(value) < 10**18:
            retry = int(value)
    return events


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases(case: Case) -> None:
    """Each stream means the same whole, cut anywhere once, and byte by byte."""
    for pieces in [[case.body], steps(case.body, 1), steps(case.body, 3), with_gaps(case.body), *one_cut(case.body)]:
        events, decoder = decode(pieces)
        assert events == case.events
        assert decoder.items == len(events)
        if len(case.left) < 1024:
            assert decoder.finish() == case.left


@pytest.mark.parametrize("case", [case for case in CASES if len(case.body) < 80], ids=lambda case: case.name)
def test_two_cuts(case: Case) -> None:
    """No two cuts change the meaning of a short stream."""
    for pieces in two_cuts(case.body):
        assert decode(pieces)[0] == case.events


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_cases_follow_the_plain_rules(case: Case) -> None:
    """The simplest decoder agrees with the table, and with ours on every beginning of each stream."""
    if len(case.body) > 1000:
        return
    assert plain_decode(case.body) == case.events
    for end in range(len(case.body)):
        assert decode([case.body[:end]])[0] == plain_decode(case.body[:end])


@given(bodies, places)
def test_any_body_follows_the_plain_rules(body: bytes, where: list[int]) -> None:
    """Cutting changes nothing, neither events nor the rest."""
    whole, first = decode([body])
    pieces, second = decode(cut(body, where))
    assert whole == pieces == plain_decode(body)
    assert first.finish() == second.finish()
    assert (first.last_event_id, first.retry) == (second.last_event_id, second.retry)


@given(st.binary(max_size=200), places)
def test_random_bytes_are_no_error(body: bytes, where: list[int]) -> None:
    """The standard has a meaning for any bytes."""
    events, decoder = decode(cut(body, where))
    assert events == plain_decode(body)
    assert decoder.error is None


PAD = b"x" * 100
USUAL = [b"event: e\ndata: " + PAD + b"\n\n", b"data:" + PAD + b"\n\n", b"event:\ndata: " + PAD + b"\n\n"]
REST = [*FIELDS, *ENDS, b"retry: 7\n", b"id: 1\n", b"event: e\n", b"event: e\ndata: ", b"data: " + PAD * 11]
mostly_usual = st.lists(st.one_of(*[st.sampled_from(USUAL)] * 8, st.sampled_from(REST)), max_size=40).map(b"".join)


@given(mostly_usual, st.lists(st.integers(0, 5000), max_size=4))
def test_blocks_taken_all_at_once_mean_the_same(body: bytes, where: list[int]) -> None:
    """For any pieces that `blocks` takes: events, their number, the rest, id and retry are those of `feed`."""
    agree(cut(body, where))


live = st.lists(st.sampled_from([*USUAL, *REST, b"data: d\n\n", b"data: d\ndata: d\n\n"]), max_size=20)


@given(live)
def test_live_events_mean_the_same(pieces: list[bytes]) -> None:
    """Each in a piece of its own, whole or not."""
    agree(pieces)


def agree(pieces: Iterable[bytes]) -> None:
    """Compare a decoder that takes what it can all at once with one that takes nothing so."""
    fast, plain = SSEDecoder(), SSEDecoder()
    for piece in pieces:
        frames = fast.blocks(piece) or fast.feed(piece)
        events = plain.feed(piece)
        assert [frame_named(frame)[:2] for frame in frames] == [event[:2] for event in events]
        assert (fast.items, fast.retry) == (plain.items, plain.retry)
    assert fast.finish() == plain.finish()
    assert fast.last_event_id == plain.last_event_id


def test_which_pieces_are_taken_all_at_once() -> None:
    """The first one too; none with a byte order mark, a CR, a comment, another field, or a block begun by `feed`."""
    usual = USUAL[0] * 4
    taken = [(b"e", PAD, b"")] * 4
    decoder = SSEDecoder()
    assert decoder.blocks(usual + b"event: e\nda") == taken
    assert decoder.blocks(b"ta: " + PAD + b"\n\n" + usual) == [(b"e", PAD, b"")] * 5
    assert decoder.feed(USUAL[0]) == [ServerSentEvent("e", PAD)]
    assert decoder.blocks(usual) == taken
    for other in (b": c\n", b"id: 1\n", b"data: d\ndata: d\n\n", b"data: d\r\n\r\n", b"\n"):
        assert decoder.blocks(other + usual) is None
    assert decoder.blocks(USUAL[0]) == [(b"e", PAD, b"")]  # a live event
    assert decoder.blocks(b"event: e\nda") is None  # too little to gain
    assert decoder.blocks(b"id: 1\ndata: d\n\n") is None
    assert SSEDecoder().blocks(b"\xef\xbb\xbf" + usual) is None
    for begun in (b"data: d\n", b"data", b"data: d\r", b"\xef"):
        decoder = SSEDecoder()
        assert decoder.feed(begun) == []
        assert decoder.blocks(usual) is None


def test_an_event_comes_with_its_blank_line() -> None:
    """A lone CR that ends the block hands the event over; its LF, if one follows, is nothing more."""
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\n") == []
    assert decoder.feed(b"\r") == [ServerSentEvent("message", b"a")]
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\ndata: b\n") == []
    assert decoder.feed(b"\n") == [ServerSentEvent("message", b"b")]


def test_the_id_and_retry_for_a_reconnection() -> None:
    """The id of a whole block counts even without data, that of a cut one does not; a retry counts at once."""
    _, decoder = decode([b"id: 1\nretry: 20\n\nid: 2\nretry: 30\ndata: a\n"])
    assert decoder.last_event_id == "1"
    assert decoder.retry == 30


def test_comments_are_not_kept() -> None:
    """A server may send comments without a blank line for as long as it likes."""
    decoder = SSEDecoder(max_event_bytes=20)
    for _ in range(1000):
        assert decoder.feed(b": still here\n") == []
    assert decoder.feed(b"data: a\n\n") == [ServerSentEvent("message", b"a")]


LIMITED = [
    (b"data: 34567890\n\n", True),
    (b"data: 345678901\n\n", False),
    (b":234567890123456", False),
    (b"event: e\ndata: 7890\n\n", True),
    (b"event: 7890123\ndata: a\n\n", True),
    (b"event: 78901234\ndata: a\n\n", False),
    (b"data: 12345\ndata: 12345\n\n", True),
    (b"data: 123456\ndata: 123456\n\n", True),
    (b"data: 1234567\ndata: 1234567\n\n", False),
    (b"data\n" * 15 + b"\n", True),
    (b"data\n" * 16 + b"\n", False),
]


@pytest.mark.parametrize(("body", "fits"), LIMITED)
def test_limit(body: bytes, *, fits: bool) -> None:
    """A line, or the data of an event, past the limit ends the decoding after the events before, for any cut."""
    before = b"data: 1\n\nevent: e\ndata: 2\n\n"
    for pieces in [*one_cut(before + body), steps(before + body, 1)]:
        decoder = SSEDecoder(max_event_bytes=14)
        events: list[ServerSentEvent] = []
        for piece in pieces:
            if decoder.error is None:
                events += decoder.feed(piece)
        assert len(events) == decoder.items == (3 if fits else 2)
        if fits:
            assert decoder.finish() == b""
            continue
        assert isinstance(decoder.error, ItemTooLargeError)
        assert (decoder.error.items, decoder.error.limit) == (2, 14)
        with pytest.raises(StreamError) as fed:
            decoder.feed(b"\n")
        with pytest.raises(StreamError) as finished:
            decoder.finish()
        assert fed.value is finished.value is decoder.error


def test_a_large_event_in_small_pieces() -> None:
    """Megabytes of one line arrive as one event."""
    text = b"0123456789abcdef" * 65_536
    events, decoder = decode(steps(b"data: " + text + b"\ndata: end\n\ndata: " + text, 1000))
    assert events == [ServerSentEvent("message", text + b"\nend")]
    assert decoder.finish() == (b"data: " + text)[:1024]


def suite() -> Iterator[Any]:
    """The public suites' cases, where they are at hand."""
    if not SUITES.is_file():
        yield pytest.param({}, marks=pytest.mark.skip(reason="the public suites' cases are not at hand"))
        return
    for case in json.loads(SUITES.read_text(encoding="utf-8"))["cases"]:
        yield pytest.param(case, id=case["name"])


def variant(name: str, body: bytes, seed: str) -> Iterator[list[bytes]]:
    """The cuttings of a suite's variant, thinned out where they are very many."""
    kind, _, number = name.rpartition("_")
    if name == "whole":
        yield [body]
    elif name == "empty_chunks":
        yield with_gaps(body)
    elif name == "split_2_all":
        yield from one_cut(body) if len(body) < 2000 else (cut(body, [place]) for place in range(0, len(body), 97))
    elif name == "split_3_all":
        yield from two_cuts(body) if len(body) < 45 else ()
    elif kind == "bytes":
        yield steps(body, int(number))
    else:
        assert kind == "random"
        source = random.Random(zlib.crc32(seed.encode()))
        for _ in range(min(int(number), 50 if len(body) < 2000 else 5)):
            yield cut(body, [source.randrange(len(body) + 1) for _ in range(source.randrange(1, 9))])


@pytest.mark.parametrize("case", list(suite()))
def test_public_suites(case: dict[str, Any]) -> None:
    """The cases of public suites, in the cuttings they ask for."""
    body = base64.b64decode(case["input_bytes_base64"])
    expected = [
        (row["event"] or "message", row["data"].encode(), row["id"], row["retry"]) for row in case["expected_events"]
    ]
    for name in case["variants"]:
        for pieces in variant(name, body, case["name"]):
            events, decoder = decode(pieces)
            assert events == expected
            assert decoder.last_event_id == case["final_last_event_id"]
            assert decoder.retry == case["final_retry"]


def test_names_without_end_are_read_and_not_kept() -> None:
    """A server that invents a name for each event gets each one back, and fills no memory."""
    frames = [frame for n in range(1000) for frame in SSEDecoder().feed(b"event: own-%d\ndata: x\n\n" % n)]
    assert [frame.event for frame in frames] == [f"own-{n}" for n in range(1000)]
    assert len(sse._names) <= sse._MOST_NAMES
