"""Tokens of several runs or steps together."""

from __future__ import annotations

from collections.abc import Iterable

from ..models.runs import Run, Usage
from ..models.steps import RunStep


def sum_usage(parts: Iterable[Run | RunStep]) -> Usage:
    """Add up the tokens of runs, or of the steps of one; where the server did not say, nothing is added.

    A run's tokens are those of its steps: give it the one or the other.
    """
    return added(part.usage for part in parts if part.usage is not None)


def added(usages: Iterable[Usage]) -> Usage:
    """The sum; where a server left the total out, it is what was read and written."""
    prompt = completion = total = 0
    for usage in usages:
        read, written = usage.prompt_tokens or 0, usage.completion_tokens or 0
        prompt += read
        completion += written
        total += read + written if usage.total_tokens is None else usage.total_tokens
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=total)
