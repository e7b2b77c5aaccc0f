"""What a body costs on its way through the nulls, counted in calls."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from assistants_async.models.params import CreateThreadAndRunParams
from assistants_async.server.requests.nulls import without_nulls

MESSAGE: Any = {"role": "user", "content": [{"type": "text", "text": "Hello", "more": None}], "metadata": None}
BODY: Any = {
    "assistant_id": "asst_1",
    "thread": {"messages": [MESSAGE] * 10},
    "tools": [{"type": "file_search", "file_search": None}],
    "truncation_strategy": {"type": "auto", "last_messages": None},
}


def test_the_types_are_looked_at_once() -> None:
    """From the second body on, an object in it costs a few calls: msgspec's look at the types takes thousands."""
    without_nulls(CreateThreadAndRunParams, BODY, "v2")
    calls = 0

    def see(_frame: FrameType, event: str, _what: Any) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        without_nulls(CreateThreadAndRunParams, BODY, "v2")
    finally:
        sys.setprofile(before)
    objects = 1 + 1 + 10 * 2 + 1 + 1
    assert calls < 8 * objects
