"""The public forms as type checkers see them: checked by mypy and basedpyright in strict mode, never run."""

# Calls are looked at here, and none is awaited or closed.
# mypy: disable-error-code="unused-awaitable"

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, assert_type

import aiohttp
import msgspec

from assistants_async import (
    Assistant,
    AssistantsClient,
    Call,
    Channel,
    CitationStyle,
    Deleted,
    Download,
    File,
    Headers,
    HTTPResponse,
    Items,
    ListCall,
    Message,
    NotFoundError,
    Page,
    PreparedRequest,
    RateLimit,
    RateLimitedError,
    Request,
    Response,
    Run,
    RunCall,
    RunChannel,
    RunStep,
    StatusError,
    StreamEvent,
    Styled,
    Telemetry,
    Thread,
    ThreadBusyError,
    ThreadLock,
    ThreadUsage,
    TimedOutError,
    Timeout,
    Usage,
    sum_usage,
)
from assistants_async.models.assistants import AssistantFile
from assistants_async.models.messages import MessageFile, SourceAnnotation
from assistants_async.models.runs import ToolCall
from assistants_async.tools import AnswerFormat, Context, Toolbox, ToolResult, answer_format, tool
from assistants_async.workflows.runs.drive import Drive, DriveChannel
from assistants_async.workflows.runs.options import Rerun
from assistants_async.workflows.runs.result import DriveEvent, RunResult


class Own(msgspec.Struct):
    """A model of the caller's own."""

    id: str


async def settings(session: aiohttp.ClientSession, context: ssl.SSLContext) -> None:
    """Every keyword of a client, and its presets."""

    async def key() -> str:
        return "key"

    client = AssistantsClient(
        api_key=key,
        base_url="http://127.0.0.1/v1",
        auth="bearer",
        protocol="v1",
        organization="org",
        project=None,
        max_connections=5,
        proxy=None,
        trust_env=False,
        ssl=context,
        session=session,
        limit_rate=RateLimit(requests_per_minute=60, tokens_per_minute=None),
        telemetry=Telemetry(content=True),
        validate=True,
        timeout=Timeout(connect=1, pool=None, head=2.5, idle=3, total=None),
        headers={"x-a": "1", "x-b": None},
        query={"a": [1, 2], "b": Styled((1, 2), "comma")},
        raise_for_status=False,
        strict=True,
        accept=None,
        content_type="application/json",
        on_request=on_request,
        on_send=on_send,
        on_response=lambda http: None,
        on_error=lambda error: None,
        resolve_type=lambda operation, http: None,
        trace=lambda kind, text: None,
    )
    assert_type(client, AssistantsClient)
    assert_type(AssistantsClient(transport="lean"), AssistantsClient)
    assert_type(client.with_options(timeout=5, headers={}), AssistantsClient)
    async with client as entered:
        assert_type(entered, AssistantsClient)
    async with AssistantsClient.local(protocol="v1") as local:
        assert_type(local, AssistantsClient)
    assert_type(AssistantsClient.azure("https://x.test", api_version="1", api_key="k"), AssistantsClient)


async def on_request(request: Request) -> None:
    """An async hook."""
    assert_type(request.path, str)
    assert_type(request.headers, dict[str, str | None])


def on_send(outgoing: PreparedRequest) -> None:
    """A sync hook."""
    assert_type(outgoing.url, str)
    assert_type(outgoing.attempt, int)


async def calls(client: AssistantsClient, thread: Thread, run: Run) -> None:
    """Every form of a call."""
    call = client.assistants.retrieve("asst_1")
    assert_type(call, Call[Assistant, Assistant])
    assert_type(await call, Assistant)
    assert_type(await call.response(), Response[Assistant])
    value, http = await call.response()
    assert_type(value, Assistant)
    assert_type(http, HTTPResponse)
    assert_type(http.headers, Headers)
    assert_type(await call.as_type(Own), Own)
    assert_type(await call.as_type(bytes), bytes)
    assert_type(call.with_options(timeout=None), Call[Assistant, Assistant])
    assert_type(call.stream(), Channel[Assistant])
    async with call.stream() as channel:
        assert_type([item async for item in channel], list[Assistant])


