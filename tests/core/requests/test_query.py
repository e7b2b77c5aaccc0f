"""Query strings: each style of OpenAPI, scalars, and what is refused."""

from __future__ import annotations

from enum import Enum
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async import Styled
from assistants_async.core.requests.query import encode_query


class Order(str, Enum):  # noqa: UP042  # what services had before StrEnum
    """An order as an enum, as services write it."""

    ASCENDING = "asc"


class Size(Enum):
    """An enum of numbers."""

    SMALL = 10


LIST = ["a", "b c"]
OBJECT = {"role": "admin", "age": 3}

CASES: dict[str, tuple[dict[str, object], str]] = {
    "nothing": ({}, ""),
    "text": ({"a": "x"}, "a=x"),
    "empty text": ({"a": ""}, "a="),
    "number": ({"a": 1, "b": 0.5}, "a=1&b=0.5"),
    "true": ({"a": True}, "a=true"),
    "false": ({"a": False}, "a=false"),
    "None is left out": ({"a": None, "b": 1}, "b=1"),
    "everything is encoded": ({"a": "x&y=z?#/%+ é"}, "a=x%26y%3Dz%3F%23%2F%25%2B%20%C3%A9"),
    "line ends are encoded": ({"a": "x\r\ny"}, "a=x%0D%0Ay"),
    "name is encoded": ({"a&b": 1}, "a%26b=1"),
    "name keeps its brackets": ({"include[]": ["x"]}, "include[]=x"),
    "enum by its value": ({"order": Order.ASCENDING, "limit": Size.SMALL}, "order=asc&limit=10"),
    "list repeats": ({"a": LIST}, "a=a&a=b%20c"),
    "tuple repeats": ({"a": ("x", 1, True)}, "a=x&a=1&a=true"),
    "empty list": ({"a": []}, ""),
    "None in a list": ({"a": ["x", None]}, "a=x"),
    "object is deep": ({"a": OBJECT}, "a[role]=admin&a[age]=3"),
    "nested object": ({"a": {"b": {"c": 1}}}, "a[b][c]=1"),
    "list in an object": ({"a": {"b": [1, 2]}}, "a[b]=1&a[b]=2"),
    "empty object": ({"a": {}}, ""),
    "style repeat": ({"a": Styled(LIST, "repeat")}, "a=a&a=b%20c"),
    "style comma": ({"a": Styled(LIST, "comma")}, "a=a%2Cb%20c"),
    "style space": ({"a": Styled(LIST, "space")}, "a=a%20b%20c"),
    "style pipe": ({"a": Styled(LIST, "pipe")}, "a=a%7Cb%20c"),
    "style tab": ({"a": Styled(LIST, "tab")}, "a=a%09b%20c"),
    "style deep, object": ({"a": Styled(OBJECT, "deep")}, "a[role]=admin&a[age]=3"),
    "style deep, list": ({"a": Styled(LIST, "deep")}, "a[0]=a&a[1]=b%20c"),
    "style deep, mixed": (
        {"a": Styled([{"b": 1}, {"b": [2, 3]}, "c"], "deep")},
        "a[0][b]=1&a[1][b]=2&a[1][b]=3&a[2]=c",
    ),
    "style of an object": ({"a": Styled({"b": Styled([1, 2], "comma")}, "deep")}, "a[b]=1%2C2"),
    "style of a scalar": ({"a": Styled("x", "comma")}, "a=x"),
    "style of nothing": ({"a": Styled(None, "pipe")}, ""),
    "style with bools and None": ({"a": Styled([True, None, 1], "comma")}, "a=true%2C1"),
}


@pytest.mark.parametrize(("query", "wanted"), CASES.values(), ids=CASES.keys())
def test_each_value_has_one_spelling(query: dict[str, object], wanted: str) -> None:
    """The query string is written as the table says."""
    assert encode_query(query) == wanted


@pytest.mark.parametrize("value", [b"x", object(), {1, 2}, [[b"x"]], {"b": b"x"}])
def test_a_value_that_has_no_text_is_refused_by_name(value: object) -> None:
    """A value that is no scalar, list or mapping is a TypeError that names the parameter."""
    with pytest.raises(TypeError, match=r"query parameter 'a.* cannot be (bytes|object|set)"):
        encode_query({"a": value})


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.text(st.characters(exclude_categories=["Cs"])),
    )
)
def test_text_comes_back_from_a_parser(query: dict[str, str]) -> None:
    """Any names and values survive the way through a standard parser, and add no parameter."""
    text = encode_query(query)
    assert text.isascii()
    assert dict(parse_qsl(text, keep_blank_values=True)) == query
