"""The folder of an account, made again in a store, or at a server under new ids."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from ..calls.call import Call
from ..client import AssistantsClient
from ..core.checks import whole_number
from ..core.requests.message_input import message_as_input
from ..errors import StatusError
from ..server.storage.interface import Store
from .folder import ASSISTANTS, FILES, VECTOR_STORES, AccountFolder, Line, plain_name, read_lines, read_thread_lines
from .id_map import IdMap
from .report import Account, MovingReport, OnProgress, check_progress
from .side_by_side import for_each
from .store_importer import import_into_store
from .thread_export import is_about_object, reason_of
from .usable import usable

_NAME = "import_account"
_MAPS = "imported"
_ASSISTANT = ("model", "name", "description", "instructions", "tools", "metadata")
_V2 = ("temperature", "top_p", "response_format", "reasoning_effort", "tool_resources")
_PURPOSES = ("assistants", "vision", "batch", "fine-tune", "user_data", "evals")
"""Purposes that a request may name; a server's own files are of others, such as `assistants_output`."""


async def import_account(
    target: AssistantsClient | Store,
    folder: Path,
    *,
    concurrency: int | None = None,
    on_conflict: Literal["fail", "skip"] | None = None,
    on_progress: OnProgress | None = None,
) -> MovingReport:
    """Make the objects of an exported account in a store or at a server; run again, it goes on where it stopped.

    A store gets all objects as they were, with their ids, times and order; active runs become expired.

    A server gets files, vector stores, assistants and threads with their messages under new ids, which
    `imported/HOST.json` in the folder has by the old ones. Runs and steps stay in the folder: it makes those itself.

    Args:
        target: The client of the server, or a store of the embedded server that was opened.
        folder: The folder of the export.
        concurrency: Threads that are written at the same time at a server (4).
        on_conflict: `"fail"` (default) imports nothing where the store has other content under an id of the account,
            `"skip"` leaves that as it is.
        on_progress: Called with a `MovingProgress` after each object.

    Returns a report, which names all that was not imported. Raises `FolderError`, `ImportConflictError`, `OSError`
    where the store cannot be used, and the client's errors.
    """
    check_progress(_NAME, on_progress)
    source, account = AccountFolder(Path(folder)), Account(on_progress)
    if isinstance(target, AssistantsClient):
        if on_conflict is not None:
            raise TypeError(f"{_NAME}(): on_conflict is for stores: a server gives new ids")
        concurrency = 4 if concurrency is None else concurrency
        whole_number(f"{_NAME}(): concurrency", concurrency, least=1)
        source.check_complete()
        await _into_server(target, source, account, concurrency)
        return account.report()
    if not callable(getattr(target, "commit", None)):
        raise TypeError(f"{_NAME}(): the target must be a client or a store, not {target!r}")
    if concurrency is not None:
        raise TypeError(f"{_NAME}(): concurrency is for servers: a store takes one thread after another")
    if on_conflict not in (None, "fail", "skip"):
        raise ValueError(f"{_NAME}(): on_conflict must be 'fail' or 'skip', not {on_conflict!r}")
    source.check_complete()
    await import_into_store(target, source, account, on_conflict or "fail")
    return account.report()


async def _into_server(client: AssistantsClient, source: AccountFolder, account: Account, concurrency: int) -> None:
    # The server is to judge what another server gave: one object that breaks a rule must not end the import.
    view = client.with_options(raise_for_status=True, validate=False)
    session = view._context.session  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  of this package
    ids = IdMap(source.path / _MAPS / f"{plain_name(urlsplit(session.base_url).netloc)}.json")
    move = _Import(view, source, account, ids, v1=session.protocol == "v1")
    await move.lists()
    await for_each(move.threads(), move.thread, concurrency)


