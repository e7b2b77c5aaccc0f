"""Errors of aiohttp as errors of this package; it imports aiohttp, so the transport imports it on use."""

from __future__ import annotations

import re
from typing import TypeGuard

import aiohttp

from ..core.requests.options import Timeout
from ..errors import ConnectFailedError, ConnectionLostError, TimedOutError, TransportError, printable
from .connection_use import ConnectionUse

_TOO_LONG = re.compile(r"(?:400, message:\s*)?Got more than (\d+) bytes")


def is_transport_error(error: BaseException) -> TypeGuard[Exception]:
    """Return True for an error of the network or of aiohttp, False for one of the caller's own code."""
    return isinstance(error, (aiohttp.ClientError, TimeoutError, OSError))


def translate(error: Exception, timeout: Timeout, waited: float) -> TransportError:
    """Make this package's error of one of aiohttp's; `waited` is the seconds since the request was handed over."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            # aiohttp raises the same for both; the pool's limit spans the wait and the connecting.
            if timeout.connect is None or (timeout.pool is not None and waited >= timeout.pool):
                return TimedOutError("pool", timeout.pool or waited)
            return TimedOutError("connect", timeout.connect)
        case TimeoutError():  # a limit that is not ours: of a proxy, a mock or a session that was lent
            return TimedOutError("total", timeout.total or waited, maybe_processed=True)
        case aiohttp.ClientConnectorCertificateError():
            return _permanent(ConnectFailedError("the server's certificate is not trusted, or is for another name"))
        case aiohttp.ClientConnectorError():
            what = "the proxy " if isinstance(error, aiohttp.ClientProxyConnectionError) else ""
            return ConnectFailedError(f"cannot connect to {what}{error.host}:{error.port}: {_reason(error.os_error)}")
        case aiohttp.ClientHttpProxyError():
            return _refused_by_proxy(error)
        case aiohttp.InvalidURL():  # of an `on_send` hook: the base URL has been checked, and paths are made here
            return _permanent(ConnectFailedError("the URL of the request must look like https://host/path"))
        case aiohttp.ServerDisconnectedError():
            return ConnectionLostError("the server closed the connection before it answered", maybe_processed=True)
        case aiohttp.ClientResponseError():
            return _unreadable(error)
        case _:
            return ConnectionLostError(f"the connection broke: {_reason(error)}", maybe_processed=True)


def _permanent(failure: TransportError) -> TransportError:
    failure.permanent = True
    return failure


def _refused_by_proxy(error: aiohttp.ClientHttpProxyError) -> TransportError:
    """Make the error of a CONNECT that the proxy answered with another status than 200."""
    if error.status == 407:
        wanted = "the proxy wants a user name and a password (407), and those of its URL, if any, are not right"
        return _permanent(ConnectFailedError(f"{wanted}: proxy='http://user:password@host:port'"))
    failure = ConnectFailedError(f"the proxy refused to connect: {error.status} {printable(error.message, 80)}".strip())
    # 5xx says that the proxy could not reach the server just now.
    failure.permanent = error.status < 500 and error.status not in (408, 429)
    return failure


def _unreadable(error: aiohttp.ClientResponseError) -> TransportError:
    """Make the error of an answer whose head cannot be read; one past a limit would be past it again."""
    message = str(error.message)
    if (found := _TOO_LONG.match(message)) is not None:
        text = f"a line of the answer's head has more than {found[1]} bytes: raise max_header_bytes"
    elif message.startswith("Too many headers"):
        text = "the answer has more headers than aiohttp takes: lend a session=aiohttp.ClientSession(max_headers=…)"
    else:
        return ConnectionLostError("the server's answer is not HTTP", maybe_processed=True)
    return _permanent(ConnectionLostError(text, maybe_processed=True))


def translated(
    error: BaseException, use: ConnectionUse, timeout: Timeout, waited: float
) -> tuple[TransportError, Exception | None] | None:
    """Return an error of sending as this package's, with its cause; None for one of the caller's own code."""
    if not is_transport_error(error):
        return None
    failure = translate(error, timeout, waited)
    if use.reused and isinstance(failure, ConnectionLostError) and is_unanswered(error):
        failure.stale = True
    return failure, cause_of(error)


def is_unanswered(error: Exception) -> bool:
    """Return True for a cut before the first byte of an answer: aiohttp keeps the bytes it had in the message."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)
    return isinstance(error, aiohttp.ClientOSError)


def cause_of(error: Exception) -> Exception | None:
    """Return the cause to chain, without frames, whose locals have the headers; None where its repr shows a secret."""
    if isinstance(error, aiohttp.ClientResponseError):
        return None
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error  # aiohttp's own shows the proxy with its password
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text or type(error).__name__
