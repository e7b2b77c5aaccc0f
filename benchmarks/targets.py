"""The ratios and sizes that are wanted of each work: of this client by default, and over its lean transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Wanted(NamedTuple):
    """Ratios to the code by hand that a median is to stay at or below; None for no target."""

    ours: float | None = None
    lean: float | None = None
    lean_value: float | None = None
    """The value of the lean transport itself, in the unit of the work."""


TARGETS: Mapping[str, Wanted] = {
    "get": Wanted(1.0, 0.55),
    "get-TLS": Wanted(1.03, 0.6),
    "get-uvloop": Wanted(lean=0.55),
    "get-64": Wanted(1.0, 0.38),
    "create": Wanted(1.03),
    "paging": Wanted(1.0, 0.78),
    "paging-slow": Wanted(0.6),
    "stream-coalesced": Wanted(1.02, 0.62),
    "stream-16k": Wanted(1.02, 1.0),
    "stream-segments": Wanted(1.1, 0.9),
    "stream-segments-TLS": Wanted(1.1),
    "stream-segments-uvloop": Wanted(1.1),
    "text-coalesced": Wanted(1.2),
    "snapshots-16k": Wanted(1.4),
    "opened": Wanted(1.1, 0.7),
    "streams-200": Wanted(1.05, 0.65),
    "streams-1000": Wanted(1.15, 0.6),
    "tools": Wanted(1.8),
    "upload": Wanted(0.6, 0.5),
    "download": Wanted(1.0, 0.85),
    "import": Wanted(0.5),
    "first-response": Wanted(1.1, 0.45),
    "memory-client": Wanted(1.2, lean_value=6.0),
    "memory-stream": Wanted(1.2, lean_value=20.0),
}
"""By the name of an outcome."""