class _Import:
    """An import under way."""

    def __init__(
        self, client: AssistantsClient, folder: AccountFolder, account: Account, ids: IdMap, *, v1: bool
    ) -> None:
        self._client = client
        self._v1 = v1
        self._folder = folder
        self._account = account
        self._ids = ids

    async def lists(self) -> None:
        """Make files, then what names them: vector stores, and assistants."""
        for line in usable(read_lines(self._folder.path / FILES), self._account.miss):
            await self._file(line.object)
            self._account.advance("files")
        for line in usable(read_lines(self._folder.path / VECTOR_STORES), self._account.miss):
            await (self._store_file(line) if line.kind == "vector_store_file" else self._store(line.object))
            self._account.advance("vector_stores")
        for line in usable(read_lines(self._folder.path / ASSISTANTS), self._account.miss):
            members = self._members("assistant", line.object, (*_ASSISTANT, *(("file_ids",) if self._v1 else _V2)))
            await self._make("assistant", line.object["id"], self._client.assistants.create, **members)
            self._account.advance("assistants")

    async def threads(self) -> AsyncGenerator[Path, None]:
        """Yield the files of the threads."""
        for path in self._folder.threads():
            yield path

    async def thread(self, path: Path) -> None:
        """Make a thread with its messages, or the messages that it still lacks."""
        lines = read_thread_lines(path)
        thread = next(lines).object
        resumed = self._ids.get(thread["id"]) is not None
        members = self._members("thread", thread, ("metadata",) if self._v1 else ("metadata", "tool_resources"))
        new = await self._make("thread", thread["id"], self._client.threads.create, **members)
        if new is not None:
            given = usable((line for line in lines if line.kind == "message"), self._account.miss)
            messages = [line.object for line in given]
            await self._messages(new, messages, resumed=resumed)
        self._account.advance("threads")

    async def _messages(self, thread_id: str, messages: list[dict[str, Any]], *, resumed: bool) -> None:
        left = [message for message in messages if self._ids.get(message["id"]) is None]
        if resumed and left:
            # Where the answer to the last message was lost, the thread has one more than the map.
            there = [message.id async for message in self._client.messages.list(thread_id, order="asc", limit=100)]
            if len(there) > len(messages) - len(left):
                self._ids.add(left.pop(0)["id"], there[-1])
        for message in left:
            members = self._message(message)
            if members.get("content"):
                await self._make("message", message["id"], self._client.messages.create, thread_id, **members)
            else:
                self._account.miss("message", message["id"], "nothing of it can be sent")

    def _message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of a message that a request has; files of protocol v1 become attachments in v2."""
        given = {"id": message["id"], **message_as_input({**message, "object": "thread.message"})}
        if not self._v1 and "file_ids" in given:
            search = [{"type": "file_search"}]
            given["attachments"] = [{"file_id": each, "tools": search} for each in given.pop("file_ids")]
        names = ("role", "content", "metadata", "file_ids" if self._v1 else "attachments")
        made = self._members("message", given, names)
        if isinstance(made.get("content"), list):
            made["content"] = [part for part in made["content"] if "file_id" in part.get("image_file", ("file_id",))]
        if "attachments" in made:
            made["attachments"] = [each for each in made["attachments"] if each.keys() & {"file_id", "data_source"}]
        return made

    async def _file(self, file: Mapping[str, Any]) -> None:
        id: str = file["id"]  # noqa: A001  # the protocol's word
        name = file.get("filename") or id
        path, text = self._folder.content(id), self._folder.text(id)
        if not path.exists() and text.exists():
            path, name = text, f"{name}.txt"
        if not path.exists():
            self._account.miss("file", id, "its content is not in the folder")
            return
        purpose = file.get("purpose")
        known = purpose if purpose in _PURPOSES else "assistants"
        await self._make("file", id, self._client.files.create, file=path, filename=name, purpose=known)

    async def _store(self, store: Mapping[str, Any]) -> None:
        members = self._members("vector_store", store, ("name", "metadata", "expires_after"))
        await self._make("vector_store", store["id"], self._client.vector_stores.create, **members)

    async def _store_file(self, line: Line) -> None:
        file, parent = line.object, line.parent or ""
        store_id, file_id, own = self._ids.get(parent), self._ids.get(file["id"]), f"{parent}/{file['id']}"
        if store_id is None or file_id is None:
            self._account.miss("vector_store_file", own, "its file or its store was not imported")
            return
        members: dict[str, Any] = {"attributes": file["attributes"]} if file.get("attributes") else {}
        strategy: Mapping[str, Any] = file.get("chunking_strategy") or {}
        if strategy.get("type") == "static":
            members["chunking_strategy"] = strategy
        make = self._client.vector_stores.files.create
        await self._make("vector_store_file", own, make, store_id, file_id=file_id, **members)

    def _members(self, kind: str, found: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        """Return the members of an object that a request has, with new ids in them."""
        lost: list[str] = []
        given = {name: value for name, value in found.items() if name in names}
        made: dict[str, Any] = self._ids.translate(given, lost)
        for each in lost:
            self._account.miss(kind, found.get("id") or "", f"it names {each}, which was not imported")
        return {name: value for name, value in made.items() if value not in (None, {}, [])}

    async def _make(self, kind: str, old: str, create: Any, *ids: str, **members: Any) -> str | None:
        """Make an object, unless it was made before; return its new id, None where the server refuses it."""
        new = self._ids.get(old)
        if new is not None:
            return new
        call: Call[Any, Any] = create(*ids, **members)
        try:
            made: str = (await call).id
        except StatusError as error:
            if not is_about_object(error):
                raise
            self._account.miss(kind, old, reason_of(error))
            return None
        self._ids.add(old, made)
        self._account.counts[kind] += 1
        return made
