"""Sending one request over aiohttp. Importing this module imports aiohttp, so the session does that on first use."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from yarl import URL

from .._typing import override
from ..core.requests.options import Timeout
from ..core.requests.request import PreparedRequest, SentHeaders, StreamingBody, shows_secret
from ..errors import ConnectFailedError, ConnectionLostError, TransportError
from ..response import Headers
from .connection_use import ConnectionUse, connection_use
from .decompressed import decompressed
from .failures import cause_of, is_transport_error, translated
from .interface import RawResponse
from .lent_session import default_proxy, middlewares_of, takes_middlewares
from .pool import Connector, limits_of, new_session
from .proxies import environment_proxy, proxy_url, refuse_clear_text

if TYPE_CHECKING:
    import ssl as ssl_module

# Headers that aiohttp must not make up: a body has the type that it was written with.
_SKIPPED = ("Content-Type",)

# As aiohttp spells it: a name that it knows already is not put into lower case for each answer.
_CODING = aiohttp.hdrs.CONTENT_ENCODING

_NOTHING: dict[str, Any] = {}

_LARGE = 2**20
"""Bytes of a body from which on aiohttp wants it as a file, of which it writes a piece at a time."""

MAX_HEADER = 8190
"""Bytes of one header line of an answer: aiohttp's own limit."""


