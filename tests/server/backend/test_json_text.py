"""The text of a JSON string, however it is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.server.backend.json_text import JSONText


@given(text=st.text(), ascii_only=st.booleans(), cuts=st.lists(st.integers(min_value=1, max_value=5), min_size=1))
def test_any_text_in_any_pieces(text: str, ascii_only: bool, cuts: list[int]) -> None:
    """No escape and no surrogate pair is lost at a cut; what follows the quote is no text."""
    raw = json.dumps(text, ensure_ascii=ascii_only)[1:] + "}"
    reader, found, place, turn = JSONText(), "", 0, 0
    while place < len(raw):
        size = cuts[turn % len(cuts)]
        found += reader.feed(raw[place : place + size])
        place, turn = place + size, turn + 1
    assert (found, reader.is_closed) == (text, True)


@pytest.mark.parametrize("size", [pytest.param(1, id="by one"), pytest.param(99, id="at once")])
@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        pytest.param(r"\x41", "x41", id="an escape that JSON does not have"),
        pytest.param(r"\u12", "u12", id="too few digits"),
        pytest.param(r"\uzzzz", "uzzzz", id="no digits"),
        pytest.param(r"\ud83d", "\ufffd", id="half a pair"),
        pytest.param(r"\ud83d\u12", "\ufffdu12", id="half a pair, then too few digits"),
        pytest.param(r"\ud83d\n", "\ufffd\n", id="half a pair, then another escape"),
    ],
)
def test_text_that_is_no_json(raw: str, wanted: str, size: int) -> None:
    """Letters stay letters, and nothing is lost."""
    reader = JSONText()
    pieces = [reader.feed(f'{raw}"'[place : place + size]) for place in range(0, len(raw) + 1, size)]
    assert ("".join(pieces), reader.is_closed) == (wanted, True)


@given(raw=st.text(alphabet='ud83an"\\\\', max_size=40))
def test_nothing_waits_for_ever(raw: str) -> None:
    """Whatever a model writes, a text goes on, and less than two escapes of it wait."""
    reader = JSONText()
    for character in raw:
        reader.feed(character)
        assert len(reader._rest) < 13
    reader.feed('n"')
    reader.feed('"')
    assert reader.is_closed
