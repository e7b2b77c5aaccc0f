"""JSON items out of bytes: documents, lines, records, and the elements of a list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.core.streams.json_framers import (
    ConcatenatedJSON,
    JSONFramer,
    JSONLines,
    JSONSequence,
)
from assistants_async.errors import ItemDecodeError, ItemTooLargeError, StreamError, StreamTruncatedError
from tests.support.cuts import cut
from tests.support.framing import FRAMERS, check, dump, facts, frame, indents, places, values

Outcome = tuple[list[bytes], type[StreamError] | None]
Row = tuple[str, bytes, list[bytes], type[StreamError] | None]


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


@pytest.mark.parametrize("kind", FRAMERS)
@given(body=st.lists(ALPHABET, max_size=30).map(b"".join), where=places, limit=st.sampled_from([4, 12, 1000]))
def test_any_bytes_in_any_pieces(kind: type[JSONFramer], body: bytes, where: list[int], limit: int) -> None:
    """For any bytes, cutting changes neither items nor error, and the error is a documented one."""
    whole = frame(kind(limit), [body])
    assert facts(frame(kind(limit), cut(body, where))) == facts(whole)
    assert isinstance(whole[1], StreamTruncatedError | ItemDecodeError | ItemTooLargeError | None)
    assert all(len(item.removesuffix(b"\x1e")) <= limit for item in whole[0])


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
    """The items that are whole before the cut are given, and no more; the standard library is the judge."""
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
        # Behind the last line end: whole but for that, or a number's first digits, which look like a whole number.
        assert item == raw[whole] or (kind is JSONLines and raw[whole].startswith(item) and item[-1:].isdigit())
    if end == len(body):
        assert (items, error) == (raw, None)


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
