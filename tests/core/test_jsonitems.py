"""JSON items out of bytes: documents, lines, records, and the elements of a list."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.core.streams.json_framers import (
    ConcatenatedJSON,
    JSONFramer,
    JSONLines,
    JSONSequence,
    ListElements,
)
from assistants_async.errors import ItemDecodeError, ItemTooLargeError, StreamError, StreamTruncatedError
from tests.core.cuts import cut, one_cut, steps, two_cuts, with_gaps

FRAMERS: list[type[JSONFramer]] = [ConcatenatedJSON, JSONLines, JSONSequence, ListElements]

Outcome = tuple[list[bytes], type[StreamError] | None]
Row = tuple[str, bytes, list[bytes], type[StreamError] | None]


def frame(framer: JSONFramer, pieces: list[bytes]) -> tuple[list[bytes], StreamError | None]:
    """The items of a whole body and the error behind them, read as a stream reads them."""
    items: list[bytes] = []
    for piece in pieces:
        items += framer.feed(piece)
        if framer.error is not None:
            break
    with contextlib.suppress(StreamError):
        items += framer.finish()
    assert framer.items == len(items)
    if framer.error is not None:
        assert framer.error.items == len(items)
    return items, framer.error


def facts(outcome: tuple[list[bytes], StreamError | None]) -> tuple[Any, ...]:
    """What must be the same for any cut."""
    items, error = outcome
    partial = error.partial if isinstance(error, StreamTruncatedError) else b""
    index, raw = (error.index, error.raw) if isinstance(error, ItemDecodeError) else (None, b"")
    return items, type(error), str(error), partial, index, raw


def every_cut(body: bytes) -> Iterator[list[bytes]]:
    """All the ways to cut that a test can afford."""
    yield from ([body], steps(body, 1), steps(body, 3), with_gaps(body))
    yield from one_cut(body)
    if len(body) < 40:
        yield from two_cuts(body)


def check(make: Callable[[], JSONFramer], body: bytes, items: list[bytes], error: type[StreamError] | None) -> None:
    """The body gives these items and this error, however it is cut."""
    expected = facts(frame(make(), [body]))
    assert expected[:2] == (items, error or type(None))
    for pieces in every_cut(body):
        assert facts(frame(make(), pieces)) == expected


DOCUMENTS: list[Row] = [
    ("nothing", b"", [], None),
    ("white space", b" \r\n\t", [], None),
    ("object", b'{"a": 1}', [b'{"a": 1}'], None),
    ("BOM and space", b'\xef\xbb\xbf \n{"a": 1} \n', [b'{"a": 1}'], None),
    ("no separator", b'{"a":1}{"b":2}[3][]{}', [b'{"a":1}', b'{"b":2}', b"[3]", b"[]", b"{}"], None),
    ("lines between", b'\n\n{"a":1}\n\n{"b":2}\n\n', [b'{"a":1}', b'{"b":2}'], None),
    ("pretty-printed", b'{\n  "a": [\n    1\n  ]\n}\n[\n]', [b'{\n  "a": [\n    1\n  ]\n}', b"[\n]"], None),
    ("brackets in strings", b'{"a":"}]{["}["]"]', [b'{"a":"}]{["}', b'["]"]'], None),
    ("escapes", rb'{"a":"\"}"}"\\""\\\"]"', [rb'{"a":"\"}"}', rb'"\\"', rb'"\\\"]"'], None),
    ("strings", b'"a" "b""c"', [b'"a"', b'"b"', b'"c"'], None),
    ("UTF-8", '"é…𝄞"{"ü":"☃"}'.encode(), ['"é…𝄞"'.encode(), '{"ü":"☃"}'.encode()], None),
    ("scalars", b"1 -2.5e3\ttrue\nfalse\rnull", [b"1", b"-2.5e3", b"true", b"false", b"null"], None),
    ("scalars by what follows", b'1[2]true{"a":0}null"x"', [b"1", b"[2]", b"true", b'{"a":0}', b"null", b'"x"'], None),
    ("nested past the pattern", b"[" * 9 + b'"]"' + b"]" * 9 + b"[0]", [b"[" * 9 + b'"]"' + b"]" * 9, b"[0]"], None),
    ("mismatched brackets", b'{"a":1][2}', [b'{"a":1]', b"[2}"], None),
    ("stray comma", b"[1],[2]", [b"[1]"], ItemDecodeError),
    ("stray brace", b'{"a":1}}', [b'{"a":1}'], ItemDecodeError),
    ("no JSON", b"<html></html>", [], ItemDecodeError),
    ("half a BOM", b"\xef\xbb", [], ItemDecodeError),
    ("two BOMs", b"\xef\xbb\xbf\xef\xbb\xbf{}", [], ItemDecodeError),
    ("cut in an object", b'{"a":1}{"b":', [b'{"a":1}'], StreamTruncatedError),
    ("cut in a string", b'"a" "b', [b'"a"'], StreamTruncatedError),
    ("cut in an escape", b'"a" "b\\', [b'"a"'], StreamTruncatedError),
    ("cut in a word", b"true fal", [b"true"], StreamTruncatedError),
    ("cut in a number", b"1 -", [b"1"], StreamTruncatedError),
    ("cut in a fraction", b"1 2.", [b"1"], StreamTruncatedError),
    ("cut in an exponent", b"1 2.0e+", [b"1"], StreamTruncatedError),
    ("a wrong word is an item", b"nonsense 1", [b"nonsense", b"1"], None),
    ("a wrong last word too", b"1 nonsense", [b"1", b"nonsense"], None),
]  # fmt: skip

LINES: list[Row] = [
    ("nothing", b"", [], None),
    ("lines", b'{"a":1}\n[2]\n3\n', [b'{"a":1}', b"[2]", b"3"], None),
    ("no last line end", b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}'], None),
    ("a bare last value", b"1\n2\n3", [b"1", b"2", b"3"], None),
    ("BOM, blank lines and CR", b'\xef\xbb\xbf\n\r\n{"a":1}\r\n \t\n\n"b" \r\n', [b'{"a":1}', b'"b"'], None),
    ("UTF-8", '"…"\n"𝄞"\n'.encode(), ['"…"'.encode(), '"𝄞"'.encode()], None),
    ("pretty-printed is wrong line by line", b'{\n"a":1\n}\n', [b"{", b'"a":1', b"}"], None),
    ("two on a line are for the decoder", b"{}{}\n[] x", [b"{}{}", b"[] x"], None),
    ("a line that is no JSON", b"{}\noops\n[]", [b"{}", b"oops", b"[]"], None),
    ("half a BOM", b"\xef\xbb", [b"\xef\xbb"], None),
    ("cut in an object", b'{"a":1}\n{"b":', [b'{"a":1}'], StreamTruncatedError),
    ("cut in a word", b"1\ntru", [b"1"], StreamTruncatedError),
    ("cut in white space", b"1\n  ", [b"1"], None),
]

RECORDS: list[Row] = [
    ("nothing", b"", [], None),
    ("records", b'\x1e{"a":1}\n\x1e"b"\n', [b'{"a":1}', b'"b"'], None),
    ("RS after each", b'{"a":1}\n\x1e{"b":2}\n\x1e', [b'{"a":1}', b'{"b":2}'], None),
    ("several RS", b"\x1e\x1e\n\x1e[1]\x1e\x1e[2]", [b"[1]", b"[2]"], None),
    ("BOM", b"\xef\xbb\xbf\x1e[1]\n", [b"[1]"], None),
    ("line ends inside", b'\x1e{\n"a":\n1}\n\x1e[\n]\n', [b'{\n"a":\n1}', b"[\n]"], None),
    ("scalars with their space", b"\x1e1\n\x1etrue \x1enull\t", [b"1", b"true", b"null"], None),
    ("a scalar without, before RS", b"\x1e12\x1e3\n", [b"12\x1e", b"3"], None),
    ("a scalar without, at the end", b"\x1e1\n\x1e12", [b"1"], StreamTruncatedError),
    ("a cut record", b'\x1e{"a":\x1e[2]\n', [b'{"a":\x1e', b"[2]"], None),
    ("a cut string", b'\x1e"a\\\x1e[2]\n', [b'"a\\\x1e', b"[2]"], None),
    ("no JSON", b"\x1eoops{}\x1e}, {]\n\x1e[2]\n", [b"oops{}", b"}, {]\n", b"[2]"], None),
    ("no JSON at the end", b"\x1e[1]\n\x1e<html>", [b"[1]", b"<html>"], None),
    ("cut at the end", b'\x1e[1]\n\x1e{"a', [b"[1]"], StreamTruncatedError),
    ("cut after RS", b"\x1e[1]\n\x1e", [b"[1]"], None),
]

# Each of these has what the end of one of the others and the start of the next look like, where it is neither.
ALIKE = [
    b'{"id":"a","x":[{"id":"b"},{"id":"c"}]}',
    b'{"id":"d"}',
    b'{"id":"e","x":{"id":"f"},"y":{"id":"g"}}',
    b'{"id":"h"}',
    rb'{"id":"i},{\"id\":\"j"}',
    b'{"id":"},{"}',
    b'{"id":"k"}',
]

ELEMENTS: list[Row] = [
    ("nothing", b"", [], None),
    ("white space", b" \n", [], None),
    ("usual", b'{"object":"list","data":[{"id":"a"},{"id":"b"}],"more":false}', [b'{"id":"a"}', b'{"id":"b"}'], None),
    ("data first", b'{"data":[{"id":"a"}],"has_more":false}', [b'{"id":"a"}'], None),
    ("data alone", b'{"data":[1, "x" ,[2],true,null ]}', [b"1", b'"x"', b"[2]", b"true", b"null"], None),
    ("space everywhere", b'\xef\xbb\xbf \n{ "a" : 1 , "data" : [ {} ,\r\n{} ] , "b" : [] } \n', [b"{}", b"{}"], None),
    ("no elements", b'{"data":[ ]}', [], None),
    ("null", b'{"data": null, "a": 1}', [], None),
    ("an escaped name", rb'{"d\u0061t\u0061":[1]}', [b"1"], None),
    ("nested names", b'{"a":{"data":[1]},"b":["data",{"data":[2]}],"data":[{"data":[3]}]}', [b'{"data":[3]}'], None),
    ("the name in strings", rb'{"a":"data","b":"\"data\":[1]","data":[2]}', [b"2"], None),
    ("other names", b'{"Data":[1],"data ":[2],"dat":[3],"":[4],"data":[5]}', [b"5"], None),
    ("brackets in strings", b'{"data":["]}",{"a":"],"}],"b":"}"}', [b'"]}"', b'{"a":"],"}'], None),
    ("looks like an end", b'{"data":[' + b",".join(ALIKE) + b"]}", ALIKE, None),
    ("nested past the pattern", b'{"data":[' + b"[" * 9 + b"]" * 9 + b",1]}", [b"[" * 9 + b"]" * 9, b"1"], None),
    ("mismatched element", b'{"data":[{"a":1],2]}', [b'{"a":1]', b"2"], None),
    ("an element that is no JSON", b'{"data":[{},{x},{}]}', [b"{}", b"{x}", b"{}"], None),
    ("an array", b"[1]", [], ItemDecodeError),
    ("a string", b'"data"', [], ItemDecodeError),
    ("no JSON", b"<html>", [], ItemDecodeError),
    ("no data", b'{"error":{"message":"no"}}', [], ItemDecodeError),
    ("an empty object", b"{}", [], ItemDecodeError),
    ("two data", b'{"data":[1],"data":[2]}', [b"1"], ItemDecodeError),
    ("two data, one escaped", rb'{"data":null,"\u0064ata":[2]}', [], ItemDecodeError),
    ("data is an object", b'{"data":{"a":1}}', [], ItemDecodeError),
    ("data is a number", b'{"data":1}', [], ItemDecodeError),
    ("data is a wrong word", b'{"data":nul}', [], ItemDecodeError),
    ("a second page", b'{"data":[1]}{"data":[2]}', [b"1"], ItemDecodeError),
    ("garbage after", b'{"data":[1]}]', [b"1"], ItemDecodeError),
    ("no comma", b'{"data":[1 2]}', [b"1"], ItemDecodeError),
    ("comma too many", b'{"data":[{},{},]}', [b"{}", b"{}"], ItemDecodeError),
    ("comma first", b'{"data":[,{}]}', [], ItemDecodeError),
    ("brace for bracket", b'{"data":[{}}}', [b"{}"], ItemDecodeError),
    ("no colon", b'{"data" [1]}', [], ItemDecodeError),
    ("no name", b"{data:[1]}", [], ItemDecodeError),
    ("comma before the brace", b'{"data":[1],}', [b"1"], ItemDecodeError),
    ("no comma between members", b'{"data":[1] "a":2}', [b"1"], ItemDecodeError),
    ("no value", b'{"a":,"data":[1]}', [], ItemDecodeError),
    ("cut at the start", b"{", [], StreamTruncatedError),
    ("cut in a name", b'{"da', [], StreamTruncatedError),
    ("cut in a value", b'{"a": tru', [], StreamTruncatedError),
    ("cut in null", b'{"data": nul', [], StreamTruncatedError),
    ("cut in an element", b'{"data":[{"a":1},{"a":', [b'{"a":1}'], StreamTruncatedError),
    ("cut in a bare element", b'{"data":[1,2', [b"1"], StreamTruncatedError),
    ("cut between elements", b'{"data":[{}, ', [b"{}"], StreamTruncatedError),
    ("cut before the brace", b'{"data":[{}]', [b"{}"], StreamTruncatedError),
]  # fmt: skip

TABLE = [
    pytest.param(kind, body, items, error, id=f"{kind.__name__}: {name}")
    for kind, rows in zip(FRAMERS, (DOCUMENTS, LINES, RECORDS, ELEMENTS), strict=True)
    for name, body, items, error in rows
]


@pytest.mark.parametrize(("kind", "body", "items", "error"), TABLE)
def test_cases(kind: type[JSONFramer], body: bytes, items: list[bytes], error: type[StreamError] | None) -> None:
    """Each body gives its items and its error, whole and cut in every way."""
    check(kind, body, items, error)


ALPHABET = st.sampled_from(
    [bytes([byte]) for byte in b'{}[]",:\\ \n\r\x1eda1-.tn\xef\xbb\xbf\xff\x00']
    + [b'"data"', b'{"data":[', b'{"id":1}', b'},{"id":', b"null", b"true", b'\\"', rb"\u0061", b'"a":', b"]}"]
)
places = st.lists(st.integers(0, 80), max_size=6)


@pytest.mark.parametrize("kind", FRAMERS)
@given(body=st.lists(ALPHABET, max_size=30).map(b"".join), where=places, limit=st.sampled_from([4, 12, 1000]))
def test_any_bytes_in_any_pieces(kind: type[JSONFramer], body: bytes, where: list[int], limit: int) -> None:
    """Whatever comes, cutting changes neither items nor error, and the error is a documented one."""
    whole = frame(kind(limit), [body])
    assert facts(frame(kind(limit), cut(body, where))) == facts(whole)
    assert isinstance(whole[1], StreamTruncatedError | ItemDecodeError | ItemTooLargeError | None)
    assert all(len(item.removesuffix(b"\x1e")) <= limit for item in whole[0])


names = st.sampled_from(["id", "data", 'd"a', "a\\", "x"])
leaves = (
    st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=5) | st.sampled_from(['},{"id":', "[", "]}"])
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12
)
indents = st.sampled_from([None, 0, 2])


def dump(value: object, indent: int | None, *, ascii_only: bool = True) -> bytes:
    """JSON text, compact or with line ends."""
    separators = (",", ":") if indent is None else None
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=ascii_only).encode()


def raw_documents(text: str) -> Outcome:
    """The documents of a whole body by the standard library, and whether it ends inside one."""
    decoder, place, items = json.JSONDecoder(), 0, list[bytes]()
    while place < len(text):
        try:
            _, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError:
            return items, StreamTruncatedError
        items.append(text[place:end].encode())
        place = end + len(text[end:]) - len(text[end:].lstrip())
    return items, None


@given(st.lists(values, min_size=1, max_size=4), indents, st.data())
def test_documents_cut_anywhere(documents: list[Any], indent: int | None, data: st.DataObject) -> None:
    """What is whole before the cut comes out, and no more; the standard library is the judge."""
    body = b"\n".join(dump(document, indent) for document in documents) + b"\n"
    end = data.draw(st.integers(0, len(body)))
    items, error = frame(ConcatenatedJSON(), cut(body[:end], data.draw(places)))
    assert (items, type(error) if error else None) == raw_documents(body[:end].decode())


@pytest.mark.parametrize("kind", [JSONLines, JSONSequence])
@given(documents=st.lists(values, max_size=4), data=st.data())
def test_lines_and_records_cut_anywhere(kind: type[JSONFramer], documents: list[Any], data: st.DataObject) -> None:
    """Items that are whole before the cut come out as they were written, and a cut one never as if it were whole."""
    start = b"\x1e" if kind is JSONSequence else b""
    raw = [dump(document, None, ascii_only=False) for document in documents]
    body = b"".join(start + item + b"\n" for item in raw)
    end = data.draw(st.integers(0, len(body)))
    items, error = frame(kind(), cut(body[:end], data.draw(places)))
    whole = body[:end].count(b"\n")
    assert items[:whole] == raw[:whole]
    for item in items[whole:]:
        # Behind the last line end: whole but for that, or a number's first digits, which nothing tells from a number.
        assert item == raw[whole] or (kind is JSONLines and raw[whole].startswith(item) and item[-1:].isdigit())
    if end == len(body):
        assert (items, error) == (raw, None)


@given(
    st.lists(values, max_size=5),
    st.dictionaries(st.sampled_from(["object", "first_id", "x"]), values, max_size=3),
    st.integers(0, 3),
    indents,
    st.data(),
)
def test_elements_cut_anywhere(
    elements: list[Any], envelope: dict[str, Any], where: int, indent: int | None, data: st.DataObject
) -> None:
    """The elements are those of a decoder of the whole page, each as soon as its last byte is there."""
    members = list(envelope.items())
    members.insert(where, ("data", elements))
    body = dump(dict(members), indent, ascii_only=False)
    framer = ListElements()
    items, error = frame(framer, cut(body, data.draw(places)))
    assert error is None
    assert [json.loads(item) for item in items] == elements
    assert json.loads(framer.envelope) == {**envelope, "data": []}
    assert framer.done
    end = data.draw(st.integers(0, len(body) - 1))
    early, error = frame(ListElements(), cut(body[:end], data.draw(places)))
    assert early == items[: len(early)]
    assert isinstance(error, StreamTruncatedError) if end else error is None


def test_a_page_cut_at_every_byte() -> None:
    """Exactly the elements that end before the cut come out, each with its closing byte."""
    elements = [b'{"id":"a","x":[{"id":"b"}]}', b'"c,]"', b"[]", b'{"id":"d","data":"}"}', b'{"id":"e"}', b'{"id":"f"}']
    body = b'{"first_id":"]","data":[' + b", ".join(elements) + b'],"last_id":"f","has_more":true}'
    ends: list[int] = []
    for element in elements:
        ends.append(body.index(element, ends[-1] if ends else 0) + len(element))
    for cut_at in range(1, len(body)):
        framer = ListElements()
        assert framer.feed(body[:cut_at]) == elements[: sum(end <= cut_at for end in ends)]
        assert not framer.done
        with pytest.raises(StreamTruncatedError, match="inside a list"):
            framer.finish()
        single = ListElements()
        counts = [len(single.feed(piece)) for piece in steps(body[:cut_at], 1)]
        assert [place + 1 for place, count in enumerate(counts) if count] == [end for end in ends if end <= cut_at]


@pytest.mark.parametrize("kind", [ConcatenatedJSON, JSONSequence])
def test_documents_come_with_their_last_byte(kind: type[JSONFramer]) -> None:
    """An object, array or string does not wait for what follows it; a bare value has to."""
    framer = kind()
    assert framer.feed(b' {"a":') == []
    assert framer.feed(b"1}") == [b'{"a":1}']
    assert framer.feed(b'[2]"') == [b"[2]"]
    assert framer.feed(b'x"') == [b'"x"']
    assert framer.feed(b"12") == []
    assert framer.feed(b" ") == [b"12"]
    assert framer.finish() == []


def test_the_envelope_beside_the_elements() -> None:
    """Members before and after `data` are there at the end, as one small document; what was refused too."""
    framer = ListElements()
    framer.feed(b'{"object": "list", "d\\u0061ta": [{"id":"a"}], "first_id": "a",')
    assert framer.envelope == b'{"object":"list","d\\u0061ta":[],"first_id":"a",'
    framer.feed(b' "has_more" : true }')
    assert json.loads(framer.envelope) == {"object": "list", "data": [], "first_id": "a", "has_more": True}
    refused = ListElements()
    refused.feed(b'{"error": {"message": "no"}}')
    assert refused.done
    assert json.loads(refused.envelope) == {"error": {"message": "no"}}


def test_elements_around_their_usual_form() -> None:
    """Elements that look for long like one another, and then do not, are found alike."""
    page = [{"id": f"m{number}", "x": {"id": number}} for number in range(20)]
    odd: list[Any] = [{"x": 1, "id": 2}, [], "a", {"id": "m", "y": [{"id": "m"}] * 30}, 7, {"id": "m" * 500}]
    elements = page + [item for each in odd for item in [each, *page[:2]]] + odd + odd
    for indent in (None, 0, 1):
        body = dump({"data": elements}, indent)
        for size in (len(body), 1000, 100, 17):
            items, error = frame(ListElements(), steps(body, size))
            assert error is None
            assert [json.loads(item) for item in items] == elements
            assert all(item == item.strip() for item in items)


LIMITED: list[tuple[type[JSONFramer], int, bytes, list[bytes], bool]] = [
    (ConcatenatedJSON, 8, b'[1]"345678"[2]', [b"[1]", b'"345678"', b"[2]"], True),
    (ConcatenatedJSON, 8, b'[1]"3456789"[2]', [b"[1]"], False),
    (ConcatenatedJSON, 8, b"[1] 12345678 [2]", [b"[1]", b"12345678", b"[2]"], True),
    (ConcatenatedJSON, 8, b"[1] 123456789 [2]", [b"[1]"], False),
    (ConcatenatedJSON, 8, b"[1][[[[[[[[[[", [b"[1]"], False),
    (JSONLines, 8, b"[1]\n[234567]\n[2]\n", [b"[1]", b"[234567]", b"[2]"], True),
    (JSONLines, 8, b"[1]\n[234567]\r\n[2]\n", [b"[1]"], False),
    (JSONLines, 8, b"[1]\n[23456789", [b"[1]"], False),
    (JSONSequence, 8, b"\x1e[1]\n\x1e[234567]\n", [b"[1]", b"[234567]"], True),
    (JSONSequence, 8, b"\x1e[1]\n\x1e[2345678]\n", [b"[1]"], False),
    (JSONSequence, 8, b"\x1e[1]\n\x1e]2345678\x1e[2]", [b"[1]", b"]2345678", b"[2]"], True),
    (JSONSequence, 8, b"\x1e[1]\n\x1e]23456789\x1e[2]", [b"[1]"], False),
    (ListElements, 11, b'{"data":[[3],[4],[34567890],[1]]}', [b"[3]", b"[4]", b"[34567890]", b"[1]"], True),
    (ListElements, 11, b'{"data":[[3],[4],[3456789012],[1]]}', [b"[3]", b"[4]"], False),
    (ListElements, 11, b'{"data":[[3],[4],[3456789012]]}', [b"[3]", b"[4]"], False),
    (ListElements, 11, b'{"data":[[34567],[34567],[345678901234],[1]]}', [b"[34567]"] * 2, False),
    (ListElements, 11, b'{"data":[{"id":"1234567"},{"id":"1234567"}]}', [], False),
    (ListElements, 11, b'{"data":[1],"a":2}', [b"1"], False),
]


@pytest.mark.parametrize(("kind", "limit", "body", "items", "fits"), LIMITED)
def test_limit(kind: type[JSONFramer], limit: int, body: bytes, items: list[bytes], *, fits: bool) -> None:
    """An item past the limit ends the framing after the items before it, whether it ever ends or not."""
    check(lambda: kind(limit), body, items, None if fits else ItemTooLargeError)


def test_a_limit_between_two_elements_that_look_alike() -> None:
    """An element that is found by its likeness to the last one has the same limit."""
    body = b'{"data":[' + b",".join(b'{"id":"a%s"}' % (b"x" * length) for length in (1, 1, 1, 12, 1)) + b"]}"
    check(lambda: ListElements(15), body, [b'{"id":"ax"}'] * 3, ItemTooLargeError)


@pytest.mark.parametrize("kind", FRAMERS)
def test_an_error_comes_again(kind: type[JSONFramer]) -> None:
    """The items before an error are returned first; then whatever is called raises it."""
    framer = kind(16)
    body = b'{"data":[{},[]' if kind is ListElements else b"{}\n[]\n"
    assert framer.feed(body + b"[" * 50) == [b"{}", b"[]"]
    assert framer.error is not None
    assert (framer.error.items, framer.items) == (2, 2)
    with pytest.raises(StreamError) as fed:
        framer.feed(b"]")
    with pytest.raises(StreamError) as finished:
        framer.finish()
    assert fed.value is finished.value is framer.error


def test_errors_say_where() -> None:
    """A malformed body names the item's index, the byte and what should stand there."""
    framer = ConcatenatedJSON()
    assert framer.feed(b"[1][2]") == [b"[1]", b"[2]"]
    assert framer.feed(b"[3],") == [b"[3]"]
    with pytest.raises(ItemDecodeError, match=r"expected a JSON value, not b','") as raised:
        framer.finish()
    assert (raised.value.index, raised.value.items, raised.value.raw) == (3, 3, b",")


