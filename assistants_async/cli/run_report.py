"""`show`: a run with its steps and tokens, as tables."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from ..client import AssistantsClient
from ..errors import AssistantsError, printable
from ..models.runs import Run, Usage
from ..models.steps import CodeInterpreterCall, FunctionToolCall, MessageCreationDetails, RunStep, StepToolCall
from .tables import Table, print_table

# Longer arguments would push the columns of tokens off the screen.
_CELL = 60


def show_run(options: argparse.Namespace, api_key: str | None) -> int:
    """Print a run; return 0, 1 where the server refuses or cannot be reached, 2 for wrong arguments."""
    try:
        run, steps = asyncio.run(_read(options, api_key))
    except AssistantsError as error:
        return _refuse(f"{error}", 1)
    except (TypeError, ValueError) as error:
        return _refuse(f"{error}", 2)
    print_table(overview(run, steps))
    print()
    print_table(steps_table(run, steps))
    return 0


async def _read(options: argparse.Namespace, api_key: str | None) -> tuple[Run, list[RunStep]]:
    settings: dict[str, Any] = {} if api_key is None else {"api_key": api_key}
    async with AssistantsClient(
        base_url=options.base_url, protocol=options.protocol, auth=options.auth, **settings
    ) as client:
        run = await client.runs.retrieve(options.thread, options.run)
        steps = await client.steps.list(options.thread, run, order="asc", limit=100).collect()
    return run, steps


def _refuse(text: str, code: int) -> int:
    print(f"assistants-async show: {text}", file=sys.stderr)
    return code


def overview(run: Run, steps: Sequence[RunStep]) -> Table:
    """Make the table of the run itself, with a line for each known fact."""
    error, usage = run.last_error, run.usage
    began, ended = run.started_at or run.created_at, _end(run)
    members = {
        "status": run.status,
        "error": error and f"{error.code or 'unknown'}: {error.message or ''}",
        "incomplete": run.incomplete_details and run.incomplete_details.reason,
        "waits for": ", ".join(_name(call.function.name if call.function else None) for call in run.tool_calls),
        "assistant": run.assistant_id,
        "model": run.model,
        "thread": run.thread_id,
        "created": run.created_time and f"{run.created_time:%Y-%m-%d %H:%M:%S} UTC",
        "took": f"{ended - began} s" if ended is not None and began is not None else None,
        "steps": str(len(steps)),
        "tokens": usage and "{} read, {} written, {} in all".format(*_tokens(usage)),
    }
    # A server's text may have escape codes of the terminal.
    rows = [(name, printable(str(value), 400)) for name, value in members.items() if value]
    return Table(f"Run {printable(run.id, 80)}", ("", ""), rows)


def steps_table(run: Run, steps: Sequence[RunStep]) -> Table:
    """Make the table of the steps and their tokens, with a last line for the run's own tokens."""
    rows = [
        (str(number), printable(step.id, 80), _name(step.status), _seconds(step), _work(step), *_tokens(step.usage))
        for number, step in enumerate(steps, 1)
    ]
    rows.append(("", "run", _name(run.status), "", "", *_tokens(run.usage)))
    return Table(
        "Steps", ("", "step", "status", "seconds", "work", "read", "written", "tokens"), rows, numbers=(3, 5, 6, 7)
    )


def _end(thing: Run | RunStep) -> int | None:
    for name in ("completed_at", "failed_at", "cancelled_at", "expired_at"):
        # A step has fewer of these members than a run.
        moment: int | None = getattr(thing, name, None)
        if moment is not None:
            return moment
    return None


def _seconds(step: RunStep) -> str:
    ended = _end(step)
    return "" if ended is None or step.created_at is None else str(ended - step.created_at)


def _tokens(usage: Usage | None) -> tuple[str, str, str]:
    """Write the tokens read, written and in all; empty texts where the server gives no usage."""
    if usage is None:
        return "", "", ""
    counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    read, written, total = ("" if count is None else str(count) for count in counts)
    return read, written, total


def _work(step: RunStep) -> str:
    details = step.step_details
    if step.last_error is not None:
        return printable(f"{step.last_error.code or 'failed'}: {step.last_error.message or ''}", _CELL)
    if isinstance(details, MessageCreationDetails):
        made = details.message_creation
        return f"message {_name(made.message_id if made else None)}"
    return ", ".join(_calls(step.tool_calls)) or _name(step.type)


def _calls(calls: Sequence[StepToolCall]) -> Iterator[str]:
    for call in calls:
        if isinstance(call, FunctionToolCall) and call.function is not None:
            yield printable(f"{call.function.name or '?'}({call.function.arguments or ''})", _CELL)
        elif isinstance(call, CodeInterpreterCall) and call.code_interpreter is not None:
            yield printable(f"code_interpreter: {call.code_interpreter.input or ''}", _CELL)
        else:
            yield _name(call.type)


def _name(text: str | None) -> str:
    return printable(text or "?", 80)
