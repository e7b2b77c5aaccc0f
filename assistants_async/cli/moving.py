"""`export`, `import` and `convert`: whole accounts moved, with their progress."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import AssistantsError, AuthenticationError, PermissionDeniedError, printable
from ..moving import MovingProgress, MovingReport, convert_account, export_account, import_account
from ..moving.folder import AccountFolder
from ..moving.report import OnProgress
from ..server.storage.locations import store_at
from .connect import patient_client

_EVERY = 100
"""Objects for each line of progress, where rich is not installed."""
_SHOWN = 20
"""Problems that are printed; a report of thousands would hide the first ones."""

_OF_SERVERS = ("foundry", "azure", "api_version", "key_file", "protocol", "concurrency")
"""Options of `import` for a server alone."""

Move = Callable[[OnProgress, AsyncExitStack], Awaitable[MovingReport]]


def run_export(options: argparse.Namespace, key: str | None) -> int:
    """Export; return 0, 1 where the server fails, 2 for bad input and 3 where something could not be had."""

    async def move(on_progress: OnProgress, stack: AsyncExitStack) -> MovingReport:
        ids = None if options.threads is None else _ids(options.threads)
        client = await patient_client(options.source, options, key, stack)
        return await export_account(
            client,
            options.to,
            threads=ids,
            since=options.since,
            concurrency=options.concurrency,
            files=options.files,
            on_progress=on_progress,
        )

    return run_move("export", move)


def run_import(options: argparse.Namespace, key: str | None) -> int:
    """Import; return 0, 1 where the server fails, 2 for bad input and 3 where something was not imported."""

    async def into_server(on_progress: OnProgress, stack: AsyncExitStack) -> MovingReport:
        if options.on_conflict is not None:
            raise ValueError("--on-conflict needs --store: a server gives new ids")
        options.protocol = options.protocol or "v2"
        client = await patient_client(options.to, options, key, stack)
        return await import_account(client, options.source, concurrency=options.concurrency, on_progress=on_progress)

    async def into_store(on_progress: OnProgress, stack: AsyncExitStack) -> MovingReport:
        wrong = next((name for name in _OF_SERVERS if getattr(options, name)), None)
        if wrong is not None:
            raise ValueError(f"--{wrong.replace('_', '-')} needs --to")
        store = store_at(options.store)
        if options.store == "memory":
            raise ValueError("--store memory would be gone with this command: give sqlite:PATH or postgresql://…")
        # First: a wrong folder leaves no empty store behind.
        AccountFolder(options.source).check_complete()
        await store.open()
        stack.push_async_callback(store.close)
        return await import_account(
            store, options.source, on_conflict=options.on_conflict or "fail", on_progress=on_progress
        )

    return run_move("import", into_server if options.store is None else into_store)


def run_convert(options: argparse.Namespace) -> int:
    """Convert; return 0, or 2 for bad input: what has no counterpart is no failure."""

    async def move(on_progress: OnProgress, _stack: AsyncExitStack) -> MovingReport:
        return await convert_account(
            options.source,
            options.out,
            to=options.to,
            code_interpreter=options.code_interpreter,
            on_progress=on_progress,
        )

    code = run_move("convert", move)
    return 0 if code == 3 else code


def run_move(command: str, move: Move) -> int:
    """Run a move with its progress on standard error, and print its report."""
    try:
        report = asyncio.run(_run(move))
    except AssistantsError as error:
        # A key without rights is wrong input; a server that is down is not.
        return _refuse(command, error, 2 if isinstance(error, (AuthenticationError, PermissionDeniedError)) else 1)
    except (TypeError, ValueError, OSError) as error:
        return _refuse(command, error, 2)
    counts = ", ".join(f"{count} {kind}" for kind, count in report.counts.items()) or "nothing new"
    print(f"assistants-async {command}: {counts}")
    for problem in report.problems[:_SHOWN]:
        name = printable(f"{problem.kind} {problem.id}".rstrip(), 100)
        print(f"{name}: {problem.reason}", file=sys.stderr)
    if len(report.problems) > _SHOWN:
        print(f"and {len(report.problems) - _SHOWN} more", file=sys.stderr)
    # A code of its own: a script may take an account with gaps, and must not take a failure.
    return 0 if report.is_complete else 3


async def _run(move: Move) -> MovingReport:
    async with AsyncExitStack() as stack:
        with _progress() as on_progress:
            return await move(on_progress, stack)


def _refuse(command: str, error: Exception, code: int) -> int:
    print(f"assistants-async {command}: {printable(str(error), 400)}", file=sys.stderr)
    return code


def _ids(path: Path) -> list[str]:
    """Read the ids of threads, one a line; raises `ValueError`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"cannot read {str(path)!r}: the file is not UTF-8 text") from None
    return [line.strip() for line in lines if line.strip()]


@contextlib.contextmanager
def _progress() -> Generator[OnProgress]:
    """Enter for a function that shows progress: as bars on a terminal where rich is installed, else as lines."""
    try:
        rich: Any = import_module("rich.progress")
        console = import_module("rich.console").Console(stderr=True)
    except ImportError:
        rich = console = None
    # Bars in a log file would be thousands of lines of escape codes.
    if console is None or not console.is_terminal:
        yield _print_line
        return
    columns = [rich.TextColumn("{task.description}"), rich.BarColumn(), rich.MofNCompleteColumn()]
    with rich.Progress(*columns, console=console) as bars:
        tasks: dict[str, Any] = {}

        def show(progress: MovingProgress) -> None:
            if progress.stage not in tasks:
                tasks[progress.stage] = bars.add_task(progress.stage, total=progress.total)
            bars.update(tasks[progress.stage], completed=progress.done, total=progress.total)

        yield show


def _print_line(progress: MovingProgress) -> None:
    if progress.done % _EVERY == 0:
        print(f"{progress.stage}: {progress.done}", file=sys.stderr)
