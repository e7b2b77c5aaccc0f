"""Values of requests that break a rule deep inside: the error names the very place."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import AssistantsClient, ValidationError
from assistants_async.models.tools import FunctionDefinition, FunctionTool
from tests.support.embedded import drop

NAN, INFINITY = float("nan"), float("inf")
DEEP: dict[str, tuple[dict[str, Any], str]] = {
    "a keyword": ({"temperature": NAN}, "temperature"),
    "a schema": (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"a": [1, {"b": -INFINITY}]}}}]},
        r"tools\[0\]\.function\.parameters\.a\[1\]\.b",
    ),
    "a model": (
        {"tools": [FunctionTool(function=FunctionDefinition(name="f", parameters={"a": NAN}))]},
        r"tools\[0\]\.function\.parameters\.a",
    ),
    "a tool of the server's own": ({"tools": [{"type": "new", "x": (INFINITY,)}]}, r"tools\[0\]\.x\[0\]"),
}


@pytest.mark.parametrize(("keywords", "path"), DEEP.values(), ids=DEEP.keys())
def test_numbers_that_json_lacks_are_refused_at_any_depth(keywords: dict[str, Any], path: str) -> None:
    """By their path, before anything is sent; a null is no such number."""
    client = AssistantsClient(api_key="k")
    with pytest.raises(ValidationError, match=rf"{path}: expected a finite number, not (nan|-?inf)"):
        drop(client.assistants.create(model="m", **keywords))
    client.assistants.create(model="m", name=None, tools=[{"type": "new", "x": None}]).close()


@pytest.mark.parametrize(
    ("key", "value"),
    [("order_total", 12), ("note", "x" * 513), ("k" * 65, "v")],
    ids=["no text", "a long value", "a long key"],
)
def test_the_key_of_the_metadata_is_named(key: str, value: Any) -> None:
    """Among fifteen that are well."""
    pairs = {f"key_{number}": "value" for number in range(15)} | {key: value}
    with pytest.raises(ValidationError) as caught:
        drop(AssistantsClient(api_key="k").threads.create(metadata=pairs))
    assert key in caught.value.path
