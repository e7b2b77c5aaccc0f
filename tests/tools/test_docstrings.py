"""Descriptions out of docstrings: three styles, and what is none of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.tools.docstrings import read_docstring

GOOGLE = """Tell the weather.

    In one city only.

    Args:
        city: Name of the city,
            in English.
        days (int, optional): How many days: from today.
        *rest: The others.
        no entry at all

    Keyword Args:
        unit (str): Degrees.

    Returns:
        str: The weather.

    Raises:
        ValueError: For no city.
    """

NUMPY = """Tell the weather.

    In one city only.

    Parameters
    ----------
    city : str
        Name of the city,
        in English.
    days, hours : int, optional
        How long.

        From today.
    unit
        Degrees.

    Other Parameters
    ----------------
    rest : list
        The others.

    Returns
    -------
    weather : str
        The weather.
    """

SPHINX = """Tell the weather.

    In one city only.

    :param city: Name of the city,
        in English.
    :param int days: How many days: from today.
    :type unit: str
    :keyword unit: Degrees.
    :param: nameless
    :returns: The weather.
    :raises ValueError: For no city.
    """

GOOGLE_PARAMETERS = {
    "city": "Name of the city, in English.",
    "days": "How many days: from today.",
    "rest": "The others.",
    "unit": "Degrees.",
}
NUMPY_PARAMETERS = {
    "city": "Name of the city, in English.",
    "days": "How long. From today.",
    "hours": "How long. From today.",
    "unit": "Degrees.",
    "rest": "The others.",
}
SPHINX_PARAMETERS = {
    "city": "Name of the city, in English.",
    "days": "How many days: from today.",
    "unit": "Degrees.",
}


@pytest.mark.parametrize(
    ("docstring", "parameters"),
    [(GOOGLE, GOOGLE_PARAMETERS), (NUMPY, NUMPY_PARAMETERS), (SPHINX, SPHINX_PARAMETERS)],
    ids=["google", "numpy", "sphinx"],
)
def test_each_style_is_read(docstring: str, parameters: dict[str, str]) -> None:
    """The text before the sections, and one line for each parameter."""
    read = read_docstring(docstring)
    assert read.text == "Tell the weather.\n\nIn one city only."
    assert read.parameters == parameters


@pytest.mark.parametrize("docstring", [None, "", "   \n  "])
def test_no_docstring_says_nothing(docstring: str | None) -> None:
    """And breaks nothing."""
    assert read_docstring(docstring) == ("", {})


def test_fields_after_a_section_are_read() -> None:
    """Some mix the styles."""
    assert read_docstring("Do.\n\nNote:\n    Slow.\n\n:param a: First.\n").parameters == {"a": "First."}


@pytest.mark.parametrize(
    "text",
    ["Use it so: call it.", "The forms are:\n\n- one\n- two", "Say `a: b`.", "Heading\n===\n\nText.", "Args: a and b."],
)
def test_prose_with_colons_and_lines_is_text(text: str) -> None:
    """Only known headings open a section."""
    assert read_docstring(text) == (text, {})


@given(st.text(alphabet=st.sampled_from("Args:Parameters\n- x:param ()*,\t"), max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    """Nothing raises, and each description is one line."""
    read = read_docstring(text)
    assert all("\n" not in line for line in read.parameters.values())
