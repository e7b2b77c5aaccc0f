"""`Retry-After` of a server, in every form."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async import Headers
from assistants_async.core.requests.retry import retry_after

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC).timestamp()

FORMS: dict[str, tuple[dict[str, str], float | None]] = {
    "absent": ({}, None),
    "seconds": ({"retry-after": "7"}, 7.0),
    "seconds with a fraction": ({"retry-after": "1.5"}, 1.5),
    "seconds with spaces": ({"retry-after": " 3 "}, 3.0),
    "header in capitals": ({"Retry-After": "4"}, 4.0),
    "milliseconds": ({"retry-after-ms": "250"}, 0.25),
    "milliseconds come first": ({"retry-after": "9", "retry-after-ms": "1500"}, 1.5),
    "unreadable milliseconds": ({"retry-after": "9", "retry-after-ms": "soon"}, 9.0),
    "zero milliseconds": ({"retry-after": "9", "retry-after-ms": "0"}, 9.0),
    "date": ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30.0),
    "date with an offset": ({"retry-after": "Mon, 23 Nov 2026 14:00:30 +0200"}, 30.0),
    "date of RFC 850": ({"retry-after": "Monday, 23-Nov-26 12:00:30 GMT"}, 30.0),
    "date of asctime": ({"retry-after": "Mon Nov 23 12:00:30 2026"}, 30.0),
    "date without a known zone": ({"retry-after": "Mon, 23 Nov 2026 12:00:30 -0000"}, 30.0),
    "date in the past": ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, None),
    "date of now": ({"retry-after": "Mon, 23 Nov 2026 12:00:00 GMT"}, None),
    "malformed date": ({"retry-after": "Mon, 99 Nov 2026 12:00:30 GMT"}, None),
    "date far off": ({"retry-after": "Mon, 23 Nov 99999 12:00:30 GMT"}, None),
    "zero": ({"retry-after": "0"}, None),
    "negative": ({"retry-after": "-1"}, None),
    "not a number": ({"retry-after": "nan"}, None),
    "infinite": ({"retry-after": "inf"}, None),
    "too large to be finite": ({"retry-after": "1e999"}, None),
    "empty": ({"retry-after": ""}, None),
    "words": ({"retry-after": "in a while"}, None),
}


@pytest.mark.parametrize(("headers", "wanted"), FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_each_form_gives_seconds_or_nothing(
    headers: dict[str, str], wanted: float | None, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers and dates are read alike wherever the client runs; what is no later time is None."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert retry_after(Headers(headers.items()), NOW) == (None if wanted is None else pytest.approx(wanted))
    finally:
        monkeypatch.undo()
        time.tzset()


@given(
    st.text(max_size=40)
    | st.from_regex(r"[A-Z][a-z]{2},? [0-9]{1,3}[ -][A-Z][a-z]{2}[ -][0-9]{2,6} [0-9:]{1,9} ?[A-Z0-9+-]{0,6}")
)
def test_no_text_breaks_the_reader(text: str) -> None:
    """For any text, the answer is None or a positive number of seconds."""
    seconds = retry_after(Headers([("retry-after", text), ("retry-after-ms", text)]), NOW)
    assert seconds is None or 0 < seconds < float("inf")
