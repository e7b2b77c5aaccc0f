"""One request in the hands of a fault: what it can do to whoever sent it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

import msgspec

from .http import LIMIT, Answer, Head, Seen, body_pieces, read_answer_head

Parameter = int | float | str


class Exchange:
    """A request and the connection it came over.

    When the client leaves, whatever waits here is cancelled.
    """

    def __init__(
        self,
        seen: Seen,
        head: Head,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        behind: tuple[str, int],
    ) -> None:
        self.seen = seen
        """The request."""
        self.parameters: Mapping[str, Parameter] = {}
        """Those of the fault that is being played."""
        self.earlier = 0
        """The number of requests over this connection before this one."""
        self.target: str | None = None
        """The target to request from the server in place of the client's."""
        self._head = head
        self._body: list[bytes] = []
        self._reader = reader
        self._writer = writer
        self._behind = behind

    def number(self, name: str) -> float:
        """A parameter that is a number."""
        return float(self.parameters[name])

    def text(self, name: str) -> str:
        """A parameter as text."""
        return str(self.parameters[name])

    @property
    def address(self) -> str:
        """Host and port that the client has connected to."""
        host, port = self._writer.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    # The request

    async def read_body(self) -> None:
        """Read the whole body of the request; a client that asks whether it may send it gets a yes."""
        if "expect" in self._head.headers:
            await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        contents: list[bytes] = []
        async for raw, content in body_pieces(self._reader, self._head):
            self._body.append(raw)
            contents.append(content)
        self.seen.body = b"".join(contents)

    async def read_some(self) -> None:
        """Read a first piece of the body and no more; nothing where there is none."""
        if self._head.chunked or self._head.length:
            await self._reader.read(LIMIT)

    async def drop_body(self) -> None:
        """Read what the client sends until it leaves, and forget it."""
        while await self._reader.read(LIMIT):
            pass

    # The server behind

    @contextlib.asynccontextmanager
    async def _asked(self) -> AsyncGenerator[tuple[asyncio.StreamReader, Head], None]:
        reader, writer = await asyncio.open_connection(*self._behind, limit=LIMIT)
        try:
            raw = self._head.raw
            if self.target is not None:
                raw = raw.replace(self.seen.target.encode("latin-1"), self.target.encode("latin-1"), 1)
            writer.write(raw + b"".join(self._body))
            yield reader, await read_answer_head(reader)
        finally:
            writer.transport.abort()

    async def answer(self) -> Answer:
        """Let the server act on the request, and return its whole answer."""
        async with self._asked() as (reader, head):
            return Answer.of(head, b"".join([content async for _, content in body_pieces(reader, head)]))

    async def forward(self) -> None:
        """Pass the request on, and its answer back as it comes, to the byte."""
        async with self._asked() as (reader, head):
            await self.send(head.raw)
            async with contextlib.aclosing(body_pieces(reader, head)) as pieces:
                async for raw, _ in pieces:
                    await self.send(raw)

    # The client

    async def send(self, data: bytes) -> None:
        """Put bytes on the wire now; waits for a client that does not read."""
        self._writer.write(data)
        await self._writer.drain()

    async def wait(self) -> None:
        """Wait for the parameter `ms`."""
        await asyncio.sleep(self.number("ms") / 1000)

    async def forever(self) -> None:
        """Do nothing more until the client leaves."""
        await asyncio.Event().wait()

    def close(self) -> None:
        """Close the connection in good order."""
        self._writer.close()

    def reset(self) -> None:
        """Cut the connection with a RST, as a crashed server or a proxy does."""
        # Lingering for no time is what makes it one.
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Play = Callable[[Exchange], Awaitable[None]]
"""The function by which a fault answers a request."""


class Fault(msgspec.Struct, frozen=True):
    """A misbehaviour of a server, with its settings; `FAULTS` has those that can be asked for by name."""

    name: str
    play: Play
    """An async function of an `Exchange`. A connection that it leaves open serves the next request."""
    parameters: Mapping[str, Parameter] = {}
    """Its settings and their values."""
    times: int | None = None
    """The number of requests it is played to; the others are passed on. None for all."""
    early: bool = False
    """True where it is played at the head of the request, the body unread."""

    def given(self, **parameters: Parameter) -> Fault:
        """Make one with other settings; `n` is its `times`. Raises `ValueError` for those it has not."""
        times = parameters.pop("n", self.times)
        new = {name: _read(self, name, value) for name, value in parameters.items()}
        if times is not None:
            times = _whole(self, times)
        return msgspec.structs.replace(self, parameters={**self.parameters, **new}, times=times)


def _read(fault: Fault, name: str, value: Parameter) -> Parameter:
    default = fault.parameters.get(name)
    if default is None:
        known = ", ".join([*fault.parameters, "n"])
        raise ValueError(f"the fault {fault.name} has no parameter {name!r}, it has {known}")
    if isinstance(default, str):
        return str(value)
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError(f"the fault {fault.name} wants a number from 0 as {name}, not {value!r}")
    return number


def _whole(fault: Fault, value: Parameter) -> int:
    text = str(value)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"the fault {fault.name} wants a number from 1 as n, not {value!r}")
    return int(text)
