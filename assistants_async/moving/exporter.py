"""An account of a server, written to a folder."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from pathlib import Path
from typing import Any

from ..calls.lists import ListCall
from ..client import AssistantsClient
from ..core.checks import flag, whole_number
from ..core.requests.endpoint import ProtocolVersion
from ..errors import StatusError
from .file_contents import FileContents
from .folder import ASSISTANTS, FILES, VECTOR_STORES, AccountFolder, Line, has_id, writing
from .report import Account, MovingReport, OnProgress, Stage, check_progress
from .side_by_side import for_each
from .thread_export import ThreadExport, is_about_object, reason_of

_NAME = "export_account"
_ABSENT = (404, 405, 501)
"""Statuses by which servers answer operations that they do not have."""
_REFUSED = (400, 401, 403)
"""Statuses by which servers refuse a list of threads to a key that may list everything else."""


async def export_account(
    client: AssistantsClient,
    folder: Path,
    *,
    threads: Iterable[str] | AsyncIterable[str] | None = None,
    since: int | None = None,
    concurrency: int = 4,
    files: bool = True,
    on_progress: OnProgress | None = None,
) -> MovingReport:
    """Write all objects of an account to a folder; broken off and run again, it goes on where it stopped.

    Args:
        client: The client of the server; its retries and limits are kept to.
        folder: The folder, which is made; or that of an export to go on with.
        threads: Ids of the threads; None for all that the server lists.
        since: Seconds since 1970: only threads with a message of then or later are written, anew where they are there.
        concurrency: Threads and files that are read at the same time.
        files: False leaves the contents of files out.
        on_progress: Called with a `MovingProgress` after each object.

    Returns a report, which names all that could not be had. Raises `FolderError` for a folder that cannot be used,
    `OSError` where nothing can be written, and the client's errors.
    """
    whole_number(f"{_NAME}(): concurrency", concurrency, least=1)
    if since is not None:
        whole_number(f"{_NAME}(): since", since, least=0)
    flag(f"{_NAME}(): files", files)
    check_progress(_NAME, on_progress)
    # A client that takes error statuses as values would write them as objects.
    client = client.with_options(raise_for_status=True)
    account = Account(on_progress)
    target = AccountFolder(Path(folder))
    session = client._context.session  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  of this package
    before = target.begin(session.base_url, int(time.time()))
    # After a complete export a rerun brings the lists up to date; else those that are there belong to this one.
    export = _Export(client, session.protocol, target, account, anew=before.complete)
    await export.lists()
    if files:
        contents = FileContents(client, target, account)
        await for_each(contents.wanted(), contents.write, concurrency)
    each = ThreadExport(client, target, account, since)
    await for_each(export.threads(threads), each.write, concurrency)
    # Last: until then a rerun takes the lists for those of a broken export.
    target.write_manifest(before, complete=True)
    return account.report()


class _Export:
    """The lists of an account."""

    def __init__(
        self,
        client: AssistantsClient,
        protocol: ProtocolVersion,
        folder: AccountFolder,
        account: Account,
        *,
        anew: bool,
    ) -> None:
        self._client = client
        self._protocol = protocol
        self._folder = folder
        self._account = account
        self._anew = anew

    async def lists(self) -> None:
        """Write the lists of assistants, files and vector stores."""
        client = self._client
        # Protocol v1 has no parameter to page files by.
        by_page: dict[str, Any] = {} if self._protocol == "v1" else {"order": "asc", "limit": 100}
        await self._list("assistants", "assistant", ASSISTANTS, client.assistants.list(order="asc", limit=100))
        await self._list("files", "file", FILES, client.files.list(**by_page))
        stores = None if self._protocol == "v1" else client.vector_stores.list(order="asc", limit=100)
        await self._list("vector_stores", "vector_store", VECTOR_STORES, stores)

    async def threads(
        self, ids: Iterable[str] | AsyncIterable[str] | None
    ) -> AsyncGenerator[str | dict[str, Any], None]:
        """Yield the threads to write: objects of the server's list, or ids."""
        if isinstance(ids, AsyncIterable):
            async for each in ids:
                yield _checked(each)
        elif ids is not None:
            for each in ids:
                yield _checked(each)
        else:
            try:
                async for thread in self._client.threads.list(order="asc", limit=100).as_type(dict[str, Any]):
                    if has_id(thread):
                        yield thread
                    else:
                        self._account.miss_without_id("thread", thread)
            except StatusError as error:
                if error.status not in (*_ABSENT, *_REFUSED):
                    raise
                self._account.miss("thread", "", f"the server lists no threads, name them by their ids: {error}")

    async def _list(self, stage: Stage, kind: str, name: str, call: ListCall[Any] | None) -> None:
        """Write a list; one that a protocol or a server lacks is written as an empty one."""
        path = self._folder.path / name
        if path.exists() and not self._anew:
            # A call that is never used warns of it.
            if call is not None:
                call.close()
            return
        with writing(path) as file:
            if call is None:
                return
            try:
                async for found in self._objects(kind, call):
                    if not has_id(found):
                        self._account.miss_without_id(kind, found)
                        continue
                    file.write(Line(kind, found).encode())
                    self._account.counts[kind] += 1
                    if kind == "vector_store":
                        await self._store_files(found["id"], file)
                    self._account.advance(stage)
            except StatusError as error:
                # Behind the first object an error is no list that is missing.
                if error.status not in _ABSENT or file.tell():
                    raise
                self._account.miss(kind, "", f"the server has no list of them: {error}")

    async def _objects(self, kind: str, call: ListCall[Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the objects of a list, the oldest first."""
        found = call.as_type(dict[str, Any])
        if self._protocol == "v1" and kind == "file":
            # It lists files in one answer, which has no order to choose: the newest are first.
            files = await found.collect()
            is_old_first = bool(files) and (files[0].get("created_at") or 0) < (files[-1].get("created_at") or 0)
            for each in files if is_old_first else reversed(files):
                yield each
            return
        async for each in found:
            yield each

    async def _store_files(self, store_id: str, file: Any) -> None:
        try:
            call = self._client.vector_stores.files.list(store_id, order="asc", limit=100)
            async for found in call.as_type(dict[str, Any]):
                if not has_id(found):
                    self._account.miss_without_id("vector_store_file", found)
                    continue
                file.write(Line("vector_store_file", found, store_id).encode())
                self._account.counts["vector_store_file"] += 1
        except StatusError as error:
            if not is_about_object(error):
                raise
            self._account.miss("vector_store", store_id, f"its files cannot be listed: {reason_of(error)}")


def _checked(id: object) -> str:
    """Refuse what is no id of a thread; raises `TypeError`."""
    if not isinstance(id, str) or not id:
        raise TypeError(f"{_NAME}(): threads must be ids of threads, not {id!r}")
    return id
