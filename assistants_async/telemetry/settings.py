"""The setting for telemetry, which needs no OpenTelemetry to be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ..core.checks import flag

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider


class Telemetry(msgspec.Struct, frozen=True, kw_only=True):
    """Spans and metrics of a client: of each call, run and tool, by OpenTelemetry's conventions for generative AI.

    Names, ids, counts and times alone are written, unless `content` is set.
    """

    tracer_provider: TracerProvider | None = None
    """The provider of spans; the process's own unless given."""
    meter_provider: MeterProvider | None = None
    """The provider of metrics; the process's own unless given."""
    content: bool = False
    """True: messages, instructions, tool arguments and outputs, and error messages are written too."""

    def __post_init__(self) -> None:
        """Check the values; raises `TypeError`."""
        flag("content", self.content)
        for name, method in (("tracer_provider", "get_tracer"), ("meter_provider", "get_meter")):
            given = getattr(self, name)
            if given is not None and (isinstance(given, type) or not callable(getattr(given, method, None))):
                raise TypeError(f"{name} must have {method}(), not {given!r}")


def check_telemetry(value: object) -> None:
    """Refuse what `telemetry=` cannot be; raises `TypeError`."""
    if not (value is None or isinstance(value, (bool, Telemetry))):
        raise TypeError(f"telemetry must be True, False, None or a Telemetry, not {type(value).__name__}")
