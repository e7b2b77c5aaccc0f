"""The cost of options that are off by default, beside a plain call by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.work import Work
from benchmarks.works.calls import get, get_by_hand


def _seen(*_: object) -> None:
    """A hook, or a listener to a trace, that does nothing."""


async def _key() -> str:
    """A key from a function, called before each request."""
    return "key"


_HOOKS: Mapping[str, Any] = dict.fromkeys(("on_request", "on_send", "on_response", "on_retry", "on_error"), _seen)
_ON: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "hooks": ("with all five hooks", _HOOKS),
    "key": ("the key asked for each time", {"api_key": _key}),
    "trace": ("traced", {"trace": _seen}),
}

WORKS = tuple(
    Work(
        name=f"get-{name}",
        title=f"GET of a run, one at a time, {title}",
        unit="call",
        answer=lambda _: "run",
        count=100,
        quick=20,
        hand=get_by_hand,
        ours=get,
        settings=settings,
    )
    for name, (title, settings) in _ON.items()
)
