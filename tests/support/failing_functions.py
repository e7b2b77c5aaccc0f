"""Functions for a `Toolbox` that fail or never end."""

from __future__ import annotations

import asyncio
from typing import Any

from assistants_async.errors import ToolError

NEUTRAL = '{"error":"the function failed"}'


class OutOfStockError(ToolError):
    """An error of a user's own."""


def fail_in_a_thread(how: str) -> None:
    """Fail in one of three ways."""
    match how:
        case "shown":
            raise ToolError("no such city")
        case "own":
            raise OutOfStockError("none left")
        case _:
            raise ValueError("password: hunter2")


async def fail(how: str) -> None:
    """Fail in the same ways, in the loop's thread."""
    fail_in_a_thread(how)


async def wait_for_ever() -> None:
    """Never end."""
    await asyncio.Event().wait()


def angry(*_: object) -> Any:
    """A hook that raises."""
    raise LookupError("hook")