async def lists(client: AssistantsClient, thread: Thread) -> None:
    """Every form of a list."""
    call = client.messages.list(thread, limit=5, order="asc", run_id="run_1")
    assert_type(call, ListCall[Message])
    assert_type(await call, Page[Message])
    assert_type(await call.response(), Response[Page[Message]])
    assert_type([item async for item in call], list[Message])
    assert_type([page async for page in call.pages()], list[Page[Message]])
    assert_type(await call.first(), Message | None)
    assert_type(await call.collect(5), list[Message])
    assert_type(call.take(3), Items[Message])
    assert_type(call.filter(lambda item: item.text != ""), Items[Message])
    assert_type(call.map(lambda item: item.text), Items[str])
    assert_type(await call.map(lambda item: len(item.text)).take(2).collect(), list[int])
    async with call.prefetch() as items:
        assert_type([item async for item in items], list[Message])
    assert_type(call.with_options(timeout=5), ListCall[Message])
    assert_type(call.stream(), Channel[Message])
    assert_type(call.stream(pages=True), Channel[Page[Message]])
    assert_type(call.map(length), Items[int])
    own = call.as_type(Own)
    assert_type([item async for item in own], list[Own])
    assert_type([page.data async for page in own.pages()], list[tuple[Own, ...]])
    assert_type(own.stream(), Channel[Own])


async def length(message: Message) -> int:
    """An async step."""
    return len(message.text)


async def namespaces(client: AssistantsClient, thread: Thread, run: Run, message: Message, file: File) -> None:
    """Every method, with ids and with objects."""
    assert_type(await client.assistants.create(model="m", tools=[{"type": "code_interpreter"}]), Assistant)
    assert_type(await client.assistants.modify("a", name=None, metadata={"a": "b"}), Assistant)
    assert_type(await client.assistants.delete("a"), Deleted)
    assert_type(await client.assistants.list(), Page[Assistant])
    assert_type(await client.assistants.files.create("a", file_id=file), AssistantFile)
    assert_type(await client.assistants.files.retrieve("a", file), AssistantFile)
    assert_type(await client.assistants.files.delete("a", "f"), Deleted)
    assert_type(await client.assistants.files.list("a"), Page[AssistantFile])
    assert_type(await client.threads.create(messages=[{"role": "user", "content": "hi"}]), Thread)
    assert_type(client.threads.create_and_run(assistant_id="a", thread={"messages": []}), RunCall)
    assert_type(await client.threads.retrieve(thread), Thread)
    assert_type(await client.threads.modify(thread, tool_resources=thread.tool_resources), Thread)
    assert_type(await client.threads.delete(thread), Deleted)
    assert_type(await client.threads.list(), Page[Thread])
    assert_type(client.threads.lock(thread), ThreadLock)
    async with client.threads.lock("thread_1") as nothing:
        assert_type(nothing, None)
    assert_type(await client.messages.create(thread, role="user", content="hi"), Message)
    assert_type(await client.messages.retrieve(thread, message), Message)
    assert_type(await client.messages.modify(thread, message, metadata={}), Message)
    assert_type(await client.messages.delete(thread, message), Deleted)
    assert_type(await client.messages.files.retrieve(thread, message, file), MessageFile)
    assert_type(await client.messages.files.list(thread, message), Page[MessageFile])
    assert_type(await client.runs.retrieve(thread, run), Run)
    assert_type(await client.runs.modify(thread, run, metadata=None), Run)
    assert_type(await client.runs.cancel(thread, run), Run)
    assert_type(await client.runs.list(thread), Page[Run])
    assert_type(await client.steps.retrieve(thread, run, "step_1", include=["x"]), RunStep)
    assert_type(await client.steps.list(thread, run), Page[RunStep])
    assert_type(await client.files.retrieve(file), File)
    assert_type(await client.files.delete(file), Deleted)
    assert_type(await client.files.list(purpose="assistants"), Page[File])


