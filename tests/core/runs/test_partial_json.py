"""The value so far of a JSON text that breaks off anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.core.runs.partial_json import PartialJSON, partial_value

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text('\\"u{}[],: \n😀é')
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TEXTS = st.builds(
    lambda value, plain, indent: (value, json.dumps(value, ensure_ascii=plain, indent=indent)),
    st.lists(VALUES, max_size=4) | st.dictionaries(st.text(), VALUES, max_size=4),
    st.booleans(),
    st.sampled_from([None, 1]),
)


def is_prefix(part: Any, whole: Any) -> bool:
    """True for a value that may become another by growing: members and elements are added behind, texts get longer."""
    if isinstance(whole, dict):
        return (
            isinstance(part, dict)
            and list(part) == list(whole)[: len(part)]
            and all(is_prefix(part[name], whole[name]) for name in part)
        )
    if isinstance(whole, list):
        return isinstance(part, list) and len(part) <= len(whole) and all(map(is_prefix, part, whole))
    if isinstance(whole, str):
        return isinstance(part, str) and whole.startswith(part)
    return type(part) is type(whole) and bool(part == whole)


@given(TEXTS)
def test_every_prefix_gives_a_prefix_of_the_value(case: tuple[Any, str]) -> None:
    """From the opening brace on, up to the whole, which gives the value itself."""
    value, text = case
    before: Any = None
    for end in range(1, len(text) + 1):
        part = partial_value(text[:end])
        assert is_prefix(part, value)
        assert before is None or is_prefix(before, part)
        before = part
    assert partial_value(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": "x', {"a": "x"}),
        ('{"a": 1', {}),
        ('{"a": 1,', {"a": 1}),
        ('{"a": 1 ', {"a": 1}),
        ('{"a": tru', {}),
        ('{"a": true', {"a": True}),
        ('{"a": [1, {"b": "c", "d', {"a": [1, {"b": "c"}]}),
        ('{"a": "x\\', {"a": "x"}),
        ('{"a": "x\\\\', {"a": "x\\"}),
        ('{"a": "x\\u00e', {"a": "x"}),
        ('{"a": "x\\ud83d', {"a": "x"}),
        ('{"a": "x\\ud83d\\ude0', {"a": "x"}),
        ('{"a": "x\\\\u00e', {"a": "x\\u00e"}),
        ('{"a": "x\\\\\\', {"a": "x\\"}),
        ('"half', "half"),
        ("\n{", {}),
    ],
)
def test_unfinished_parts_of_a_text(text: str, value: Any) -> None:
    """A number may go on and an escape is one character: both wait for their end."""
    assert partial_value(text) == value


@pytest.mark.parametrize(
    "text",
    ["", " ", "12", "nope", "}", "]", '{"a" "b"}', "{]", '{"a": "\\ud83d x"}', "```json\n{", "[" * 100_000, "\ud800"],
    ids=range(12),
)
def test_other_texts_than_json_give_nothing(text: str) -> None:
    """Also where it is nested past a decoder's limit."""
    assert partial_value(text) is None


GROWING = {
    "a text": '{"a": "' + "x" * 500_000,
    "escapes": '{"a": "' + "\\u00e9" * 100_000,
    "numbers": "[" + "1, " * 80_000,
    "objects": "[" + '{"a": [true, null]}, ' * 8_000,
    "brackets": "[" * 500_000,
    "openings": '{"a": ' * 80_000,
    "no JSON": "word " * 100_000,
    "one word": "w" * 500_000,
    "white space": "[" + " " * 500_000,
    "backslashes": '["' + "\\" * 500_000,
}


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING.keys())
def test_a_text_that_grows_is_read_in_steps(text: str) -> None:
    """Up to half a megabyte in pieces of four characters is read some thousand times, up to its end."""
    reader, reads, value = PartialJSON(), 0, None
    for end in range(4, len(text) + 1, 4):
        if reader.grow(4):
            reads += 1
            value = reader.read(text[:end])
    assert reads < 2500
    if reader.is_behind or value is None:
        value = reader.read(text)
    assert not reader.is_behind
    assert value == partial_value(text)


def test_a_short_text_is_read_with_each_piece() -> None:
    """Up to 256 characters nothing is left for later; of a text that is another one all is read anew."""
    reader = PartialJSON()
    values = [reader.read('["' + "a" * size) for size in range(1, 200) if reader.grow(1)]
    assert len(values) == 199
    assert reader.read('["b') == ["b"]


@given(TEXTS, st.integers(1, 9))
def test_a_text_that_grows_has_the_value_of_its_whole(case: tuple[Any, str], size: int) -> None:
    """Going on from the last token and reading from the start agree, for every cut."""
    value, text = case
    reader = PartialJSON()
    for end in range(size, len(text), size):
        assert reader.read(text[:end]) == partial_value(text[:end])
    assert reader.read(text) == value