class AiohttpTransport:
    """The transport over an `aiohttp.ClientSession`: one made on first use, or one borrowed and never closed."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession | None = None,
        max_connections: int = 100,
        max_header_bytes: int = MAX_HEADER,
        ssl: ssl_module.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
    ) -> None:
        self._borrowed = session
        self._connector: Connector | None = None
        # Two sessions of our own on one connector, each made on first use: one has the headers of a request that adds
        # none, which aiohttp copies as they are, where it would merge any that it is given one by one. Worth 5 % of a
        # GET (12 of its 281 calls, 2026-11).
        self._usual: Mapping[str, str] | None = None
        self._usual_session: aiohttp.ClientSession | None = None
        self._session: aiohttp.ClientSession | None = None
        self._max_connections = max_connections
        self._max_header_bytes = max_header_bytes
        self._ssl = ssl
        self._proxy = proxy or (None if session is None else default_proxy(session))
        self._trust_env = trust_env if session is None else session.trust_env
        self._has_proxy = self._proxy is not None or self._trust_env
        self._proxies: dict[tuple[str, str], str | None] = {}
        # The limits of the last call, in both forms: nearly every call has the same.
        self._timeout: Timeout | None = None
        self._limits: aiohttp.ClientTimeout | None = None

    def start(self, headers: Mapping[str, str] | None) -> None:
        """Take the headers of a request that adds none."""
        # With a proxy, none: aiohttp would send the headers of a session to the proxy as well.
        self._usual = None if self._has_proxy else headers

    async def open(self, outgoing: PreparedRequest, timeout: Timeout) -> RawResponse:
        """Send with aiohttp, redirects off, and translate whatever it raises."""
        body = outgoing.body
        if timeout is not self._timeout:
            self._limits, self._timeout = limits_of(timeout), timeout
        url = URL(outgoing.url, encoded=True)
        proxy = self._proxy_of(url, outgoing.headers) if self._has_proxy else None
        session, headers = self._session_for(outgoing)
        use = ConnectionUse(outgoing.new_connection, body is not None)
        more = _NOTHING if self._borrowed is None else _lent(self._borrowed, use, proxy)
        # By a context variable: aiohttp gives a connector no other way to know whose request it serves.
        connection_use.set(use)
        clock = asyncio.get_running_loop().time  # the one that aiohttp's limits go by
        started = clock()
        try:
            response = await session.request(
                outgoing.method,
                url,
                data=body if body is None or (type(body) is bytes and len(body) <= _LARGE) else _payload(body),
                headers=headers,
                skip_auto_headers=None if self._borrowed is None else _SKIPPED,
                allow_redirects=False,
                timeout=self._limits,
                proxy=proxy,
                **more,
            )
        except BaseException as error:  # noqa: BLE001  # raised again, but for the transport's own
            # Whatever state the connection is in, nothing may be read from it as the answer to another request.
            use.abort()
            if (found := translated(error, use, timeout, clock() - started)) is None:
                # As it is, but without aiohttp's frames: they have the headers, and tracebacks may show locals.
                raise error.with_traceback(None)  # noqa: B904  # the same error
            failure, cause = found
        else:
            if _CODING not in response.headers and response.status != 101:
                return _AiohttpResponse(response.status, response, use)
            return _unusual(response, use, done=session.auto_decompress)
        if body is not None and not isinstance(body, bytes) and body.failure is not None:
            raise body.failure  # the file's or the callback's own error, which aiohttp had wrapped
        # Raised here and not in the handler: aiohttp's error would stay as the context, and shows request headers.
        raise failure from cause

    def connections(self) -> Mapping[str, int]:
        """Count the open connections, active and idle; empty for those of a lent session."""
        return {} if self._connector is None else self._connector.counts()

    async def close(self) -> None:
        """Close every connection that this transport made."""
        connector, self._connector = self._connector, None
        sessions, self._session, self._usual_session = (self._session, self._usual_session), None, None
        for session in sessions:
            if session is not None:
                await session.close()
        if connector is not None:
            await connector.close()

    def _proxy_of(self, url: URL, headers: Mapping[str, str]) -> str | None:
        """Choose the proxy of a request; refuses one that cannot be used, or that would read a key."""
        place = (url.scheme, url.host or "")
        try:
            if place not in self._proxies:
                known = self._proxy
                self._proxies[place] = environment_proxy(*place) if known is None else proxy_url(known, "proxy")
            proxy = self._proxies[place]
            if proxy is not None and any(map(shows_secret, headers)):
                refuse_clear_text(url.scheme)
        except ValueError as error:
            failure = ConnectFailedError(str(error))
        else:
            return proxy
        failure.permanent = True
        raise failure

    def _session_for(self, outgoing: PreparedRequest) -> tuple[aiohttp.ClientSession, SentHeaders | None]:
        """Choose the session that sends a request, and the headers that it has to be given."""
        usual, headers = self._usual, outgoing.headers
        if self._borrowed is not None:
            return self._borrowed, headers
        if usual is not None:
            known = outgoing.added_headers
            if known is not None and ("content-type" in known or not known):
                return self._usual_session or self._make(usual), known or None
            if known is None and "content-type" in headers:
                added = SentHeaders()
                for name, value in headers.items():
                    if usual.get(name) is not value:
                        added[name] = value
                if len(headers) - len(added) == len(usual):  # none of the usual is left out, or another
                    return self._usual_session or self._make(usual), added
        return self._session or self._make(None), headers

    def _make(self, usual: Mapping[str, str] | None) -> aiohttp.ClientSession:
        if self._connector is None:
            self._connector = Connector(limit=self._max_connections, ssl=True if self._ssl is None else self._ssl)
        # A request with the usual headers has no body, or a header with its type: aiohttp has none to guess.
        skipped = _SKIPPED if usual is None else None
        session = new_session(self._connector, usual, self._max_header_bytes, skipped)
        if usual is None:
            self._session = session
        else:
            self._usual_session = session
        return session


def _lent(session: aiohttp.ClientSession, use: ConnectionUse, proxy: str | None) -> dict[str, Any]:
    """Make the arguments that only a request over a lent session has."""
    if takes_middlewares(session):
        return {"middlewares": middlewares_of(session, use)}
    if proxy is not None and session.headers:  # pragma: no cover  # aiohttp before 3.12
        failure = ConnectFailedError("aiohttp would send the lent session's headers to its proxy: use aiohttp 3.12")
        failure.permanent = True
        raise failure
    return {}  # pragma: no cover  # the same


class _AiohttpResponse(msgspec.Struct, eq=False):
    status: int
    _response: aiohttp.ClientResponse
    _use: ConnectionUse

    @override
    def __repr__(self) -> str:
        return f"<RawResponse {self.status}>"  # no word of the server's, which may echo the key

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

    def read(self) -> Awaitable[bytes]:
        # No coroutine around aiohttp's own, and no handler: 2 % of a live event (2026-11).
        return self._response.content.readany()

    def translated(self, error: BaseException) -> TransportError | None:
        if not is_transport_error(error):
            return None
        failure = ConnectionLostError("the connection broke inside the body", maybe_processed=True)
        failure.__cause__ = cause_of(error)
        return failure

    def close(self) -> None:
        if self._response.connection is None:  # back in the pool after the end of the body
            if self._use.has_body:
                self._use.abort_if_unsent()
        else:
            self._response.close()
            self._use.abort()


def _unusual(response: aiohttp.ClientResponse, use: ConnectionUse, *, done: bool) -> RawResponse:
    """Undo the compression of an answer, which no request wants; refuses one that cannot be read."""
    raw = _AiohttpResponse(response.status, response, use)
    coding = raw.headers.get("content-encoding", "identity")
    try:
        if response.status == 101:
            raise ValueError("a switch of protocols, which was not requested")  # noqa: TRY301  # as Inflater raises
        return raw if done or coding.lower() == "identity" else decompressed(raw, coding)
    except ValueError as error:
        raw.close()
        failure = ConnectionLostError(f"the server sent {error}", maybe_processed=True)
    failure.permanent = True
    raise failure


def _payload(body: bytes | StreamingBody) -> Any:
    """Make what aiohttp sends of a body that is no short bytes; a file of bytes shares them until it is written to."""
    return io.BytesIO(body) if isinstance(body, bytes) else body.chunks()