async def runs(client: AssistantsClient, thread: Thread, assistant: Assistant, run: Run, file: File) -> None:
    """A run is awaited or streamed."""
    call = client.runs.create(thread, assistant_id=assistant, instructions=None, if_active="wait")
    assert_type(call, RunCall)
    assert_type(await call, Run)
    assert_type(await call.response(), Response[Run])
    assert_type(call.stream(), RunChannel)
    async with call.stream(recover=True) as channel:
        assert_type(channel, RunChannel)
        assert_type([event async for event in channel], list[StreamEvent])
    assert_type(call.stream(raise_on={"failed"}), RunChannel)
    async with call.stream(events=False) as plain:
        assert_type(plain, Channel[Run])
        assert_type([each async for each in plain], list[Run])
    outputs = client.runs.submit_tool_outputs(thread, "run_1", tool_outputs=[{"tool_call_id": "c", "output": "x"}])
    for each in run.tool_calls:
        client.runs.submit_tool_outputs(thread, run, tool_outputs=[{"tool_call_id": each, "output": "x"}])
    client.threads.create(tool_resources={"file_search": {"vector_stores": [{"file_ids": [file]}]}})
    client.messages.create(
        thread,
        role="user",
        content=[{"type": "image_file", "image_file": {"file_id": file}}],
        attachments=[{"file_id": file}],
    )
    assert_type(outputs, RunCall)


async def files(client: AssistantsClient, pieces: AsyncIterator[bytes], folder: Path) -> None:
    """Uploads of every kind of file, and both forms of a download."""
    with (folder / "a").open("rb") as opened:
        for file in (folder / "a", b"x", bytearray(), memoryview(b""), opened, pieces):
            assert_type(await client.files.create(file=file, purpose="assistants"), File)
    await client.files.create(
        file=b"", purpose="vision", filename="a", content_type="image/png", on_progress=lambda done, total: None
    )
    download = client.files.content("file_1")
    assert_type(download, Download)
    assert_type(await download, bytes)
    assert_type(await download.save(folder, "name", on_progress=lambda done, total: None), Path)


async def operations(client: AssistantsClient) -> None:
    """Called by name, the result is not known."""
    call = client.operation("createRun", body={"assistant_id": "a"}, thread_id="thread_1")
    assert_type(await call, Any)
    assert_type((await call.response()).http, HTTPResponse)
    assert_type(await call.poll(deadline=5), Any)
    assert_type((await call.drive(stream=False)).run, Run)
    async with call.stream(recover=True) as events:
        assert_type([event async for event in events], list[Any])
    listed = client.operation("listMessages", thread_id="thread_1")
    assert_type([message async for message in listed], list[Any])
    assert_type([page async for page in listed.pages()], list[Any])
    assert_type(await listed.take(5).collect(), list[Any])
    async with listed.prefetch() as items:
        assert_type([message async for message in items], list[Any])
    assert_type(await client.operation("downloadFile", file_id="file_1").save(Path()), Path)
    assert_type([page async for page in listed.with_options(timeout=5).pages()], list[Any])


async def tools(thread: Thread, database: list[str]) -> None:
    """A tool is called as its function was; a toolbox and a format of answers are values."""

    @tool
    def plain(city: str, days: int = 3) -> float:
        return 0.5

    @tool(name="other", timeout=5, approve=True, strict=False)
    async def waits(city: str, names: Context[list[str]]) -> bytes:
        return b""

    assert_type(plain("Pau", days=2), float)
    assert_type(await waits("Pau", database), bytes)
    box = Toolbox([plain, waits, errors], context=database, approve=lambda call, arguments: "no", on_error="raise")
    assert_type(box.with_context(database), Toolbox)
    assert_type(box.definitions, tuple[dict[str, Any], ...])
    assert_type(await box.answer(()), list[ToolResult])
    form = answer_format(list[Thread])
    assert_type(form, AnswerFormat[list[Thread]])
    assert_type(form.decode("{}"), list[Thread])


