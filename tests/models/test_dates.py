"""Times in the forms that servers send."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest

from assistants_async.models.dates import Timestamp, to_datetime
from assistants_async.models.decoding import decoder_for
from assistants_async.models.messages import Message
from assistants_async.models.runs import Run
from assistants_async.models.threads import Thread

FRACTIONS = {"": 0, ".1": 100_000, ".12": 120_000, ".123": 123_000, ".123456": 123_456}
OFFSETS = {"": 0, "Z": 0, "+10:00": 10, "-10:00": -10}


@pytest.mark.parametrize("date", ["2023-11-06", "1969-12-31"])
@pytest.mark.parametrize("separator", [" ", "T"])
@pytest.mark.parametrize("fraction", FRACTIONS)
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("as_bytes", [False, True])
def test_iso_times(date: str, separator: str, fraction: str, offset: str, *, as_bytes: bool) -> None:
    """Text reads as an aware datetime in its own offset, or in UTC where it has none."""
    text = f"{date}{separator}11:22:33{fraction}{offset}"
    year, month, day = map(int, date.split("-"))
    zone = timezone(timedelta(hours=OFFSETS[offset]))
    expected = datetime(year, month, day, 11, 22, 33, FRACTIONS[fraction], zone)
    moment = to_datetime(text.encode() if as_bytes else text)
    assert moment == expected
    assert moment.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize("text", ["2023-11-06T11:22:33.123456789Z", "2023-11-06T11:22:33.1234567+00:00"])
def test_digits_past_microseconds_are_cut(text: str) -> None:
    """Nanoseconds do no harm."""
    assert to_datetime(text) == datetime(2023, 11, 6, 11, 22, 33, 123_456, UTC)


def test_white_space_around_is_ignored() -> None:
    """Text may have been cut out of a header."""
    assert to_datetime(" 2023-11-06T11:22:33Z\n") == datetime(2023, 11, 6, 11, 22, 33, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (1_699_269_753, datetime(2023, 11, 6, 11, 22, 33, tzinfo=UTC)),
        (1_699_269_753.5, datetime(2023, 11, 6, 11, 22, 33, 500_000, tzinfo=UTC)),
        (1_699_269_753_500, datetime(2023, 11, 6, 11, 22, 33, 500_000, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_numbers(value: float, expected: datetime) -> None:
    """Numbers are seconds since 1970, or milliseconds where they are too large for that."""
    assert to_datetime(value) == expected


@pytest.mark.parametrize("text", ["", "soon", "2023-11-06", "2023-13-06T11:22:33Z", "2023-11-06T25:00:00", ":"])
def test_values_that_are_no_time(text: str) -> None:
    """A date without a time of day is none either."""
    with pytest.raises(ValueError):  # noqa: PT011  the words are Python's own
        to_datetime(text)


def test_every_time_has_its_twin() -> None:
    """Each member that ends in `_at` has one that ends in `_time`, in every class."""
    for kind in (Run, Message):
        for name in kind.__struct_fields__:
            if name.endswith("_at"):
                assert isinstance(getattr(kind, name.removesuffix("_at") + "_time"), Timestamp)


def test_twins_are_aware_or_none() -> None:
    """The twin of None is None."""
    run = Run(id="r", created_at=1_699_269_753)
    assert run.created_time == datetime(2023, 11, 6, 11, 22, 33, tzinfo=UTC)
    assert run.completed_time is None


def test_a_time_that_no_calendar_has_is_none() -> None:
    """The member itself keeps its value."""
    run = Run(id="r", created_at=10**15)
    assert run.created_time is None
    assert run.created_at == 10**15


def test_a_time_with_a_fraction_keeps_it() -> None:
    """The member has whole seconds, as promised; its datetime twin has the microseconds."""
    thread = Thread.from_json(b'{"id": "t", "created_at": 1699000000.25}')
    assert thread.created_at == 1699000000
    assert thread.created_time == datetime(2023, 11, 3, 8, 26, 40, 250000, tzinfo=UTC)
    assert thread.to_dict()["created_at"] == 1699000000
    assert dict(thread.extra) == {}
    assert pickle.loads(pickle.dumps(thread)).created_time == thread.created_time
    kept = decoder_for(Thread).decode_keeping(b'{"id": "t", "created_at": 1699000000.25, "x": 1}')
    assert (dict(kept.extra), kept.created_time) == ({"x": 1}, thread.created_time)
    assert kept.to_dict() == {"id": "t", "created_at": 1699000000, "x": 1}