@pytest.mark.parametrize("kind", FRAMERS)
def test_a_cut_item_is_shown_in_part(kind: type[JSONFramer]) -> None:
    """Of an unfinished item the error keeps one KiB."""
    start = b'{"data":[' if kind is ListElements else b""
    _, error = frame(kind(), steps(start + b'{"text":"' + b"x" * 5000, 700))
    assert isinstance(error, StreamTruncatedError)
    assert error.partial == b'{"text":"' + b"x" * 1015


@pytest.mark.parametrize("size", [1 << 20, 1000])
def test_deep_and_long_items(size: int) -> None:
    """Nesting without bound, a long string, and many brackets in one item do no harm in any piece."""
    deep = b"[" * 100_000 + b"]" * 100_000
    long = b'"' + b'\\"{' * 100_000 + b'"'
    wide = b"[" + b'{"a":[1,{"b":[]}]},' * 10_000 + b"{}]"
    body = b'{"data":[' + deep + b"," + long + b"," + wide + b"," + long + b"]}"
    assert frame(ListElements(), steps(body, size)) == ([deep, long, wide, long], None)
    assert frame(ConcatenatedJSON(), steps(deep + long + wide, size)) == ([deep, long, wide], None)


def test_items_are_for_a_decoder() -> None:
    """What the framers hand over decodes, and what an RS or a wrong byte spoiled does not."""
    records, _ = frame(JSONSequence(), [b'\x1e{"a":1}\n\x1e12\x1e"x\x1e]\x1e[2]\n'])
    good: list[Any] = []
    for record in records:
        try:
            good.append(msgspec.json.decode(record))
        except msgspec.DecodeError:
            good.append(None)
    assert good == [{"a": 1}, None, None, None, [2]]
