"""Elements of a list out of bytes, cut anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.core.streams.json_framers import (
    ListElements,
)
from assistants_async.errors import StreamTruncatedError
from tests.support.cuts import cut, steps
from tests.support.framing import dump, frame, indents, places, values


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
