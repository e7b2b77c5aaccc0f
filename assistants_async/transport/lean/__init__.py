"""The lean transport: HTTP/1.1 over asyncio's own connections and httptools, without aiohttp."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

_NAMES = ("max_connections", "max_header_bytes", "ssl")


def lean_settings(settings: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Pick the settings of the lean transport.

    Raises `ModuleNotFoundError` without its extra, and `ValueError` for a proxy of the environment, which it would go
    around.
    """
    if find_spec("httptools") is None:
        text = "transport='lean' needs httptools: pip install 'assistants-async[lean]'"
        raise ModuleNotFoundError(text, name="httptools")
    if settings.get("trust_env", False):
        from ..proxies import environment_proxy  # on use: few clients do

        parts = urlsplit(base_url)
        if environment_proxy(parts.scheme, parts.hostname or "") is not None:
            raise ValueError("trust_env: the environment sets a proxy, and transport='lean' has none: leave one out")
    return {name: settings[name] for name in _NAMES if name in settings}
