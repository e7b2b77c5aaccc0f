"""The folder of an account, converted for another API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from .conversation_items import ThreadItems, groups
from .folder import ASSISTANTS, FILES, THREADS, AccountFolder, FolderError, plain_name, read_lines, writing
from .message_items import MessageItems
from .report import Account, MovingReport, OnProgress, check_progress
from .response_params import response_params
from .usable import usable

_NAME = "convert_account"
_REPORT = "report.txt"
_ASSISTANTS = "assistants"


async def convert_account(
    folder: Path,
    out: Path,
    *,
    to: Literal["responses"] = "responses",
    code_interpreter: Literal["note", "omit"] = "note",
    on_progress: OnProgress | None = None,
) -> MovingReport:
    """Convert an exported account for the Responses API, into another folder.

    Assistants become parameters of `responses.create`, threads the items of conversations in groups of up to 20.

    Args:
        folder: The folder of the export, which stays as it is.
        out: The folder to write, new or of a conversion before.
        to: The other API.
        code_interpreter: `"note"` makes each call of code_interpreter a text of the assistant, `"omit"` leaves it out.
        on_progress: Called with a `MovingProgress` after each object.

    Returns a report, which names all that has no counterpart; `report.txt` has the same. Raises `FolderError`.
    """
    for name, value, known in (("to", to, ("responses",)), ("code_interpreter", code_interpreter, ("note", "omit"))):
        if value not in known:
            raise ValueError(f"{_NAME}(): {name} must be {' or '.join(map(repr, known))}, not {value!r}")
    check_progress(_NAME, on_progress)
    source, target, account = AccountFolder(Path(folder)), Path(out), Account(on_progress)
    source.check_complete()
    _begin(target, source.path)
    for _ in _steps(source, target, account, code=code_interpreter == "note"):
        await asyncio.sleep(0)  # a thread is converted in one go; others have their turn in between
    report = account.report()
    with writing(target / _REPORT) as file:
        for line in _lines(report):
            file.write(line.encode("utf-8", "replace") + b"\n")
    return report


def _begin(target: Path, source: Path) -> None:
    """Make the folder; raises `FolderError` where it has something else in it."""
    if target.exists() and not target.is_dir():
        raise FolderError(f"{str(target)!r} is not a folder")
    names = {path.name for path in target.iterdir()} if target.exists() else set[str]()
    if target.resolve() == source.resolve() or names - {_ASSISTANTS, THREADS, _REPORT}:
        raise FolderError(f"{str(target)!r} has other files in it: name a new folder")
    for name in (_ASSISTANTS, THREADS):
        (target / name).mkdir(parents=True, exist_ok=True)


def _steps(source: AccountFolder, target: Path, account: Account, *, code: bool) -> Iterator[None]:
    """Convert one object after another."""
    for line in usable(read_lines(source.path / ASSISTANTS), account.miss):
        name: str = line.object["id"]
        params = response_params(line.object, partial(account.miss, "assistant", name))
        with writing(target / _ASSISTANTS / f"{plain_name(name)}.json") as file:
            file.write(msgspec.json.format(msgspec.json.encode(params), indent=2) + b"\n")
        account.counts["assistant"] += 1
        account.advance("assistants")
        yield
    files = usable(read_lines(source.path / FILES), account.miss)
    filenames = {line.object["id"]: line.object.get("filename") or "" for line in files}
    messages = MessageItems(filenames)
    for path in source.threads():
        note = partial(account.miss, "thread", path.stem)
        thread = ThreadItems(usable(read_lines(path), account.miss), messages, note, code=code)
        with writing(target / THREADS / path.name) as file:
            for group in groups(thread.units()):
                file.write(msgspec.json.encode({"items": group}) + b"\n")
                account.counts["item"] += len(group)
        account.counts["thread"] += 1
        account.advance("threads")
        yield


def _lines(report: MovingReport) -> Iterator[str]:
    yield ", ".join(f"{count} {kind}" for kind, count in sorted(report.counts.items())) or "nothing to convert"
    for problem in report.problems:
        yield f"{problem.kind} {problem.id}: {problem.reason}"
