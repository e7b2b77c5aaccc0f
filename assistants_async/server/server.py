"""The embedded server: the application on a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from ..core.requests.endpoint import ProtocolVersion
from .app import API
from .engine.echo import EchoResponder
from .engine.responder import Responder
from .engine.turn import Dialect
from .request_log import RequestRecord
from .requests.access import is_loopback
from .requests.connection import Connection
from .requests.context import Settings, State
from .storage.interface import Store

# Seconds that a request under way may still take when the server closes.
_GRACE = 0.05
# Seconds in which a client that still sends can read its refusal.
_LINGER = 2.0
# Connections that may wait to be accepted: what finds no room among them is tried again by the system, a second later.
_BACKLOG = 1024


class AssistantsServer:
    """Serves the Assistants protocol, v1 and v2, over HTTP; its objects live in memory, or in another store.

    Enter it, or call `start` and `close`. One server can be started once.
    """

    def __init__(
        self,
        *,
        responder: Responder | None = None,
        protocol: ProtocolVersion = "v2",
        api_key: str | None = None,
        seed: int | str | None = None,
        pace: float = 0.005,
        clock: Callable[[], float] = time.time,
        chunk: int | None = None,
        speed: float = 0.0,
        keepalive: float = 15.0,
        max_file_bytes: int = 512 * 2**20,
        max_store_bytes: int = 2**30,
        record_bodies: bool = False,
        allow_hosts: Sequence[str] = (),
        cors: Sequence[str] = (),
        head_timeout: float = 10.0,
        run_expiry: float = 600.0,
        store: Store | None = None,
        concurrency: int | None = None,
        grace: float = 0.0,
        dialect: Dialect | None = None,
        page: bool = False,
        strict: bool = False,
    ) -> None:
        """Configure a server.

        Args:
            responder: The function that answers runs; `EchoResponder()` where None.
            protocol: The version of requests that name none in `OpenAI-Beta`.
            api_key: The key that requests must carry, as a bearer token or in the header `api-key`. None lets in every
                program that reaches the server, and no web page.
            seed: Makes all ids, `x-request-id` too, the same each time.
            pace: Seconds for which a run stays `queued`, `in_progress` before its answer, and `cancelling`.
            clock: Seconds since 1970, for all time stamps and expiries; the server notices a jump at once.
            chunk: Bytes of each write of a stream, even mid-event; None writes all ready events at once.
            speed: Seconds between the tokens of a message or of arguments.
            keepalive: Seconds of silence on a stream after which a comment line is sent.
            max_file_bytes: Cap on an uploaded file.
            max_store_bytes: Cap on all stored objects together, as an estimate; past it, creates get a 507.
            record_bodies: Keeps the bodies of the latest requests for `requests`, up to 1 MiB in all.
            allow_hosts: Names by which a server without a key may be reached besides `localhost` and the addresses of
                this machine's loopback.
            cors: Origins, such as `"http://localhost:3000"`, of web pages that may send requests.
            head_timeout: Seconds for the head of a request; after them the server cuts the connection.
            run_expiry: Seconds after which a run that has not ended expires.
            store: The store of all objects; None for this process's memory.
            concurrency: Number of runs that are answered at the same time, while others stay queued; None for all.
            grace: Seconds in which runs may still end when the server closes.
            dialect: `"foundry"` for Microsoft Foundry's form of the protocol: its paths, an `api-version` in every
                query, its members of requests, and approvals of MCP calls. None for the vendor's form.
            page: Answers `GET /` with a page for a browser, which shows threads and runs and has a playground.
            strict: True: a word that no document has is refused, such as the tool type `"funtion"`, where a server may
                have words of its own and so takes any.

        Raises `ValueError` for a setting out of its range.
        """
        self._state = State(
            Settings(
                responder=EchoResponder() if responder is None else responder,
                protocol=protocol,
                api_key=api_key,
                seed=seed,
                pace=pace,
                clock=clock,
                chunk=chunk,
                speed=speed,
                keepalive=keepalive,
                max_file_bytes=max_file_bytes,
                max_store_bytes=max_store_bytes,
                record_bodies=record_bodies,
                allow_hosts=tuple(allow_hosts),
                cors=tuple(cors),
                head_timeout=head_timeout,
                run_expiry=run_expiry,
                concurrency=concurrency,
                grace=grace,
                dialect=dialect,
                strict=strict,
            ),
            store,
        )
        self._api = API(self._state, page=page)
        self._api.app.on_startup.append(self._open)
        self._api.app.on_shutdown.append(self._shut_down)
        self._api.app.on_cleanup.append(self._clean_up)
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None
        self._base_url: str | None = None

    @property
    def app(self) -> web.Application:
        """The application, to run or mount elsewhere instead of starting this server."""
        return self._api.app

    @property
    def dialect(self) -> Dialect | None:
        """The form of the protocol that it serves; None for the vendor's."""
        return self._state.settings.dialect

    @property
    def base_url(self) -> str:
        """The base URL for clients, such as `"http://127.0.0.1:8080/v1"`; in Foundry's form it ends in a project."""
        if self._base_url is None:
            raise RuntimeError("the server has no address before start()")
        return self._base_url

    @property
    def requests(self) -> Sequence[RequestRecord]:
        """The latest 1,000 requests, oldest first; the request of a stream is listed once its answer begins.

        They have bodies with `record_bodies=True`.
        """
        return self._api.requests.records

    async def problem(self) -> str | None:
        """Return the reason why runs cannot be answered now, as `/readyz` gives it; None where they can."""
        return await self._api.health.problem()

    def reset(self) -> None:
        """Forget every object and request, and cut all streams; with a seed, ids start from the first again."""
        self._state.reset()
        self._api.requests.clear()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on a port; 0 takes a free one.

        Raises `ValueError` for an address that other machines can reach, unless there is an `api_key`.
        """
        if self._runner is not None:
            raise RuntimeError("the server was started before; make a new one")
        if self._state.settings.api_key is None and not is_loopback(host):
            raise ValueError(f"{host!r} can be reached by others: give an api_key, or listen on 127.0.0.1")
        # No `auto_decompress`: bodies are unpacked where they are read, so that a refused body never is.
        self._runner = web.AppRunner(
            self.app,
            handle_signals=False,
            access_log=None,
            shutdown_timeout=_GRACE,
            auto_decompress=False,
            lingering_time=_LINGER,
        )
        await self._runner.setup()
        try:
            self._listener = await asyncio.get_running_loop().create_server(self._connect, host, port, backlog=_BACKLOG)
        except BaseException:
            await self._runner.cleanup()
            raise
        self._base_url = f"http://{_reachable(host)}:{self._listener.sockets[0].getsockname()[1]}{self._api.prefix}"

    async def close(self) -> None:
        """Stop listening and end all requests and runs; a second call does nothing."""
        if self._listener is not None:
            self._listener.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        if self._runner is None:
            await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _connect(self) -> asyncio.Protocol:
        assert self._runner is not None
        assert self._runner.server is not None
        return Connection(self._runner.server(), self._state.settings.head_timeout)

    async def _open(self, _app: web.Application) -> None:
        await self._state.open()

    async def _shut_down(self, _app: web.Application) -> None:
        await self._state.shut_down()

    async def _clean_up(self, _app: web.Application) -> None:
        # Once more: a request that was under way at the first call may have started another run.
        await self._state.shut_down()
        await self._state.store.close()


def _reachable(host: str) -> str:
    # A socket on all addresses is reached by the loopback address; a URL has an IPv6 address in brackets.
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared with, not listened on
    return f"[{name}]" if ":" in name else name
