"""The keywords of a client, checked, and the session that is made of them."""

from __future__ import annotations

import logging
import os
import ssl as ssl_module
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from ..core.checks import flag, shown, whole_number
from ..core.requests.base_url import refuse_azure_resource, split_base_url
from ..core.requests.option_checks import check_text
from ..core.requests.options import OptionChanges, Options, checked_headers, merge
from ..core.requests.rate_limit import RateLimit
from ..core.requests.request import shows_secret
from ..errors.old_names import keyword_hint
from ..telemetry.settings import Telemetry, check_telemetry
from ..transport.interface import Transport
from .credentials import Credential
from .keywords import ClientSettings
from .manager import SessionManager
from .request_writer import RequestWriter

if TYPE_CHECKING:
    from ..transport.lean.transport import LeanTransport

_log = logging.getLogger("assistants_async")

DEFAULT_BASE_URL = "https://api.openai.com/v1"
"""The v1 document's server, which the vendor retired on 2026-08-26."""


def open_session(settings: Mapping[str, Any]) -> tuple[SessionManager, Options, bool]:
    """Check settings and make the session manager, the options and the `validate` flag that they say."""
    # By the TypedDict itself, so that a new setting is listed in one place.
    known = ClientSettings.__annotations__.keys()
    unknown = [name for name in settings if name not in known]
    if unknown:
        hint = keyword_hint(unknown[0], known)
        raise TypeError(f"AssistantsClient() got an unexpected keyword argument {unknown[0]!r}{hint}")
    _check(settings)
    given_url = _given(settings, "base_url", "OPENAI_BASE_URL")
    # A query of the base URL, such as Azure's api-version, goes with every request.
    base_url, query = split_base_url(given_url or DEFAULT_BASE_URL)
    refuse_azure_resource(base_url)
    from_environment = settings.get("base_url") is None and base_url != DEFAULT_BASE_URL
    _warn_once(base_url, from_environment=from_environment)
    changes: Any = {name: settings[name] for name in OptionChanges.__annotations__ if name in settings}
    # The client's own time-out is one of requests: it does not bound a whole wait for a run.
    options = msgspec.structs.replace(merge(Options(), changes), wait_limit=None)
    writer = RequestWriter(
        base_url=base_url,
        query=query,
        protocol=settings.get("protocol", "v2"),
        credential=Credential(_given(settings, "api_key", "OPENAI_API_KEY"), settings.get("auth", "bearer")),
        headers=_identity(settings),
    )
    _check_proxy(settings, writer, options)
    return _session(settings, writer), options, settings.get("validate", True)


def _session(settings: Mapping[str, Any], writer: RequestWriter) -> SessionManager:
    limit, telemetry = settings.get("limit_rate"), settings.get("telemetry")
    make_transport, transport = _transport_maker(settings), settings.get("transport")
    if transport == LEAN:
        transport = None  # made by the other, on the first call
    if limit is None and not telemetry:
        return SessionManager(writer, make_transport, transport)
    from .observed import observed_session  # on use: most clients have neither

    wanted = Telemetry() if telemetry is True else telemetry or None
    return observed_session(writer, make_transport, transport, limit, wanted)


