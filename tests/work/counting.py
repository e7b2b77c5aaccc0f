"""Work counted instead of timed: the calls that the package makes, and the decodes, on a machine however busy."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, Self

import assistants_async

PACKAGE = str(Path(assistants_async.__file__).parent)


class Work(NamedTuple):
    """Counted work, in all or for each of several units."""

    calls: float
    """Functions of the package that were called; a coroutine counts again each time it goes on."""
    builtins: float
    """Functions written in C that the package called."""
    decodes: float
    """Those of them that decode JSON."""

    def for_each(self, fewer: Work, count: int) -> Work:
        """The work of each of `count` units, which this work did more than another."""
        return Work(*((mine - other) / count for mine, other in zip(self, fewer, strict=True)))


class Counting:
    """Enter to count what this thread does until the block is left; what else watches it is back after that.

    No garbage is collected meanwhile: what earlier tests left has finalizers, which would be counted here.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.builtins = 0
        self.decodes = 0
        self._inside: dict[str, bool] = {}

    def __enter__(self) -> Self:
        self._before, self._collecting = sys.getprofile(), gc.isenabled()
        gc.disable()
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._before)
        if self._collecting:
            gc.enable()

    def _see(self, frame: FrameType, event: str, what: Any) -> None:
        name = frame.f_code.co_filename
        inside = self._inside.get(name)
        if inside is None:
            inside = self._inside[name] = name.startswith(PACKAGE)
        if not inside:
            return
        if event == "call":
            self.calls += 1
        elif event == "c_call":
            self.builtins += 1
            self.decodes += what.__name__ == "decode" and type(what.__self__).__module__.startswith("msgspec")

    @property
    def work(self) -> Work:
        """The counted work."""
        return Work(self.calls, self.builtins, self.decodes)
