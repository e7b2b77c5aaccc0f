"""A thread of a server with its messages, runs and steps, written to one file."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, BinaryIO

from ..calls.lists import ListCall
from ..client import AssistantsClient
from ..errors import AuthenticationError, DecodeError, RateLimitedError, StatusError, printable
from .folder import AccountFolder, Line, has_id, writing
from .report import Account

_PASSING = (408, 429, 502, 503, 504)
"""Statuses that tell of the server and not of one object: the next object would get them too."""


def is_about_object(error: StatusError) -> bool:
    """Return True for a status that refuses one object, where others may be had."""
    return not isinstance(error, (AuthenticationError, RateLimitedError)) and error.status not in _PASSING


def reason_of(error: Exception) -> str:
    """Return the words of an error, on one line."""
    return printable(str(error), 200)


class ThreadExport:
    """Writes threads."""

    def __init__(self, client: AssistantsClient, folder: AccountFolder, account: Account, since: int | None) -> None:
        self._client = client
        self._folder = folder
        self._account = account
        self._since = since
        self._under_way: set[str] = set()
        """Ids of the threads that are written just now: a caller's list may have one twice."""

    async def write(self, thread: str | dict[str, Any]) -> None:
        """Write a thread, unless it is there already or has no message that is new enough."""
        name: str = thread if isinstance(thread, str) else thread["id"]
        # Two tasks would write to one file.
        if name in self._under_way:
            return
        self._under_way.add(name)
        path = self._folder.thread(name)
        try:
            if await self._has_news(name) if self._since is not None else not path.exists():
                with writing(path) as file:
                    await self._lines(name, thread, file)
                self._account.counts["thread"] += 1
        except (StatusError, DecodeError) as error:
            if isinstance(error, StatusError) and not is_about_object(error):
                raise
            self._account.miss("thread", name, reason_of(error))
        finally:
            self._under_way.discard(name)
        self._account.advance("threads")

    async def _has_news(self, id: str) -> bool:
        # One message is enough: the newest decides.
        newest = await self._client.messages.list(id, order="desc", limit=1)
        return any((message.created_at or 0) >= (self._since or 0) for message in newest.data)

    async def _lines(self, id: str, thread: str | dict[str, Any], file: BinaryIO) -> None:
        client, own = self._client, dict[str, Any]
        if isinstance(thread, str):
            thread = await client.threads.retrieve(id).as_type(own)
        file.write(Line("thread", thread).encode())
        async for message in self._with_ids("message", client.messages.list(id, order="asc", limit=100)):
            file.write(Line("message", message, id).encode())
        async for run in self._with_ids("run", client.runs.list(id, order="asc", limit=100)):
            file.write(Line("run", run, id).encode())
            async for step in self._with_ids("step", client.steps.list(id, run["id"], order="asc", limit=100)):
                file.write(Line("step", step, run["id"]).encode())

    async def _with_ids(self, kind: str, call: ListCall[Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the objects of a list, without those that nothing could name."""
        async for found in call.as_type(dict[str, Any]):
            if has_id(found):
                yield found
            else:
                self._account.miss_without_id(kind, found)
