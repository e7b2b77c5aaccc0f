"""One request and its connection, as a fault handles them."""

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
    """A request and its connection; a waiting fault is cancelled when the client leaves."""

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
        """The parameters of the fault."""
        self.earlier = 0
        """The number of earlier requests over this connection."""
        self.target: str | None = None
        """The target to send to the server in place of the client's."""
        self._head = head
        self._body: list[bytes] = []
        self._reader = reader
        self._writer = writer
        self._behind = behind

    def number(self, name: str) -> float:
        """Return a parameter as a number."""
        return float(self.parameters[name])

    def text(self, name: str) -> str:
        """Return a parameter as text."""
        return str(self.parameters[name])

    @property
    def address(self) -> str:
        """The host and port of the client's connection."""
        host, port = self._writer.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    # The request

    async def read_body(self) -> None:
        """Read the whole body of the request; a client that expects a `100 Continue` gets it."""
        if "expect" in self._head.headers:
            await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        contents: list[bytes] = []
        async for raw, content in body_pieces(self._reader, self._head):
            self._body.append(raw)
            contents.append(content)
        self.seen.body = b"".join(contents)

    async def read_some(self) -> None:
        """Read the first piece of a body and no more."""
        if self._head.chunked or self._head.length:
            await self._reader.read(LIMIT)

    async def drop_body(self) -> None:
        """Read and drop the client's data until it leaves."""
        while await self._reader.read(LIMIT):
            pass

    # The server behind

    @contextlib.asynccontextmanager
    async def _passed_on(self) -> AsyncGenerator[tuple[asyncio.StreamReader, Head], None]:
        reader, writer = await asyncio.open_connection(*self._behind, limit=LIMIT)
        try:
            raw = self._head.raw
            if self.target is not None:
                # Once: the request line comes before any header that repeats the target.
                raw = raw.replace(self.seen.target.encode("latin-1"), self.target.encode("latin-1"), 1)
            writer.write(raw + b"".join(self._body))
            yield reader, await read_answer_head(reader)
        finally:
            writer.transport.abort()

    async def answer(self) -> Answer:
        """Pass the request on, and return the server's whole answer."""
        async with self._passed_on() as (reader, head):
            return Answer.of(head, b"".join([content async for _, content in body_pieces(reader, head)]))

    async def forward(self) -> None:
        """Pass the request on, and pass the bytes of the answer back as they arrive."""
        async with self._passed_on() as (reader, head):
            await self.send(head.raw)
            async with contextlib.aclosing(body_pieces(reader, head)) as pieces:
                async for raw, _ in pieces:
                    await self.send(raw)

    # The client

    async def send(self, data: bytes) -> None:
        """Send bytes now; waits for a client that does not read."""
        self._writer.write(data)
        await self._writer.drain()

    async def wait(self) -> None:
        """Wait for the parameter `ms`."""
        await asyncio.sleep(self.number("ms") / 1000)

    async def forever(self) -> None:
        """Do nothing more until the client leaves."""
        await asyncio.Event().wait()

    def close(self) -> None:
        """Close the connection in the ordinary way."""
        self._writer.close()

    def reset(self) -> None:
        """Cut the connection with a RST, as a crashed server or a proxy does."""
        # A linger time of 0 makes the kernel send a RST.
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Play = Callable[[Exchange], Awaitable[None]]
"""The async function of a fault that answers a request."""


class Fault(msgspec.Struct, frozen=True):
    """A fault with its settings; `FAULTS` has those with a name."""

    name: str
    play: Play
    """An async function of an `Exchange`. A connection that it leaves open serves the next request."""
    parameters: Mapping[str, Parameter] = {}
    """The parameters and their values."""
    times: int | None = None
    """The number of requests that get the fault; later ones are passed on. None for all."""
    early: bool = False
    """True for a fault that plays after the head of the request, with the body unread."""

    def given(self, **parameters: Parameter) -> Fault:
        """Return the fault with other parameters; `n` sets `times`. Raises `ValueError` for an unknown one."""
        times = parameters.pop("n", self.times)
        new = {name: _read(self, name, value) for name, value in parameters.items()}
        if times is not None:
            times = _whole(self, times)
        return msgspec.structs.replace(self, parameters={**self.parameters, **new}, times=times)


def _read(fault: Fault, name: str, value: Parameter) -> Parameter:
    default = fault.parameters.get(name)
    if default is None:
        known = ", ".join([*fault.parameters, "n"])
        raise ValueError(f"the fault {fault.name} has no parameter {name!r}; it has {known}")
    if isinstance(default, str):
        return str(value)
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError(f"the fault {fault.name} takes a number from 0 as {name}, not {value!r}")
    return number


def _whole(fault: Fault, value: Parameter) -> int:
    text = str(value)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"the fault {fault.name} takes a whole number from 1 as n, not {value!r}")
    return int(text)
