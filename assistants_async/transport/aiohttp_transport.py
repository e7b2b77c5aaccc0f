"""Sending one request over aiohttp: the only module that knows it, and it imports it on first use."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeGuard

import msgspec

from .._typing import override
from ..core.requests.options import Timeout
from ..core.requests.request import PreparedRequest, SentHeaders
from ..errors import ConnectFailedError, ConnectionLostError, TimedOutError, TransportError
from ..response import Headers
from .connection_use import ConnectionUse, connection_use
from .decompressed import decompressed
from .interface import RawResponse

if TYPE_CHECKING:
    import ssl as ssl_module

    import aiohttp
    from yarl import URL


_SKIPPED = ("Content-Type",)
"""Headers that aiohttp must not make up: a body has the type that it was written with."""


class AiohttpTransport:
    """The transport over an `aiohttp.ClientSession`: one made on first use, or one borrowed and never closed."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession | None = None,
        max_connections: int = 100,
        ssl: ssl_module.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
    ) -> None:
        self._borrowed = session
        self._connector: aiohttp.BaseConnector | None = None
        # Two sessions of our own on one connector, each made on first use. One has the headers of a request that adds
        # none: aiohttp copies those as they are, and would merge any that it is given one by one.
        self._usual: Mapping[str, str] | None = None
        self._usual_session: aiohttp.ClientSession | None = None
        self._session: aiohttp.ClientSession | None = None
        self._max_connections = max_connections
        self._ssl = ssl
        self._proxy = proxy
        self._trust_env = trust_env
        self._url: type[URL] | None = None
        # The limits of the last call, in both forms: nearly every call has the same.
        self._timeout: Timeout | None = None
        self._limits: aiohttp.ClientTimeout | None = None

    def start(self, headers: Mapping[str, str] | None) -> None:
        """Import aiohttp."""
        from . import pool as _  # noqa: F401  # what it imports is what takes the time

        self._usual = headers

    async def open(self, outgoing: PreparedRequest, timeout: Timeout) -> RawResponse:
        """Send with aiohttp, redirects off, and translate whatever it raises."""
        session, headers = self._session_for(outgoing.headers)
        body = outgoing.body
        if self._url is None or timeout is not self._timeout:
            self._prepare(timeout)
        assert self._url is not None
        link = ConnectionUse(outgoing.new_connection)
        connection_use.set(link)
        started = time.monotonic()
        try:
            response = await session.request(
                outgoing.method,
                self._url(outgoing.url, encoded=True),
                data=body if body is None or isinstance(body, bytes) else body.chunks(),
                headers=headers,
                skip_auto_headers=None if self._borrowed is None else _SKIPPED,
                allow_redirects=False,
                timeout=self._limits,
                proxy=self._proxy,
            )
        except BaseException as error:  # noqa: BLE001  # raised again, but for the transport's own
            if not _is_transport(error):
                # As it is, but without aiohttp's frames: they hold the headers, and tracebacks may show locals.
                raise error.with_traceback(None)  # noqa: B904  # the same error
            waited = time.monotonic() - started
            failure, cause = _translate(error, timeout, waited), _shown(error)
            if link.reused and isinstance(failure, ConnectionLostError) and _is_unanswered(error):
                failure.stale = True
        else:
            if "Content-Encoding" not in response.headers and response.status != 101:
                return _AiohttpResponse(response.status, response)
            return _unusual(response, done=session.auto_decompress)
        if body is not None and not isinstance(body, bytes) and body.failure is not None:
            raise body.failure  # the file's or the callback's own error, which aiohttp had wrapped
        # Raised here and not in the handler: aiohttp's error would stay as the context, and shows request headers.
        raise failure from cause

    async def close(self) -> None:
        """Close every connection that this transport made."""
        connector, self._connector = self._connector, None
        sessions, self._session, self._usual_session = (self._session, self._usual_session), None, None
        for session in sessions:
            if session is not None:
                await session.close()
        if connector is not None:
            await connector.close()

    def _session_for(self, headers: SentHeaders) -> tuple[aiohttp.ClientSession, SentHeaders | None]:
        """The session that sends a request, and the headers that it has to be given."""
        usual = self._usual
        if self._borrowed is not None:
            return self._borrowed, headers
        if headers is usual:
            return self._usual_session or self._make(usual), None
        if usual is not None and "content-type" in headers:
            added = SentHeaders()
            for name, value in headers.items():
                if usual.get(name) is not value:
                    added[name] = value
            if len(headers) - len(added) == len(usual):  # none of the usual is left out, or another
                return self._usual_session or self._make(usual), added
        return self._session or self._make(None), headers

    def _make(self, usual: Mapping[str, str] | None) -> aiohttp.ClientSession:
        import aiohttp

        from .pool import Connector

        if self._connector is None:
            self._connector = Connector(limit=self._max_connections, ssl=True if self._ssl is None else self._ssl)
        session = aiohttp.ClientSession(
            connector=self._connector,
            connector_owner=False,
            headers=usual,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self._trust_env,
            auto_decompress=False,
            # What has the usual headers has no body whose type aiohttp could make up, or tells its type.
            skip_auto_headers=_SKIPPED if usual is None else None,
        )
        # aiohttp would send a GET or DELETE a second time by itself, unseen by the retry policy. It has no public
        # switch for that (its issue 10790); its own test client sets the same.
        session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        if usual is None:
            self._session = session
        else:
            self._usual_session = session
        return session

    def _prepare(self, timeout: Timeout) -> None:
        import aiohttp
        from yarl import URL

        self._url = URL
        # Head, idle and total are the session manager's: it knows which one passed, and mocks keep to them too.
        self._limits = aiohttp.ClientTimeout(
            total=None, connect=timeout.pool, sock_connect=timeout.connect, ceil_threshold=float("inf")
        )
        self._timeout = timeout


