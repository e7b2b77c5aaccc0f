"""`recover=True` against the embedded server, through a proxy that cuts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from assistants_async import AssistantsClient
from assistants_async.server import AssistantsServer


class Cutter:
    """Passes bytes between a client and a server, and cuts the first event stream after so many bytes of it."""

    def __init__(self, port: int, after: int) -> None:
        self._port = port
        self._after = after
        self._streaming = False
        self.cut = False
        self.seen = 0
        self.posts = 0

    @contextlib.asynccontextmanager
    async def listen(self) -> AsyncIterator[str]:
        """Serve on a free port."""
        tasks: set[asyncio.Task[None]] = set()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._pass(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            up = asyncio.ensure_future(self._up(reader, to_writer))
            await self._down(to_reader, writer)
            up.cancel()
        finally:
            to_writer.transport.abort()
            writer.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self._streaming = False
            self.posts += data.count(b"POST") * data.count(b"/runs HTTP/1.1")
            writer.write(data)

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self._streaming = self._streaming or b"text/event-stream" in data
            if self._streaming and not self.cut:
                self.seen += len(data)
                if self.seen > self._after:
                    self.cut = True
                    writer.write(data[: len(data) - (self.seen - self._after)])
                    await writer.drain()
                    return
            writer.write(data)
            await writer.drain()


async def test_recover_against_the_embedded_server_at_many_places() -> None:
    """Cut after more and more bytes of a real stream, the answer is always the same text, once, and ends well."""
    async with AssistantsServer(pace=0.001, seed=1, chunk=64) as server:
        port = int(server.base_url.rpartition(":")[2].partition("/")[0])
        recovered = 0
        for after in range(2500, 12000, 271):
            cutter = Cutter(port, after)
            async with cutter.listen() as url, AssistantsClient(base_url=url, api_key="k") as client:
                thread = await client.threads.create(messages=[{"role": "user", "content": "a b c d é😀 f"}])
                assistant = await client.assistants.create(model="m")
                call = client.runs.create(thread, assistant_id=assistant.id)
                async with call.stream(recover=True) as channel:
                    text = "".join([text async for text in channel.text()])
                    final = await channel.final_run()
                assert (text, final.status) == ("Echo: a b c d é😀 f", "completed")
                assert cutter.posts == 1
                assert [item.id async for item in client.runs.list(thread)] == [final.id]
                recovered += cutter.cut
        assert recovered > 10
