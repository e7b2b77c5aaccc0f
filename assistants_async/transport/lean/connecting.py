"""Connections made: the place that a URL names, its addresses, and TLS."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ..._typing import override
from ...errors import ConnectFailedError, TimedOutError, TransportError
from .connection import Connection
from .heads import bad_url

SECOND_ADDRESS = 0.25
"""Seconds until the next address of a host is tried beside the one before (RFC 8305, 5)."""

_PORTS = {"http": 80, "https": 443}


class Origin(msgspec.Struct, eq=False):
    """The place that requests go to: scheme, host and port, with the connections to it that are idle."""

    host: str
    port: int
    tls: bool
    header: bytes
    """The host as the `Host` header has it."""
    is_address: bool
    """True where the host needs no look-up."""
    usual_get: bytes = b""
    """The head of a GET with the usual headers, from behind its target on."""
    idle: list[Connection] = []
    """Idle connections, the last used at the end."""

    @override
    def __repr__(self) -> str:
        return f"<Origin {self.header.decode()}>"  # tracebacks may show locals, and a head holds the key

    @classmethod
    def of(cls, root: str) -> Origin:
        """Read the start of a URL, up to its path; raises `ConnectFailedError` for one of no use."""
        try:
            parts = urlsplit(root)
            host, port = parts.hostname or "", parts.port
            name = host.encode("idna")
        except ValueError:
            raise bad_url() from None
        if parts.scheme not in _PORTS or not host or port == 0 or parts.username is not None or parts.query:
            raise bad_url()
        usual = _PORTS[parts.scheme]
        header = b"[%b]" % name if ":" in host else name
        if port is not None and port != usual:
            header = b"%b:%d" % (header, port)
        return cls(host, port or usual, parts.scheme == "https", header, _is_address(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def connect(
    origin: Origin, make: Callable[[], Connection], context: ssl.SSLContext | None, limit: float | None
) -> Connection:
    """Make a connection; raises `ConnectFailedError` and `TimedOutError`."""
    loop = asyncio.get_running_loop()
    context = (context or trusted()) if origin.tls else None
    # A race of addresses takes tasks, and other loops than asyncio's own have none.
    races = isinstance(loop, asyncio.BaseEventLoop) and not origin.is_address
    more: dict[str, Any] = {"happy_eyeballs_delay": SECOND_ADDRESS} if races else {}
    scope = asyncio.timeout(limit)
    try:
        async with scope:
            _, connection = await loop.create_connection(make, origin.host, origin.port, ssl=context, **more)
            return connection
    except (OSError, ValueError) as error:
        if scope.expired() and limit is not None:
            failure: TransportError = TimedOutError("connect", limit)
            cause = None
        else:
            failure, cause = _failure(origin, error)
    # Raised here and not in the handler, so that no frames of asyncio hang on it.
    raise failure from cause


@cache
def trusted() -> ssl.SSLContext:
    """Make the context of clients without one of their own: 24 ms, so once a process."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _failure(origin: Origin, error: OSError | ValueError) -> tuple[TransportError, Exception]:
    error.__context__ = error.__cause__ = None
    cause = error.with_traceback(None)
    if isinstance(error, ssl.SSLCertVerificationError):
        failure = ConnectFailedError("the server's certificate is not trusted, or is for another name")
        failure.permanent = True
        return failure, cause
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    failure = ConnectFailedError(f"cannot connect to {origin.host}:{origin.port}: {reason}")
    # Of a name that no name server could be asked for.
    failure.permanent = isinstance(error, UnicodeError)
    return failure, cause
