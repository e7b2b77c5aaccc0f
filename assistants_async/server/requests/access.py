"""Access checks: the key, and for a server without one the rules that keep web pages out.

A browser lets any page send requests to this machine. A page cannot choose the `Host` header, and cannot leave out
`Origin`, so the two tell a page from a program. A page can also give a name of its own an address of this machine
(DNS rebinding), which is why `Host` must be a name of this machine.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp import web

from ..errors import foreign, unauthorized

# Browsers show a page's script only a few headers of an answer by themselves.
_EXPOSED = "openai-poll-after-ms, openai-processing-ms, openai-version, x-request-id"


class Access:
    """The rules of one server."""

    def __init__(self, api_key: str | None, allow_hosts: Collection[str], cors: Collection[str]) -> None:
        self._key = None if api_key is None else api_key.encode()
        self._hosts = frozenset(host.lower() for host in allow_hosts)
        self._origins = frozenset(cors)

    def check(self, request: web.Request) -> None:
        """Raise the 401 for a request without the key, or the 403 for one that a web page may have sent."""
        if self._key is None:
            self.check_place(request)
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = request.headers.get("api-key") or (token.strip() if scheme.lower() == "bearer" else "")
        # Bytes that are not UTF-8 arrive as lone surrogates.
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._key):
            raise unauthorized(bool(given))

    def check_place(self, request: web.Request) -> None:
        """Raise the 403 for a request that a web page may have sent to a server without a key."""
        # A foreign page does not know the key, so that these rules are for servers without one.
        if self._key is None:
            self._check_host(request)
            self._check_origin(request)

    def preflight(self, request: web.Request) -> web.Response | None:
        """Answer a browser's preflight request; None for any other request."""
        if request.method != "OPTIONS" or request.headers.get("origin") not in self._origins:
            return None
        if "access-control-request-method" not in request.headers:
            return None
        # For ten minutes the browser sends no second preflight.
        headers = {"access-control-allow-methods": "GET, POST, DELETE", "access-control-max-age": "600"}
        names = request.headers.get("access-control-request-headers")
        if names is not None:
            headers["access-control-allow-headers"] = names
        return web.Response(status=204, headers=headers)

    def headers(self, request: web.Request) -> dict[str, str]:
        """Return the headers that let a page of an allowed origin read an answer."""
        origin = request.headers.get("origin") if self._origins else None
        if origin is None or origin not in self._origins:
            return {}
        return {"access-control-allow-origin": origin, "access-control-expose-headers": _EXPOSED, "vary": "Origin"}

    def _check_host(self, request: web.Request) -> None:
        named = request.headers.getall("host", [])
        # Of two hosts, one program on the way may read the first, and another the second.
        host = _host_of(named[0]) if len(named) == 1 else None
        if host is None or not (host in self._hosts or is_loopback(host)):
            shown = ", ".join(named) or "(none)"
            raise foreign(f"the request was sent to the host '{shown}'", "allow_hosts (--allow-host)")

    def _check_origin(self, request: web.Request) -> None:
        for origin in request.headers.getall("origin", []):
            # An origin with the request's own host is a page of this server.
            if not (origin in self._origins or _netloc(origin) == request.headers["host"].lower()):
                raise foreign(f"the request comes from a page of '{origin}'", "cors (--cors)")


# Remembered: reading an address took a tenth of the server's own work for a GET, and programs name one or two.
@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Check for a host name or an address of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_hosts(hosts: Collection[str]) -> None:
    """Raise `ValueError` for a text that is not a host name."""
    for host in hosts:
        if not host or _host_of(host) != host.lower() or set("/*@ ") & set(host):
            raise ValueError(f"allow_hosts takes names such as 'box.example', without scheme and port, not {host!r}")


def check_origins(origins: Collection[str]) -> None:
    """Raise `ValueError` for a text that is not an origin."""
    for origin in origins:
        scheme, _, rest = origin.partition("://")
        if scheme not in {"http", "https"} or not rest or set("/*@ ") & set(rest):
            raise ValueError(f"cors takes origins such as 'http://localhost:3000', without a path, not {origin!r}")


@lru_cache(maxsize=64)
def _host_of(text: str) -> str | None:
    """Return the name or address in a `Host` header in lower case, without port and brackets."""
    try:
        return urlsplit(f"//{text}").hostname
    except ValueError:
        return None


def _netloc(origin: str) -> str:
    return origin.partition("://")[2].lower()
