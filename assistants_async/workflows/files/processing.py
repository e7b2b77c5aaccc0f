"""Polling a file of a store, or a batch of files, until the server has finished with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Never, TypeVar

from ..._typing import Generic
from ...calls.call import Call
from ...calls.context import CallContext
from ...calls.lists import ListCall
from ...core.checks import known_keywords, positive_seconds
from ...core.requests.endpoint import Endpoint
from ...core.requests.options import earlier
from ...core.requests.path_ids import segment
from ...core.requests.request import Request
from ...core.runs.backoff import poll_delay
from ...endpoints import GET_FILE_BATCH, GET_VECTOR_STORE_FILE, KINDS, LIST_BATCH_FILES
from ...errors import AssistantsError, FileBatchError, FilesDeadlineError, FilesError, StoreFileError, printable
from ...models.vector_stores import VectorStoreFile, VectorStoreFileBatch
from ...response import Headers
from ...session.deadlines import jitter

CLEANUP = 10.0
"""Most seconds of the cleanup at the server once a workflow has failed or was cancelled."""
_KEYWORDS = ("deadline", "interval")

T = TypeVar("T", VectorStoreFile, VectorStoreFileBatch)


class ProcessingPoller(Generic[T]):
    """Requests for a file or batch until the server has finished with it, well or not.

    `request` is sent first: it makes the file or batch, or retrieves it; `row` is the operation that polls it.
    """

    def __init__(
        self, context: CallContext, row: Endpoint[T, T], request: Request, interval: float | None = None
    ) -> None:
        self._context = context
        self._row: Endpoint[T, T] = row
        self._request = request
        self._interval = interval
        self._headers = Headers()
        self.last: T | None = None
        """The file or batch in the server's last answer."""

    @property
    def path(self) -> str:
        """Path of the file or batch itself, once it is known."""
        if self._request.endpoint is self._row or self.last is None:
            return self._request.path
        name = self._row.parameters[-1]
        return f"{self._request.path}/{segment(self._row.name, name, self.last, KINDS)}"

    async def begin(self) -> T:
        """Send the request."""
        return await self._ask(self._request)

    async def until_done(self) -> T:
        """Send the request if `begin` has not, then poll; a state unknown to this version means to wait."""
        thing = await self.begin() if self.last is None else self.last
        attempt = 0
        while not thing.is_terminal:
            hinted = poll_delay(attempt, self._headers, jitter())
            await asyncio.sleep(hinted if self._interval is None else self._interval)
            thing = await self._ask(Request(self._row, self.path, {}, None))
            attempt += 1
        return thing

    async def _ask(self, request: Request) -> T:
        thing, http = await self._context.send(request, self._row.result)
        self.last, self._headers = thing, http.headers
        return thing

    def files(self, **query: str) -> ListCall[VectorStoreFile]:
        """List the files of the batch."""
        request = Request(LIST_BATCH_FILES, f"{self.path}/files", {"limit": 100, **query}, None)
        return ListCall(self._context.session, request, self._context.options)


class PollableCall(Call[T, T]):
    """A call whose result the server still works on."""

    __slots__ = ()

    def _wait(
        self, row: Endpoint[T, T], deadline: float | None, interval: float | None, unknown: Mapping[str, object]
    ) -> ProcessingPoller[T]:
        name = self._request.endpoint.name
        try:
            known_keywords("poll", unknown, _KEYWORDS)
            for keyword, seconds in (("deadline", deadline), ("interval", interval)):
                if seconds is not None:
                    positive_seconds(f"{name}(): {keyword}", seconds)
        except (TypeError, ValueError):
            self._drop_warning()
            raise
        self._use()
        return ProcessingPoller(CallContext(self._session, self._options).for_workflow(), row, self._request, interval)

    async def _within(self, deadline: float | None, wait: ProcessingPoller[T]) -> T:
        """Wait as long as the deadline allows."""
        scope = asyncio.timeout(deadline)
        try:
            async with scope:
                return await wait.until_done()
        except AssistantsError as error:  # a time-out of one request, too
            if wait.last is not None:
                error.add_note(f"while waiting for {printable(wait.last.id, 80)}, which was {wait.last.status}")
            raise
        except TimeoutError:
            if deadline is None or not scope.expired():
                raise
        state = "unanswered" if wait.last is None else f"still {wait.last.status}"
        message = f"{self._request.endpoint.name}: {state} after {deadline:g} s"
        raise await self._reported(FilesDeadlineError(message, deadline=deadline, last=wait.last))

    async def _reported(self, error: FilesError) -> FilesError:
        await self._session.errors.report(error, self._request, self._options)
        return error


class StoreFileCall(PollableCall[VectorStoreFile]):
    """A call for a file of a store: `await` it for the file as it is then, `poll()` it for its end."""

    __slots__ = ()

    async def poll(
        self, *, deadline: float | None = None, interval: float | None = None, **unknown: Never
    ) -> VectorStoreFile:
        """Wait until the file can be searched, and return it.

        `deadline` is in seconds for all of it, None for no end; `interval` the seconds between requests, in place of
        the server's hint and 0.2 growing to 5. Raises `StoreFileError` where the file failed or was cancelled, and
        `FilesDeadlineError` where the server has not finished with it in time.
        """
        wait = self._wait(GET_VECTOR_STORE_FILE, deadline, interval, unknown)
        file = await self._within(earlier(deadline, self._options.wait_limit), wait)
        if file.status != "completed":
            raise await self._reported(StoreFileError(file))
        return file


class FileBatchCall(PollableCall[VectorStoreFileBatch]):
    """A call for a batch of files: `await` it for the batch as it is then, `poll()` it for its end."""

    __slots__ = ()

    async def poll(
        self, *, deadline: float | None = None, interval: float | None = None, **unknown: Never
    ) -> VectorStoreFileBatch:
        """Wait until all files of the batch can be searched, and return it.

        `deadline` and `interval` are in seconds, as in `StoreFileCall.poll`. Raises `FileBatchError` where the batch
        or any of its files failed or was cancelled, with the reasons, and `FilesDeadlineError` where the server has
        not done with it in time.
        """
        wait = self._wait(GET_FILE_BATCH, deadline, interval, unknown)
        deadline = earlier(deadline, self._options.wait_limit)
        loop = asyncio.get_running_loop()
        started = loop.time()
        batch = await self._within(deadline, wait)
        if is_whole(batch):
            return batch
        # The batch has ended badly, whatever its list says: the reasons get a share of the time, not a veto.
        left = CLEANUP if deadline is None else min(CLEANUP, max(0.0, started + deadline - loop.time()))
        failed: list[VectorStoreFile] = []
        try:
            async with asyncio.timeout(left):
                failed += [file async for file in wait.files(filter="failed") if file.status != "completed"]
        except (AssistantsError, TimeoutError) as error:
            # Without the reasons rather than not at all: the batch has failed either way.
            raise await self._reported(FileBatchError(batch)) from error
        raise await self._reported(FileBatchError(batch, tuple(failed)))


def is_whole(batch: VectorStoreFileBatch) -> bool:
    """Return True for a batch of which every file can be searched, by its own counts."""
    counts = batch.file_counts
    return batch.status == "completed" and not (counts is not None and (counts.failed or counts.cancelled))
