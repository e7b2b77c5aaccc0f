"""`client.beta.threads.runs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Unpack, overload

from ..client import AssistantsClient
from ..core.runs.status import RunEnd
from ..workflows.runs.call import RunCall
from . import params
from .errors import translating
from .event_handler import AsyncAssistantEventHandler
from .event_handler import AsyncAssistantStreamManager as Manager
from .models import Run, dressed
from .options import RequestOptions
from .pages import AsyncPaginator
from .pending import Pending
from .resource import Resource
from .steps import AsyncSteps
from .stream import AsyncStream, PendingStream

H = TypeVar("H", bound=AsyncAssistantEventHandler)

_NO_ENDS: tuple[RunEnd, ...] = ()


class AsyncRuns(Resource):
    """An assistant at work on a thread."""

    noun = "beta.threads.runs"
    answers = ("create", "retrieve", "update", "cancel", "submit_tool_outputs", "list")

    def __init__(self, client: AssistantsClient) -> None:
        super().__init__(client)
        self.steps = AsyncSteps(client)
        """Steps of a run."""

    @overload
    def create(
        self, thread_id: str, *, stream: Literal[False] | None = None, **keywords: Unpack[params.CreateRun]
    ) -> Pending[Run]: ...

    @overload
    def create(
        self, thread_id: str, *, stream: Literal[True], **keywords: Unpack[params.CreateRun]
    ) -> Pending[AsyncStream]: ...

    def create(
        self, thread_id: str, *, stream: bool | None = None, **keywords: Unpack[params.CreateRun]
    ) -> Pending[Any]:
        """Run an assistant on a thread; with `stream=True`, await for the events."""
        client, members = self._part("create", params.CreateRun, keywords)
        return run_or_stream(client.runs.create(thread_id, **members, **streamed(stream)), stream)

    def retrieve(self, run_id: str, **keywords: Unpack[params.OnThread]) -> Pending[Run]:
        """Get a run as it is now."""
        client, ids = self._part("retrieve", params.OnThread, keywords, body=False)
        return Pending(client.runs.retrieve(ids["thread_id"], run_id))

    def update(self, run_id: str, **keywords: Unpack[params.UpdateRun]) -> Pending[Run]:
        """Change a run's metadata."""
        client, members = self._part("update", params.UpdateRun, keywords)
        return Pending(client.runs.modify(members.pop("thread_id"), run_id, **members))

    def cancel(self, run_id: str, **keywords: Unpack[params.OnThread]) -> Pending[Run]:
        """Ask a run to end."""
        client, ids = self._part("cancel", params.OnThread, keywords)
        return Pending(client.runs.cancel(ids["thread_id"], run_id))

    @overload
    def submit_tool_outputs(
        self, run_id: str, *, stream: Literal[False] | None = None, **keywords: Unpack[params.ToolOutputs]
    ) -> Pending[Run]: ...

    @overload
    def submit_tool_outputs(
        self, run_id: str, *, stream: Literal[True], **keywords: Unpack[params.ToolOutputs]
    ) -> Pending[AsyncStream]: ...

    def submit_tool_outputs(
        self, run_id: str, *, stream: bool | None = None, **keywords: Unpack[params.ToolOutputs]
    ) -> Pending[Any]:
        """Answer the tool calls of a run; with `stream=True`, await for the events that follow."""
        client, members = self._part("submit_tool_outputs", params.ToolOutputs, keywords)
        return run_or_stream(_outputs(client, run_id, members | streamed(stream)), stream)

    async def create_and_poll(self, **keywords: Unpack[params.CreateRunPoll]) -> Run:
        """Run an assistant on a thread, and poll the run to its end, or until it asks for tool outputs.

        As in openai-python, no end raises, and no time is too long: look at `status`.
        """
        client, members = self._part("create_and_poll", params.CreateRunPoll, keywords)
        thread_id, interval = members.pop("thread_id"), members.pop("poll_interval_ms", None)
        run: Run = await Pending(client.runs.create(thread_id, **members, **streamed(False)))
        return await self.polled(run.id, thread_id, options=keywords, interval=interval)

    async def poll(self, run_id: str, thread_id: str, **keywords: Unpack[params.Polling]) -> Run:
        """Poll a run to its end, or until it asks for tool outputs."""
        _, members = self._part("poll", params.Polling, keywords, body=False)
        return await self.polled(run_id, thread_id, options=keywords, interval=members.get("poll_interval_ms"))

    async def submit_tool_outputs_and_poll(self, **keywords: Unpack[params.ToolOutputsPoll]) -> Run:
        """Answer the tool calls of a run, and poll it to its end, or until it asks again."""
        client, members = self._part("submit_tool_outputs_and_poll", params.ToolOutputsPoll, keywords)
        interval, run_id, thread_id = members.pop("poll_interval_ms", None), members.pop("run_id"), members["thread_id"]
        await Pending(_outputs(client, run_id, members | streamed(False)))
        return await self.polled(run_id, thread_id, options=keywords, interval=interval)

    async def polled(self, run_id: str, thread_id: str, *, options: Mapping[str, Any], interval: float | None) -> Run:
        """Poll a run under the options of a call, its body's left out; `interval` is in milliseconds."""
        given = {name: options[name] for name in ("extra_headers", "extra_query", "timeout") if name in options}
        client, _ = self._part("poll", RequestOptions, given, body=False)
        # At least a millisecond: 0, which openai-python takes, would ask the server without a pause.
        seconds = None if interval is None else max(interval, 1) / 1000
        with translating():
            # Old code looks at the status itself, so no end raises.
            run = await client.runs.wait(thread_id, run_id, interval=seconds, raise_on=_NO_ENDS)
        made: Run = dressed(run)
        return made

    @overload
    def stream(self, *, event_handler: H, **keywords: Unpack[params.CreateRunStream]) -> Manager[H]: ...

    @overload
    def stream(
        self, *, event_handler: None = None, **keywords: Unpack[params.CreateRunStream]
    ) -> Manager[AsyncAssistantEventHandler]: ...

    def stream(
        self, *, event_handler: AsyncAssistantEventHandler | None = None, **keywords: Unpack[params.CreateRunStream]
    ) -> Manager[Any]:
        """Run an assistant on a thread; enter for the stream of its events, which is the handler."""
        client, members = self._part("stream", params.CreateRunStream, keywords)
        return Manager(client.runs.create(members.pop("thread_id"), **members), event_handler)

    create_and_stream = stream

    @overload
    def submit_tool_outputs_stream(
        self, *, event_handler: H, **keywords: Unpack[params.ToolOutputsStream]
    ) -> Manager[H]: ...

    @overload
    def submit_tool_outputs_stream(
        self, *, event_handler: None = None, **keywords: Unpack[params.ToolOutputsStream]
    ) -> Manager[AsyncAssistantEventHandler]: ...

    def submit_tool_outputs_stream(
        self, *, event_handler: AsyncAssistantEventHandler | None = None, **keywords: Unpack[params.ToolOutputsStream]
    ) -> Manager[Any]:
        """Answer the tool calls of a run; enter for the stream of the events that follow."""
        client, members = self._part("submit_tool_outputs_stream", params.ToolOutputsStream, keywords)
        return Manager(_outputs(client, members.pop("run_id"), members), event_handler)

    def list(self, thread_id: str, **keywords: Unpack[params.List]) -> AsyncPaginator[Run]:
        """List a thread's runs, newest first."""
        client, members = self._part("list", params.List, keywords, body=False)
        return AsyncPaginator(client.runs.list(thread_id, **members))


def _outputs(client: AssistantsClient, run_id: str, members: dict[str, Any]) -> RunCall:
    """Make the call that answers the tool calls of a run; any iterable of outputs will do."""
    # A generator is used up by one attempt: a retry would send no outputs.
    outputs = list(members.pop("tool_outputs"))
    return client.runs.submit_tool_outputs(members.pop("thread_id"), run_id, tool_outputs=outputs, **members)


def streamed(stream: bool | None) -> dict[str, Any]:  # openai-python's own flag
    """Write the member by which openai-python asks for the run alone; the native call writes that of a stream."""
    return {} if stream is None or stream is True else {"stream": stream}


def run_or_stream(call: RunCall, stream: bool | None) -> Pending[Any]:  # openai-python's own flag
    """Make what a call that starts a run is awaited for: the run, or the stream of its events."""
    return PendingStream(call) if stream is True else Pending(call)
