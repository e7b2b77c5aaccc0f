"""The base URL of a client, checked and taken apart."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit

_HOST = r"[\w.:-]+"


def split_base_url(base_url: str) -> tuple[str, dict[str, str]]:
    """Part a base URL into the text that paths are put behind, and the query that goes with every request.

    Raises `ValueError` for anything but http(s)://host[:port][/path][?query].
    """
    if not isinstance(base_url, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
        raise TypeError(f"base_url must be a str, not {type(base_url).__name__}")
    parts = urlsplit(base_url.strip())
    try:
        port = parts.port
        host = re.fullmatch(_HOST, parts.hostname or "") and (parts.hostname or "").encode("idna")
    except ValueError:
        port, host = 0, b""
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError(
            f"base_url must look like https://host/v1, not {parts._replace(netloc=parts.hostname or '').geturl()!r}"
        )
    if parts.username is not None or parts.password is not None:
        raise ValueError("base_url must not hold a user name or password: pass api_key or headers instead")
    if parts.fragment:
        raise ValueError(f"base_url must not have a fragment: #{parts.fragment}")
    path = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~-._")
    return f"{parts.scheme}://{parts.netloc}{path}", dict(parse_qsl(parts.query, keep_blank_values=True))
