"""The keywords of a client, apart from what is made of them: that is imported when a client is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..core.requests.options import OptionChanges

if TYPE_CHECKING:
    import ssl as ssl_module

    import aiohttp

    from ..core.requests.endpoint import ProtocolVersion
    from ..core.requests.rate_limit import RateLimit
    from ..telemetry.settings import Telemetry
    from ..transport.interface import Transport
    from .credentials import KeySource, Scheme


class ClientSettings(OptionChanges, total=False):
    """Keywords of a client, all optional; those of `with_options` can be given here too."""

    api_key: KeySource | None
    """A key, or a function, sync or async, that returns one before each request; else `OPENAI_API_KEY`."""
    base_url: str | None
    """The URL that paths are put behind; else `OPENAI_BASE_URL`, else the v1 document's server."""
    auth: Scheme
    """The header that carries the key: `"bearer"` unless given, or `"api-key"` as Azure wants it."""
    protocol: ProtocolVersion
    """`"v2"` unless given, or `"v1"`: sent as `OpenAI-Beta`; what the version lacks is refused before it is sent."""
    organization: str | None
    """Else `OPENAI_ORG_ID`."""
    project: str | None
    """Else `OPENAI_PROJECT_ID`."""
    max_connections: int
    """Open at once, 100 unless given; a call that finds them busy waits for at most `timeout.pool`."""
    max_header_bytes: int
    """Bytes of one header line of an answer, 8190 unless given; a longer one is a `ConnectionLostError`."""
    proxy: str | None
    """URL of an `http://` or `https://` proxy, with its user and password; it sees no header of the API."""
    trust_env: bool
    """True: the proxy is read from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`."""
    ssl: ssl_module.SSLContext | None
    """In place of the system's certificates and the usual checks, which nothing else changes."""
    session: aiohttp.ClientSession | None
    """A session to borrow: it is never closed here. Connections are then its own, so that of the five settings above
    only `proxy` can be given beside it."""
    transport: Transport | Literal["lean"] | None
    """Another way to send than aiohttp: `"lean"`, or an object of your own, which has its own connections."""
    limit_rate: RateLimit | None
    """The most requests and tokens in a minute, for the client and its views together: what is too early waits, and
    all waits where the server says `x-ratelimit-remaining-…: 0`, until its reset. The wait counts into
    `timeout.total`."""
    telemetry: Telemetry | bool | None
    """True: spans and metrics of OpenTelemetry, which the extra `otel` brings; or a `Telemetry`."""
    validate: bool
    """False: keywords and values go to the server unchecked."""
