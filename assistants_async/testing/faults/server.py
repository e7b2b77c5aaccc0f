"""A server of faults in front of the embedded server; requests without a fault are passed on."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from random import Random
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from ..._typing import override
from .exchange import Exchange, Fault, Play
from .http import LIMIT, Answer, Seen, read_head
from .rules import Rule
from .table import requested

_log = logging.getLogger(__name__)

_Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]

HEADER = "x-fault"
"""The request header that chooses a fault: a name, then parameters, as in `sse_stall; events=3`."""


class Server(Protocol):
    """The server behind: an `AssistantsServer`, or the fixture's."""

    @property
    def base_url(self) -> str:
        """The base URL."""
        ...


class FaultyServer:
    """An embedded server that misbehaves by rules, on its own loopback port.

    A request without a matching rule and without an `x-fault` header is passed on, and its answer back, byte by byte.
    Requests are read whole before they are handled, except for faults that leave bodies unread. Enter it while the
    server runs.
    """

    def __init__(self, server: Server, rules: Iterable[Rule] = (), *, seed: int = 0, port: int = 0) -> None:
        """Set up a server in front of another; rules draw their chances by `seed`, and port 0 takes a free one."""
        self.seen: list[Seen] = []
        """Every request, oldest first, once its head has arrived."""
        self.connections = 0
        """The number of all connections so far."""
        self._rules = list(rules)
        self._server = server
        self._port = port
        self._random = Random(seed)  # noqa: S311  # a repeatable choice, no secret
        self._requested: Counter[str] = Counter()
        self._links: set[_Link] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._behind = ("", 0)
        self._listener: asyncio.Server | None = None
        self._base_url: str | None = None

    @property
    def base_url(self) -> str:
        """The base URL for clients."""
        if self._base_url is None:
            raise RuntimeError("the server has no address before it is entered")
        return self._base_url

    @property
    def open_connections(self) -> int:
        """The number of open connections; a cut one is counted until the event loop notices the cut."""
        return len(self._links)

    @property
    def rules(self) -> Sequence[Rule]:
        """The rules in order: the first that takes a request plays its fault."""
        return tuple(self._rules)

    def add(self, rule: Rule | str | Fault | Play, **conditions: Any) -> Rule:
        """Add a rule behind the others; a fault becomes a rule with the conditions, which are those of `Rule`."""
        if not isinstance(rule, Rule):
            rule = Rule(rule, **conditions)
        elif conditions:
            raise TypeError("a Rule has its own conditions: give conditions with a fault, or a Rule alone")
        self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Remove a rule; raises `ValueError` for a rule that was not added."""
        self._rules.remove(rule)

    async def __aenter__(self) -> Self:
        parts = urlsplit(self._server.base_url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._behind = (parts.hostname, parts.port)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: _Link(self._links, self._empty, self._serve), "127.0.0.1", self._port
        )
        host, port = self._listener.sockets[0].getsockname()
        self._base_url = f"http://{host}:{port}{parts.path}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._listener is not None
        self._listener.close()
        # A copy: a link leaves the set when its connection is lost.
        links = tuple(self._links)
        for link in links:
            link.cut()
        await self._empty.wait()
        await asyncio.gather(*(link.serving for link in links if link.serving is not None), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end; cancelled when the client leaves."""
        self.connections += 1
        number = self.connections
        earlier = 0
        # Without a buffer `drain` waits for the kernel to take all bytes, which it delivers even before a reset.
        writer.transport.set_write_buffer_limits(0)
        try:
            while True:
                head = await read_head(reader)
                method, target, _ = head.first
                seen = Seen(method=method, target=target, headers=head.headers, connection=number)
                # Before the body, which a fault may leave unread.
                self.seen.append(seen)
                exchange = Exchange(seen, head, reader, writer, self._behind)
                exchange.earlier = earlier
                earlier += 1
                if not await self._play(exchange) or writer.is_closing():
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except Exception:  # noqa: BLE001  the last line of defence: the test's server goes on
            _log.exception("a fault failed")
        finally:
            writer.close()

    async def _play(self, exchange: Exchange) -> bool:
        """Answer one request; return False where its body is unread, so that the connection cannot serve another."""
        fault = self._fault(exchange.seen)
        if fault is None or not fault.early:
            await exchange.read_body()
        if fault is None:
            await exchange.forward()
            return True
        exchange.seen.fault = fault.name
        exchange.parameters = fault.parameters
        await fault.play(exchange)
        return not fault.early

    def _fault(self, seen: Seen) -> Fault | None:
        """Return the fault of a request: that of its header, otherwise that of the first rule that takes it."""
        text = seen.headers.get(HEADER)
        if text is not None:
            try:
                fault = requested(text)
            except ValueError as error:
                return Fault(HEADER, _refusal(str(error)))
            # Requests with the same text share one count; a parameter `id` gives a request its own.
            self._requested[text] += 1
            return fault if fault.times is None or self._requested[text] <= fault.times else None
        return next((rule.fault for rule in self._rules if rule.takes(seen, self._random)), None)


def _refusal(text: str) -> Play:
    async def refuse(exchange: Exchange) -> None:
        error = {"message": text, "type": "invalid_request_error", "param": HEADER, "code": None}
        await exchange.send(Answer.json(400, {"error": error}).whole)

    return refuse


class _Link(asyncio.StreamReaderProtocol):
    """One connection; its task is cancelled at once when the client leaves."""

    def __init__(self, links: set[_Link], empty: asyncio.Event, serve: _Serve) -> None:
        super().__init__(asyncio.StreamReader(limit=LIMIT), self._begin)
        self._links = links
        self._empty = empty
        self._serve = serve
        self.serving: asyncio.Task[None] | None = None
        """The task that serves the connection."""

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._links.add(self)
        self._empty.clear()
        self._abort = writer.transport.abort
        self.serving = asyncio.get_running_loop().create_task(self._serve(reader, writer))

    def cut(self) -> None:
        """Cut the connection."""
        self._abort()

    @override
    def eof_received(self) -> bool:
        super().eof_received()
        self._stop()
        return False  # lets the transport close itself

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop()
        self._links.discard(self)
        if not self._links:
            self._empty.set()

    def _stop(self) -> None:
        assert self.serving is not None
        self.serving.cancel()
