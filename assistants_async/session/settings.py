"""What a client can be told when it is made, and the session that this makes."""

import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from ..core.requests.base_url import split_base_url
from ..core.requests.endpoint import ProtocolVersion
from ..core.requests.options import OptionChanges, Options, checked_headers, merge
from ..errors import did_you_mean
from ..transport.aiohttp_transport import AiohttpTransport
from ..transport.interface import Transport
from .credentials import Credential, KeySource, Scheme
from .manager import SessionManager
from .request_writer import RequestWriter

if TYPE_CHECKING:
    import ssl as ssl_module

    import aiohttp

_log = logging.getLogger("assistants_async")

DEFAULT_BASE_URL = "https://api.openai.com/v1"
"""The v1 document's server, which the vendor retired on 2026-08-26."""


class ClientSettings(OptionChanges, total=False):
    """Keywords of a client, all optional; those of `with_options` can be given here too."""

    api_key: KeySource | None
    """A key, or a function, sync or async, that is asked for one before each request; else `OPENAI_API_KEY`."""
    base_url: str | None
    """What paths are put behind; else `OPENAI_BASE_URL`, else the v1 document's server."""
    auth: Scheme
    """How the key is sent: `"bearer"` unless given, or `"api-key"` as Azure wants it."""
    protocol: ProtocolVersion
    """`"v2"` unless given, or `"v1"`: sent as `OpenAI-Beta`; what the version lacks is refused before it is sent."""
    organization: str | None
    """Else `OPENAI_ORG_ID`."""
    project: str | None
    """Else `OPENAI_PROJECT_ID`."""
    max_connections: int
    """Open at once, 100 unless given; a call that finds them busy waits for at most `timeout.pool`."""
    proxy: str | None
    """URL of an HTTP proxy."""
    trust_env: bool
    """Whether aiohttp reads proxies from the environment; it does not unless told."""
    ssl: "ssl_module.SSLContext | None"
    """In place of the system's certificates and the usual checks."""
    session: "aiohttp.ClientSession | None"
    """A session to borrow: it is never closed here, and the four settings above are its own."""
    transport: Transport | None
    """Another way to send than aiohttp."""
    validate: bool
    """False: keywords and values go to the server unchecked."""


def open_session(settings: Mapping[str, Any]) -> tuple[SessionManager, Options, bool]:
    """Check settings and make the session manager, the options and the `validate` flag that they say."""
    known = ClientSettings.__annotations__.keys()
    unknown = [name for name in settings if name not in known]
    if unknown:
        hint = did_you_mean(unknown[0], known)
        raise TypeError(f"AssistantsClient() got an unexpected keyword argument {unknown[0]!r}{hint}")
    protocol = settings.get("protocol", "v2")
    if protocol not in ("v1", "v2"):
        raise ValueError(f"protocol must be 'v1' or 'v2', not {protocol!r}")
    base_url, query = split_base_url(_given(settings, "base_url", "OPENAI_BASE_URL") or DEFAULT_BASE_URL)
    from_environment = settings.get("base_url") is None and base_url != DEFAULT_BASE_URL
    _warn_once(base_url, from_environment=from_environment)
    changes: Any = {name: settings[name] for name in OptionChanges.__annotations__ if name in settings}
    writer = RequestWriter(
        base_url=base_url,
        query=query,
        protocol=protocol,
        credential=Credential(_given(settings, "api_key", "OPENAI_API_KEY"), settings.get("auth", "bearer")),
        headers=_identity(settings),
    )
    session = SessionManager(writer, settings.get("transport") or _transport(settings))
    # The client's own time-out is one of requests: it does not bound a whole wait for a run.
    options = msgspec.structs.replace(merge(Options(), changes), wait_limit=None)
    return session, options, settings.get("validate", True)


@cache
def _warn_once(base_url: str, *, from_environment: bool) -> None:
    """Log, once a process, where a key may go that its owner did not mean it to."""
    parts = urlsplit(base_url)
    if from_environment:
        _log.warning("OPENAI_BASE_URL sets where requests and the key go: %s://%s", parts.scheme, parts.netloc)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        _log.warning("requests and the key go unencrypted to %s: use https, or a tunnel", parts.netloc)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")


def _given(settings: Mapping[str, Any], name: str, variable: str) -> Any:
    value = settings.get(name)
    return value if value is not None else os.environ.get(variable) or None


def _identity(settings: Mapping[str, Any]) -> dict[str, str]:
    headers = {
        "openai-organization": _given(settings, "organization", "OPENAI_ORG_ID"),
        "openai-project": _given(settings, "project", "OPENAI_PROJECT_ID"),
    }
    given = {name: value for name, value in headers.items() if value is not None}
    checked_headers(given)
    return given


def _transport(settings: Mapping[str, Any]) -> Transport:
    limit = settings.get("max_connections", 100)
    if not isinstance(limit, int) or limit < 1:
        raise ValueError(f"max_connections must be at least 1, not {limit!r}")
    return AiohttpTransport(
        session=settings.get("session"),
        max_connections=limit,
        ssl=settings.get("ssl"),
        proxy=settings.get("proxy"),
        trust_env=settings.get("trust_env", False),
    )