class _AiohttpResponse(msgspec.Struct, eq=False):
    status: int
    _response: aiohttp.ClientResponse

    @override
    def __repr__(self) -> str:
        return f"<exchange {self.status}>"  # what the server said may be told to nobody

    @property
    def reason(self) -> str:
        return self._response.reason or ""

    @property
    def headers(self) -> Headers:
        return Headers(self._response.headers.items())

    def read_all_nowait(self) -> bytes | None:
        content = self._response.content
        return content.read_nowait() if content.is_eof() and content.exception() is None else None

    def read_nowait(self) -> bytes | None:
        content = self._response.content
        if content.exception() is not None:
            return None
        return b"" if content.at_eof() else content.read_nowait() or None

    async def read(self) -> bytes:
        try:
            return await self._response.content.readany()
        except Exception as error:
            if not _is_transport(error):
                raise
            cause = _shown(error)
        raise ConnectionLostError("the connection broke inside the body", maybe_processed=True) from cause

    def close(self) -> None:
        if self._response.connection is not None:  # which is back in the pool after the end of the body
            self._response.close()


def _unusual(response: aiohttp.ClientResponse, *, done: bool) -> RawResponse:
    """An answer that was not asked for in this form; refuses one that cannot be read."""
    exchange = _AiohttpResponse(response.status, response)
    coding = exchange.headers.get("content-encoding", "identity")
    try:
        if response.status == 101:
            raise ValueError("a switch of protocols, which was not asked for")  # noqa: TRY301  # as Inflater raises
        return exchange if done or coding.lower() == "identity" else decompressed(exchange, coding)
    except ValueError as error:
        exchange.close()
        failure = ConnectionLostError(f"the server sent {error}", maybe_processed=True)
    failure.permanent = True
    raise failure


def _is_transport(error: BaseException) -> TypeGuard[Exception]:
    import aiohttp

    return isinstance(error, (aiohttp.ClientError, TimeoutError, OSError))


def _translate(error: Exception, timeout: Timeout, waited: float) -> TransportError:
    import aiohttp

    match error:
        case aiohttp.ConnectionTimeoutError():
            # aiohttp raises the same for both; the pool's limit spans the wait and the connecting.
            if timeout.connect is None or (timeout.pool is not None and waited >= timeout.pool):
                return TimedOutError("pool", timeout.pool or waited)
            return TimedOutError("connect", timeout.connect)
        case TimeoutError():  # a limit that is not ours: of a proxy, a mock or a session that was lent
            return TimedOutError("total", timeout.total or waited, maybe_processed=True)
        case aiohttp.ClientConnectorCertificateError():
            failure = ConnectFailedError("the server's certificate is not trusted, or is for another name")
            failure.permanent = True
            return failure
        case aiohttp.ClientConnectorError():
            return ConnectFailedError(f"cannot connect to {error.host}:{error.port}: {_reason(error.os_error)}")
        case aiohttp.InvalidURL():  # of the proxy: the base URL has been checked, and paths are made here
            failure = ConnectFailedError("cannot connect: the URL of the proxy is none")
            failure.permanent = True
            return failure
        case aiohttp.ServerDisconnectedError():
            return ConnectionLostError("the server closed the connection before it answered", maybe_processed=True)
        case aiohttp.ClientResponseError():
            return ConnectionLostError("the server's answer is not HTTP", maybe_processed=True)
        case _:
            return ConnectionLostError(f"the connection broke: {_reason(error)}", maybe_processed=True)


def _is_unanswered(error: Exception) -> bool:
    """Whether the connection was cut before a byte of an answer: aiohttp keeps what it had of one as the message."""
    import aiohttp

    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)
    return isinstance(error, aiohttp.ClientOSError)


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text or type(error).__name__


def _shown(error: Exception) -> Exception | None:
    """The cause to chain: without the frames, whose locals hold the headers, and not where its repr shows them."""
    import aiohttp

    if isinstance(error, aiohttp.ClientResponseError):
        return None
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)
