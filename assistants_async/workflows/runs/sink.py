"""The reader of the events of a run that is taken to its end."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from .result import DriveEvent

if TYPE_CHECKING:
    from ...core.streams.run_events import Frame


class Sink(Protocol):
    """The reader of a run's events."""

    wants_events: bool
    """True where the events are read; False where the run is awaited for its end alone."""

    def started(self) -> None:
        """Note that the server has answered for the first time; called again for each answer."""
        ...

    def event(self, event: DriveEvent, frame: Frame | None) -> Awaitable[None] | None:
        """Take an event with the frame that it came in; where there is no room for it, await what is returned."""
        ...


class NoSink:
    """The sink of a run that is awaited."""

    wants_events = False

    def started(self) -> None:
        """Do nothing."""

    def event(self, event: DriveEvent, frame: Frame | None) -> None:
        """Do nothing."""
