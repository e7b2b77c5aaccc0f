"""Connections made: the place that a URL names, its addresses, and TLS."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from asyncio.staggered import staggered_race
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import zip_longest
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ..._typing import override
from ...errors import ConnectFailedError, TimedOutError, TransportError
from .connection import Connection
from .heads import bad_url

SECOND_ADDRESS = 0.25
"""Seconds until the next address of a host is tried beside the one before (RFC 8305, 5)."""

Address = tuple[Any, ...]
"""An address as `getaddrinfo` gives it."""

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
    context = (context or trusted()) if origin.tls else None
    scope = asyncio.timeout(limit)
    try:
        async with scope:
            found = await _connected(await _addresses(origin))
            loop, name = asyncio.get_running_loop(), origin.host if origin.tls else None
            _, connection = await loop.create_connection(make, sock=found, ssl=context, server_hostname=name)
            return connection
    except (OSError, ValueError) as error:
        if scope.expired() and limit is not None:
            failure: TransportError = TimedOutError("connect", limit)
            cause = None
        else:
            failure, cause = _failure(origin, error)
    # Raised here and not in the handler, so that no frames of asyncio hang on it.
    raise failure from cause


async def _addresses(origin: Origin) -> list[Address]:
    """Look the host up."""
    if origin.is_address:  # nothing to wait for, and no thread
        return socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    loop = asyncio.get_running_loop()
    return in_turn(await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM))


def in_turn(found: Sequence[Address]) -> list[Address]:
    """Let the families of addresses take turns, so that a broken one holds nothing up (RFC 8305, 4)."""
    first = [each for each in found if each[0] == found[0][0]]
    others = [each for each in found if each[0] != found[0][0]]
    return [each for pair in zip_longest(first, others) for each in pair if each is not None]


async def _connected(addresses: Sequence[Address]) -> socket.socket:
    """Connect to the first address that answers."""
    if len(addresses) == 1:
        return await _connected_to(addresses[0])
    made: list[socket.socket] = []
    errors: list[BaseException] = []

    async def attempt(address: Address) -> None:
        try:
            made.append(await _connected_to(address))
        except OSError as error:
            errors.append(error)
            raise

    try:
        # The race forgets what it has won where it is cancelled in that moment, so that it is noted here.
        await staggered_race([partial(attempt, each) for each in addresses], SECOND_ADDRESS)
    except BaseException:
        _close(made)
        raise
    _close(made[1:])
    if not made:
        raise errors[0]
    return made[0]


async def _connected_to(address: Address) -> socket.socket:
    family, kind, protocol, _, place = address
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, place)
    except BaseException:
        made.close()
        raise
    return made


def _close(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        each.close()


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
