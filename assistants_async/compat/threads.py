"""`client.beta.threads`."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, Unpack, overload

from ..client import AssistantsClient
from . import params
from .event_handler import AsyncAssistantEventHandler
from .event_handler import AsyncAssistantStreamManager as Manager
from .messages import AsyncMessages
from .models import Deleted, Run, Thread
from .options import RequestOptions
from .pending import Pending
from .resource import Resource
from .runs import AsyncRuns, run_or_stream, streamed
from .stream import AsyncStream

H = TypeVar("H", bound=AsyncAssistantEventHandler)


class AsyncThreads(Resource):
    """Conversations."""

    noun = "beta.threads"
    answers = ("create", "retrieve", "update", "delete", "create_and_run")

    def __init__(self, client: AssistantsClient) -> None:
        super().__init__(client)
        self.messages = AsyncMessages(client)
        """Messages on a thread."""
        self.runs = AsyncRuns(client)
        """An assistant at work on a thread."""

    def create(self, **keywords: Unpack[params.CreateThread]) -> Pending[Thread]:
        """Make a thread."""
        client, members = self._part("create", params.CreateThread, keywords)
        return Pending(client.threads.create(**members))

    def retrieve(self, thread_id: str, **options: Unpack[RequestOptions]) -> Pending[Thread]:
        """Get a thread."""
        client, _ = self._part("retrieve", RequestOptions, options, body=False)
        return Pending(client.threads.retrieve(thread_id))

    def update(self, thread_id: str, **keywords: Unpack[params.UpdateThread]) -> Pending[Thread]:
        """Change a thread."""
        client, members = self._part("update", params.UpdateThread, keywords)
        return Pending(client.threads.modify(thread_id, **members))

    def delete(self, thread_id: str, **options: Unpack[RequestOptions]) -> Pending[Deleted]:
        """Delete a thread."""
        client, _ = self._part("delete", RequestOptions, options, body=False)
        return Pending(client.threads.delete(thread_id))

    @overload
    def create_and_run(
        self, *, stream: Literal[False] | None = None, **keywords: Unpack[params.CreateThreadAndRun]
    ) -> Pending[Run]: ...

    @overload
    def create_and_run(
        self, *, stream: Literal[True], **keywords: Unpack[params.CreateThreadAndRun]
    ) -> Pending[AsyncStream]: ...

    def create_and_run(
        self, *, stream: bool | None = None, **keywords: Unpack[params.CreateThreadAndRun]
    ) -> Pending[Any]:
        """Make a thread and run an assistant on it; with `stream=True`, await for the events."""
        client, members = self._part("create_and_run", params.CreateThreadAndRun, keywords)
        return run_or_stream(client.threads.create_and_run(**members, **streamed(stream)), stream)

    async def create_and_run_poll(self, **keywords: Unpack[params.CreateThreadAndRunPoll]) -> Run:
        """Make a thread, run an assistant on it, and poll the run to its end, or until it asks for tool outputs."""
        client, members = self._part("create_and_run_poll", params.CreateThreadAndRunPoll, keywords)
        interval = members.pop("poll_interval_ms", None)
        run: Run = await Pending(client.threads.create_and_run(**members, **streamed(False)))
        return await self.runs.polled(run.id, run.thread_id or "", options=keywords, interval=interval)

    @overload
    def create_and_run_stream(
        self, *, event_handler: H, **keywords: Unpack[params.CreateThreadAndRun]
    ) -> Manager[H]: ...

    @overload
    def create_and_run_stream(
        self, *, event_handler: None = None, **keywords: Unpack[params.CreateThreadAndRun]
    ) -> Manager[AsyncAssistantEventHandler]: ...

    def create_and_run_stream(
        self, *, event_handler: AsyncAssistantEventHandler | None = None, **keywords: Unpack[params.CreateThreadAndRun]
    ) -> Manager[Any]:
        """Make a thread and run an assistant on it; enter for the stream of its events, which is the handler."""
        client, members = self._part("create_and_run_stream", params.CreateThreadAndRun, keywords)
        return Manager(client.threads.create_and_run(**members), event_handler)
