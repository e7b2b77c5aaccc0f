"""`client.threads`."""

from __future__ import annotations

from typing import Unpack

from .. import endpoints
from ..calls.call import Call
from ..calls.lists import ListCall
from ..core.requests.path_ids import segment
from ..models import params
from ..models.pages import Deleted
from ..models.threads import Thread
from ..tools.definitions import with_definitions
from ..workflows.runs.call import RunCall
from ..workflows.threads.lock import ThreadLock
from .base import Resource

_KINDS = {"thread": (Thread,)}


class Threads(Resource):
    """A conversation: messages in order, and the runs that answered them."""

    __slots__ = ()

    def create(self, **keywords: Unpack[params.CreateThreadParams]) -> Call[Thread, Thread]:
        """Start a thread, empty or with messages (`createThread`)."""
        return self._call(endpoints.CREATE_THREAD, **keywords)

    def create_and_run(self, **keywords: Unpack[params.CreateThreadAndRunParams]) -> RunCall:
        """Start a thread and a run on it in one request (`createThreadAndRun`); the run names the thread."""
        return self._run(endpoints.CREATE_THREAD_AND_RUN, **with_definitions(keywords))

    def retrieve(self, thread: Thread | str, /, **keywords: Unpack[params.NoParams]) -> Call[Thread, Thread]:
        """Get a thread; its messages are listed apart (`getThread`)."""
        return self._call(endpoints.GET_THREAD, thread, **keywords)

    def modify(self, thread: Thread | str, /, **keywords: Unpack[params.ModifyThreadParams]) -> Call[Thread, Thread]:
        """Change the metadata, and in v2 the tool resources, that are given (`modifyThread`)."""
        return self._call(endpoints.MODIFY_THREAD, thread, **keywords)

    def delete(self, thread: Thread | str, /, **keywords: Unpack[params.NoParams]) -> Call[Deleted, Deleted]:
        """Delete a thread with its messages and runs (`deleteThread`)."""
        return self._call(endpoints.DELETE_THREAD, thread, **keywords)

    async def copy(self, thread: Thread | str, /) -> Thread:
        """Make a thread with the messages, metadata and tool resources of another, and return it.

        Messages without content are left out. The server sets ids and times anew, and does not keep which run or
        assistant wrote a message. Past the first 32 messages each takes a request; an error between them has a note
        with the copy's id.
        """
        return await self._workflows().copy(thread)

    def lock(self, thread: Thread | str, /) -> ThreadLock:
        """Make a lock to enter, so that one task of this process at a time has the thread: see `ThreadLock`."""
        return ThreadLock(self._context.session.base_url, segment("threads.lock", "thread", thread, _KINDS))

    def list(self, **keywords: Unpack[params.ListParams]) -> ListCall[Thread]:
        """List the threads, newest first: in no document, but Foundry and the embedded server have it."""
        return self._list(endpoints.LIST_THREADS, **keywords)
