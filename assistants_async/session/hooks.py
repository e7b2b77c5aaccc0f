"""Calling the functions that users hang into a call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..core.requests.options import Options
from ..core.requests.request import Request
from ..errors import AssistantsError, StatusError, TransportError


async def run_hook(hook: Callable[[Any], Awaitable[None] | None], value: object) -> None:
    """Call a hook, and wait for one that is async."""
    result = hook(value)
    if result is not None:
        await result


async def report_error(error: AssistantsError, request: Request, options: Options) -> None:
    """Put the operation on an error as its note, and tell `on_error`."""
    attempts = error.attempts if isinstance(error, (TransportError, StatusError)) else 1
    error.add_note(f"while calling {request.endpoint}" + (f" ({attempts} attempts)" if attempts > 1 else ""))
    if options.on_error is not None:
        await run_hook(options.on_error, error)
