"""Options as values: their changes and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import Timeout
from assistants_async.core.requests.options import NO_TIMEOUT, Options, as_timeout, header_safe, merge

BASE = Timeout(connect=1, pool=2, head=3, idle=4, total=5)


def test_a_number_is_the_total_and_leaves_the_other_limits() -> None:
    """`timeout=7` is as much as most callers want to say."""
    assert as_timeout(7, BASE) == Timeout(connect=1, pool=2, head=3, idle=4, total=7.0)


NUMBERS: dict[str, tuple[Timeout, float | None, float | None]] = {
    "defaults": (Timeout(), 7, 7),
    "a number before": (as_timeout(3, Timeout()), 7, 7),
    "narrower limits": (Timeout(head=1, idle=2), 1, 2),
    "wider limits": (Timeout(head=300, idle=200), 7, 7),
    "no limits": (NO_TIMEOUT, 7, 7),
    "a silence as long as the default": (Timeout(idle=60.0), 600, 60),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_a_number_bounds_the_parts_of_a_stream(case: str) -> None:
    """A stream has no total: its head and silences take the number, unless they were set narrower than that."""
    base, head, idle = NUMBERS[case]
    seconds = 600 if case == "a silence as long as the default" else 7
    found = as_timeout(seconds, base)
    assert (found.total, found.head, found.idle, found.stream) == (seconds, head, idle, None)


def test_a_timeout_replaces_all_limits() -> None:
    """Limits that a Timeout does not name have their default, not the value from before."""
    assert as_timeout(Timeout(head=1), BASE) == Timeout(head=1)


def test_none_lifts_every_limit() -> None:
    """`timeout=None` is no limit at all."""
    assert as_timeout(None, BASE) == NO_TIMEOUT
    assert as_timeout(Timeout(total=None), BASE).total is None


@pytest.mark.parametrize("value", [0, -1, 0.0, float("inf"), float("nan"), Timeout(idle=0), Timeout(pool=float("nan"))])
def test_a_limit_must_be_positive_and_finite(value: Any) -> None:
    """Neither zero nor infinity is a time-out: None says that there is none."""
    with pytest.raises(ValueError, match="must be a positive number of seconds"):
        as_timeout(value, BASE)


@pytest.mark.parametrize("value", ["5", True, (1, 2), object()])
def test_a_timeout_of_another_kind_is_refused(value: Any) -> None:
    """Text, bools and aiohttp's own objects are a TypeError that says what fits."""
    with pytest.raises(TypeError, match="must be a Timeout, a number or None"):
        as_timeout(value, BASE)


def test_headers_and_query_add_up_and_the_rest_is_replaced() -> None:
    """A later change wins by name, case-insensitively for headers, and the first options stay as they were."""
    first = merge(Options(), {"headers": {"X-A": "1", "X-B": "1"}, "query": {"a": 1, "b": 1}, "strict": True})
    second = merge(first, {"headers": {"x-b": None, "X-C": "2"}, "query": {"b": None}, "strict": False})
    assert dict(first.headers) == {"x-a": "1", "x-b": "1"}
    assert dict(second.headers) == {"x-a": "1", "x-b": None, "x-c": "2"}
    assert dict(second.query) == {"a": 1, "b": None}
    assert (first.strict, second.strict) == (True, False)


def test_an_unknown_option_is_refused_by_name() -> None:
    """A misspelt option is a TypeError and not silently dropped."""
    changes: Any = {"timeouts": 3}
    with pytest.raises(TypeError, match="unexpected keyword argument 'timeouts'"):
        merge(Options(), changes)


BAD_HEADERS: dict[str, dict[str, str | None]] = {
    "line end": {"x-a": "1\r\nx-admin: 1"},
    "line feed": {"x-a": "1\n"},
    "NUL": {"x-a": "\0"},
    "DEL": {"x-a": "\x7f"},
    "beyond latin-1": {"x-a": "\N{EURO SIGN}"},
    "lone surrogate": {"x-a": "\ud800"},
    "name with a line end": {"x-a\r\nx-admin": "1"},
    "name with a colon": {"x:a": "1"},
    "name with a space": {"x a": None},
    "no name": {"": "1"},
    "non-ASCII name": {"é": "1"},
}


@pytest.mark.parametrize("headers", BAD_HEADERS.values(), ids=BAD_HEADERS.keys())
def test_a_header_that_would_break_the_head_is_refused(headers: dict[str, str | None]) -> None:
    """The ValueError names the header and keeps its value to itself."""
    with pytest.raises(ValueError, match=r"^header (name )?'") as caught:
        merge(Options(), {"headers": headers})
    assert "x-admin: 1" not in str(caught.value)


@pytest.mark.parametrize("value", ["", "a b\tc", "caf\xe9", "~!@#"])
def test_latin_1_text_may_be_a_header(value: str) -> None:
    """Tabs, spaces and latin-1 letters are allowed (RFC 9110, 5.5)."""
    assert header_safe(value)


@pytest.mark.parametrize("media", ["application/json", "APPLICATION/JSON; charset=utf-8", "application/vnd.api+json"])
def test_a_json_media_type_is_accepted(media: str) -> None:
    """A body stays JSON, so its media type must say so."""
    assert merge(Options(), {"content_type": media}).content_type == media


@pytest.mark.parametrize("media", ["text/plain", "", "application/jsonp", "json", "application/json;\r\nx-admin: 1"])
def test_a_content_type_that_is_not_json_is_refused(media: str) -> None:
    """Neither another type nor a second header gets through."""
    with pytest.raises(ValueError, match="content_type"):
        merge(Options(), {"content_type": media})


def test_an_accept_header_that_would_break_the_head_is_refused() -> None:
    """`accept` follows the rules of any header."""
    with pytest.raises(ValueError, match="accept"):
        merge(Options(), {"accept": "text/plain\r\nx-admin: 1"})