def _check(settings: Mapping[str, Any]) -> None:
    """Refuse settings of a wrong type by name; those of `with_options` are checked as options."""
    _check_choice(settings, "protocol", ("v1", "v2"))
    _check_choice(settings, "auth", ("bearer", "api-key"))
    for name in ("base_url", "organization", "project", "proxy"):
        check_text(name, settings.get(name))
    for name in ("trust_env", "validate"):
        flag(name, settings.get(name, False))
    check_telemetry(settings.get("telemetry"))
    if (limit := settings.get("limit_rate")) is not None and not isinstance(limit, RateLimit):
        raise TypeError(f"limit_rate must be a RateLimit or None, not {type(limit).__name__}")
    for name in ("max_connections", "max_header_bytes"):
        whole_number(name, settings.get(name, 1))
    if (context := settings.get("ssl")) is not None and not isinstance(context, ssl_module.SSLContext):
        text = "certificates are checked unless a context of your own says otherwise"
        raise TypeError(f"ssl must be an ssl.SSLContext or None, not {context!r}: {text}")
    for name, methods in _INTERFACES.items():
        given = None if settings.get(name) == LEAN else settings.get(name)
        if given is not None and not (
            all(callable(getattr(given, each, None)) for each in methods) and not isinstance(given, type)
        ):
            found = shown(given) if name == "transport" and isinstance(given, str) else type(given).__name__
            raise TypeError(f"{name} must be {_KINDS[name]} or None, not {found}")
    for first in ("transport", "session"):
        given = settings.get(first)
        taken = _CONNECTIONS[LEAN if given == LEAN else first]
        beside = [name for name in taken if name in settings and settings[name] not in (None, False)]
        if given is not None and beside:
            why = "transport='lean', which has none" if given == LEAN else f"{first}, which has its own connections"
            raise TypeError(f"{beside[0]} cannot be given beside {why}")


LEAN = "lean"
"""The name of the transport without aiohttp."""

_INTERFACES = {"session": ("request", "close"), "transport": ("start", "open", "close")}
_KINDS = {"session": "an aiohttp.ClientSession", "transport": "'lean', a Transport"}
_CONNECTIONS = {
    "session": ("max_connections", "max_header_bytes", "trust_env", "ssl", "transport"),
    "transport": ("max_connections", "max_header_bytes", "trust_env", "ssl", "proxy"),
    LEAN: ("session", "proxy"),
}


def _check_choice(settings: Mapping[str, Any], name: str, choices: tuple[str, str]) -> None:
    value = settings.get(name, choices[0])
    if value not in choices:
        raise ValueError(f"{name} must be {choices[0]!r} or {choices[1]!r}, not {shown(value)}")


def _check_proxy(settings: Mapping[str, Any], writer: RequestWriter, options: Options) -> None:
    """Refuse a proxy that cannot be used, or that would read the key; others are found at the first request."""
    proxy, parts = settings.get("proxy"), urlsplit(writer.base_url)
    # The lean transport has no proxies, and must not go around one that the environment sets.
    around = settings.get("transport") == LEAN and settings.get("trust_env", False)
    if proxy is None and not around:
        return
    from ..transport.proxies import environment_proxy, proxy_url, refuse_clear_text  # on use: most clients have none

    if proxy is None:
        if environment_proxy(parts.scheme, parts.hostname or "") is not None:
            raise ValueError("trust_env: the environment sets a proxy, and transport='lean' has none: leave one out")
        return
    proxy_url(proxy, "proxy")
    if writer.credential.is_given or any(map(shows_secret, options.headers)):
        refuse_clear_text(parts.scheme)


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


def _transport_maker(settings: Mapping[str, Any]) -> Callable[[], Transport]:
    """Make the function that makes the transport: of the settings of now, without the key."""
    is_lean = settings.get("transport") == LEAN
    names = ("max_connections", "max_header_bytes", "ssl", *(() if is_lean else ("session", "proxy", "trust_env")))
    own = {name: settings[name] for name in names if name in settings}
    if is_lean:
        return partial(_lean_transport(), **own)

    def make() -> Transport:
        from ..transport.aiohttp_transport import AiohttpTransport  # on use: it imports aiohttp

        return AiohttpTransport(**own)

    return make


def _lean_transport() -> type[LeanTransport]:
    """Import the lean transport; raises `ModuleNotFoundError` without its extra, when the client is made."""
    try:
        from ..transport.lean.transport import LeanTransport  # on use: it imports httptools
    except ModuleNotFoundError as error:
        text = "transport='lean' needs httptools: pip install 'assistants-async[lean]'"
        raise ModuleNotFoundError(text, name=error.name) from None
    return LeanTransport
