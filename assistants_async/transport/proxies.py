"""The proxy of a request: where it comes from, and the refusal of one that cannot be used."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..core.requests.base_url import port_of

_SCHEMES = ("http", "https")


def proxy_url(proxy: str, place: str) -> str:
    """Return the URL of a proxy with its scheme; raises `ValueError`, without a password, for one of no use.

    `place` is where it was set, such as `"proxy"` or `"HTTPS_PROXY"`.
    """
    text = proxy.strip()
    # Environments often name host and port alone, which curl reads in the same way.
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
    except ValueError:  # an open bracket
        parts = urlsplit("")
    if parts.scheme and parts.scheme not in _SCHEMES:
        raise ValueError(f"{place}: a proxy of {parts.scheme}:// cannot be used: only http:// and https:// can")
    if not parts.hostname:
        raise ValueError(f"{place} must look like http://host:port or http://user:password@host:port")
    port_of(parts, place)
    return url


def refuse_clear_text(scheme: str) -> None:
    """Refuse to send a key to an `http://` server through a proxy, which reads such a request whole."""
    if scheme == "http":
        raise ValueError(
            "http:// through a proxy would show it the key: use an https:// base_url, or take the host out (NO_PROXY)"
        )


def environment_proxy(scheme: str, host: str) -> str | None:
    """Read the proxy for a host from the environment as curl does: `HTTPS_PROXY`, else `ALL_PROXY`, but `NO_PROXY`.

    Raises `ValueError` for one that cannot be used: going around it in silence would be no better.
    """
    known = getproxies()
    name = scheme if scheme in known else "all"
    if name not in known or proxy_bypass(host):
        return None
    return proxy_url(known[name], f"{name.upper()}_PROXY")