class Kept:
    """A ledger."""

    async def recall(self, call_id: str, /) -> str | None:
        """Return the stored outputs."""
        return None

    async def attempted(self, call: ToolCall, /) -> None:
        """Before a call."""

    async def finished(self, result: ToolResult, /) -> None:
        """After it."""


async def ends(client: AssistantsClient, thread: Thread, toolbox: Toolbox) -> None:
    """Runs to their end: polled, waited for, driven and resumed, with a type for the answer and without."""

    async def see(run: Run) -> None:
        assert_type(run.needs_action, bool)

    call = client.runs.create(thread, assistant_id="a")
    polled = call.poll(deadline=60, interval=0.5, on_deadline="leave", grace=1, raise_on={"failed"}, on_status=see)
    assert_type(await polled, Run)
    assert_type(
        await call.poll(stop_at_action=False, rerun=Rerun(attempts=2, codes={"server_error"}), raise_on=()), Run
    )
    assert_type(await client.runs.wait(thread, "run_1", deadline=None, on_status=print), Run)
    client.runs.submit_tool_outputs(thread, "run_1", tool_approvals=[{"tool_call_id": "c", "approve": True}])
    client.runs.resume(thread, "run_1", approve_mcp=lambda call, arguments: call.server_label == "gh")
    drive = call.drive(toolbox, stream=False, max_rounds=None, deadline=60, ledger=Kept(), rerun=Rerun())
    assert_type(drive, Drive[None])
    assert_type(await drive, RunResult[None])
    result = await call.drive(toolbox, output_type=Own)
    assert_type(result, RunResult[Own])
    assert_type(result.parsed, Own)
    assert_type(result.run, Run)
    assert_type(result.messages, tuple[Message, ...])
    assert_type(result.steps, tuple[RunStep, ...])
    assert_type(result.usage, Usage | None)
    assert_type((await call.drive(output_type=list[Own])).parsed, list[Own])
    async with call.drive(output_type=Own) as channel:
        assert_type(channel, DriveChannel[Own])
        assert_type([event async for event in channel], list[DriveEvent])
        assert_type([text async for text in channel.text()], list[str])
        assert_type([part async for part in channel.partial()], list[Any])
        assert_type(await channel.result(), RunResult[Own])
    assert_type(client.runs.resume(thread, "run_1", toolbox, max_rounds=2), Drive[None])
    assert_type(await client.runs.resume(thread, "run_1", output_type=Own), RunResult[Own])


async def people(client: AssistantsClient, thread: Thread, message: Message, run: Run) -> None:
    """Messages as people read them, and usage."""

    def style(annotation: SourceAnnotation, number: int, name: str) -> str:
        return name

    styles: list[CitationStyle] = ["footnotes", "markdown", style]
    for each in styles:
        assert_type(await client.messages.render(message, style=each), str)
    assert_type(await message.render(client.with_options(timeout=5)), str)
    assert_type(await message.save_files(client, Path()), tuple[Path, ...])
    assert_type(await client.messages.save_files(message, Path()), tuple[Path, ...])
    assert_type(await client.usage(thread), ThreadUsage)
    assert_type(sum_usage([run]), Usage)
    assert_type(sum_usage(await client.steps.list(thread, run).collect()), Usage)


def errors(error: Exception) -> None:
    """Read the attributes of each error."""
    match error:
        case ThreadBusyError(run=active, waited=waited):
            assert_type(active, Run | None)
            assert_type(waited, float | None)
            assert_type(error.run_id, str | None)
        case RateLimitedError():
            assert_type(error.retry_after, float | None)
        case NotFoundError() | StatusError():
            assert_type(error.status, int)
            assert_type(error.request_id, str | None)
        case TimedOutError():
            assert_type(error.is_long_poll, bool)
        case _:
            pass
