"""Values known without their JSON: which are plain, and which numbers are refused."""

from __future__ import annotations

import enum
import math
from typing import Any

import msgspec
import pytest

from assistants_async.core.requests.plain_values import check_finite, is_plain
from assistants_async.core.requests.request import bind
from assistants_async.endpoints import CREATE_MESSAGE, SUBMIT_TOOL_OUTPUTS
from assistants_async.errors import ValidationError
from assistants_async.models.messages import Text

LONG = "x" * 5_000


class Role(enum.StrEnum):
    """Text that is no plain text."""

    USER = "user"


@pytest.mark.parametrize(
    "value",
    [LONG, 1, 1.5, None, True, {}, [], {"a": [{"b": (1, "c", None)}]}, ["x"] * 63],
    ids=["text", "number", "fraction", "null", "flag", "object", "list", "nested", "many"],
)
def test_plain_values_are_known(value: Any) -> None:
    """What JSON decodes to, and tuples, which are written as lists."""
    assert is_plain(value)


@pytest.mark.parametrize(
    "value",
    [math.nan, {"a": [math.inf]}, ["x"] * 64, {1: "x"}, {"a": b"x"}, {"a": Role.USER}, {"a": Text(value="x")}],
    ids=["nan", "infinity", "too many", "key", "bytes", "enum", "model"],
)
def test_other_values_are_not(value: Any) -> None:
    """They are read again as JSON, or looked through for numbers that JSON has not."""
    assert not is_plain(value)


@pytest.mark.parametrize(
    ("value", "path"),
    [({"a": math.nan}, "a"), ({"a": [1, {"b": -math.inf}]}, "a[1].b"), ({"t": Text(value=math.nan)}, "t.value")],  # type: ignore[arg-type]  # not checked by msgspec
    ids=["member", "deep", "model"],
)
def test_numbers_that_are_not_finite_are_refused(value: Any, path: str) -> None:
    """By their path."""
    with pytest.raises(ValidationError, match="expected a finite number") as caught:
        check_finite("runs.create", value)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "content",
    [LONG, [{"type": "text", "text": LONG}], [{"type": "new_kind", "new": LONG}]],
    ids=["text", "part", "unknown part"],
)
def test_long_content_is_sent_as_it_is(content: Any) -> None:
    """The JSON that was checked is the JSON that is sent, whatever its parts are."""
    request = bind(CREATE_MESSAGE, ("thread_1",), {"role": "user", "content": content}, protocol="v2")
    assert request.encoded_body is not None
    assert msgspec.json.decode(request.encoded_body[1]) == {"role": "user", "content": content}


@pytest.mark.parametrize(
    ("metadata", "rule"),
    [({"a": math.nan}, "expected a finite number"), ({"a": 1}, "expected `str`"), ({"a": "x" * 513}, "length <= 512")],
    ids=["nan", "number", "long"],
)
def test_a_slip_beside_a_long_text_is_named(metadata: Any, rule: str) -> None:
    """Though the JSON is not read again for values that fit."""
    with pytest.raises(ValidationError, match=rule) as caught:
        bind(CREATE_MESSAGE, ("t",), {"role": "user", "content": LONG, "metadata": metadata}, protocol="v2")
    assert caught.value.path.startswith("metadata")


def test_many_long_values_are_checked_too() -> None:
    """More of them than are looked at one by one: a wrong one is named by its place."""
    outputs: list[dict[str, object]] = [{"tool_call_id": f"call_{n}", "output": LONG} for n in range(40)]
    outputs[30]["output"] = 5
    with pytest.raises(ValidationError, match=r"tool_outputs\[30\]\.output"):
        bind(SUBMIT_TOOL_OUTPUTS, ("t", "r"), {"tool_outputs": outputs}, protocol="v2")
