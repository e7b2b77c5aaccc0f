"""The types of moves, checked by mypy and pyright and never run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import assert_type

from assistants_async import AssistantsClient
from assistants_async.moving import (
    ImportConflictError,
    MovingProblem,
    MovingProgress,
    MovingReport,
    convert_account,
    export_account,
    import_account,
)
from assistants_async.server import MemoryStore, SqliteStore, Store


async def moves(client: AssistantsClient, folder: Path, ids: AsyncIterator[str]) -> None:
    """Export, import and convert an account."""

    def show(progress: MovingProgress) -> None:
        assert_type(progress.done, int)
        assert_type(progress.total, int | None)

    report = await export_account(client, folder, threads=ids, since=1, concurrency=8, files=False, on_progress=show)
    assert_type(report, MovingReport)
    assert_type(report.problems, tuple[MovingProblem, ...])
    assert_type(report.is_complete, bool)
    assert_type(await export_account(client, folder, threads=["thread_1"]), MovingReport)
    assert_type(await import_account(client, folder, concurrency=8, on_progress=show), MovingReport)
    store: Store = MemoryStore()
    assert_type(await import_account(store, folder, on_conflict="skip", on_progress=show), MovingReport)
    assert_type(await import_account(SqliteStore(folder), folder, on_conflict="fail"), MovingReport)
    assert_type(ImportConflictError("memory", ()).conflicts, tuple[MovingProblem, ...])
    assert_type(
        await convert_account(folder, folder, to="responses", code_interpreter="omit", on_progress=print), MovingReport
    )
