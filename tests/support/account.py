"""An account with a little of everything, on an embedded server."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from assistants_async import AssistantsClient, Thread
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.moving import export_account
from assistants_async.server import AssistantsServer, CallTools, Dialect, Say, ScriptedResponder, Store
from assistants_async.tools import Toolbox
from tests.support.embedded import get_weather
from tests.support.steady_loop import MS

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
TOOLS = Toolbox([get_weather])
_OWN_ID = re.compile("(?:thread|msg|run|step|call)_[A-Za-z0-9]{24}")
"""Ids of what is in one thread alone."""


@asynccontextmanager
async def account(
    threads: int = 3, protocol: ProtocolVersion = "v2", dialect: Dialect | None = None
) -> AsyncIterator[AssistantsServer]:
    """Serve an account."""
    turns: list[Any] = [CallTools([("get_weather", {"city": "Rome"})]), Say("Sunny.")] * threads
    responder = ScriptedResponder(turns)
    async with (
        AssistantsServer(responder=responder, seed=0, pace=0.01 * MS, protocol=protocol, dialect=dialect) as server,
        client_of(server, protocol) as client,
    ):
        fill = _fill_v1 if protocol == "v1" else _fill
        for thread in await fill(client, threads):
            assistant = await client.assistants.list().first()
            assert assistant is not None
            await client.runs.create(thread, assistant_id=assistant, tools=TOOLS).drive(TOOLS, stream=False)
        yield server


def client_of(server: AssistantsServer, protocol: ProtocolVersion = "v2", **settings: Any) -> AssistantsClient:
    """Make a client of a server."""
    query = {"api-version": "v1"} if "/api/projects/" in server.base_url else {}
    return AssistantsClient(base_url=server.base_url, api_key="k", protocol=protocol, query=query, **settings)


async def _fill(client: AssistantsClient, threads: int) -> list[Thread]:
    text = await client.files.create(file=b"Rome is sunny.", filename="rome.txt", purpose="assistants")
    image = await client.files.create(file=PNG, filename="rome.png", purpose="vision")
    store = await client.vector_stores.create(name="cities")
    await client.vector_stores.files.create(store, file_id=text).poll()
    await client.assistants.create(model="m", name="Weather", tools=[*TOOLS.definitions, {"type": "file_search"}])
    made = []
    for number in range(threads):
        content: Any = [
            {"type": "text", "text": f"Weather {number}?"},
            {"type": "image_file", "image_file": {"file_id": image.id}},
        ]
        attached: Any = [{"file_id": text.id, "tools": [{"type": "file_search"}]}]
        made.append(
            await client.threads.create(messages=[{"role": "user", "content": content, "attachments": attached}])
        )
    return made


async def _fill_v1(client: AssistantsClient, threads: int) -> list[Thread]:
    file = await client.files.create(file=b"Rome is sunny.", filename="rome.txt", purpose="assistants")
    await client.assistants.create(model="m", tools=TOOLS.definitions)
    return [
        await client.threads.create(messages=[{"role": "user", "content": "Weather?", "file_ids": [file.id]}])
        for _ in range(threads)
    ]


def export_once(folder: Path, threads: int) -> Path:
    """Export an account into a folder, for all tests of a module."""

    async def export() -> None:
        async with account(threads=threads) as server, client_of(server) as client:
            await export_account(client, folder)

    asyncio.run(export())
    return folder


def multiplied(folder: Path, count: int) -> None:
    """Fill the folder of an export up to so many threads: copies of those that are there, under ids of their own."""
    paths = sorted((folder / "threads").iterdir())
    for number in range(count - len(paths)):
        text = paths[number % len(paths)].read_text(encoding="utf-8")
        copied = _OWN_ID.sub(lambda match: f"{match[0][:-4]}{number:04d}", text)  # noqa: B023  # used at once
        name: str = json.loads(copied.partition("\n")[0])["object"]["id"]
        (folder / "threads" / f"{name}.jsonl").write_text(copied, encoding="utf-8")


async def reexport(
    store: Store, folder: Path, protocol: ProtocolVersion = "v2", dialect: Dialect | None = None
) -> None:
    """Serve a store, and export it."""
    async with (
        AssistantsServer(store=store, protocol=protocol, dialect=dialect) as server,
        client_of(server, protocol) as client,
    ):
        await export_account(client, folder)


def snapshot(folder: Path) -> dict[str, bytes]:
    """Read all files of a folder, without the lines of the time and the server."""
    return {
        path.relative_to(folder).as_posix(): b"\n".join(
            line for line in path.read_bytes().split(b"\n") if not line.startswith((b'  "made_at"', b'  "source"'))
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
