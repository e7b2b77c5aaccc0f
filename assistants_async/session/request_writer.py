"""Writing requests out: to which URL, with which headers, and with the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._version import __version__
from ..core.requests.endpoint import ProtocolVersion
from ..core.requests.options import Options
from ..core.requests.request import PreparedRequest, Request, SentHeaders, secrets_of, write
from ..core.responses.decode import is_vendor
from .credentials import Credential, Wait

_KEPT = 16
_NONE = SentHeaders()


class RequestWriter:
    """The URL, the credentials and the headers of each request of one client."""

    __slots__ = ("_changed", "_headers", "_query", "_simple", "base_url", "credential", "default_headers", "protocol")

    def __init__(
        self,
        *,
        base_url: str,
        query: Mapping[str, object],
        protocol: ProtocolVersion,
        credential: Credential,
        headers: Mapping[str, str],
    ) -> None:
        self.base_url = base_url
        self.protocol: ProtocolVersion = protocol
        self.credential = credential
        self._query = query
        self._changed: dict[str, None] = {}
        self._headers = SentHeaders(
            {
                "accept": "application/json",
                # JSON over a fast network costs less than its compression, and streams must not wait in one.
                "accept-encoding": "identity",
                "openai-beta": f"assistants={protocol}",
                "user-agent": f"assistants-async/{__version__}",
                **headers,
            }
        )
        # The headers of a request that adds none of its own: shared, since nothing below here changes them.
        self.default_headers = default = credential.fixed(self._headers)
        self._simple = default is not None and default.keys().isdisjoint(("content-type", "idempotency-key"))

    def write_simple(self, request: Request, options: Options) -> PreparedRequest | None:
        """A request that is written without waiting for anything, and has the usual headers; None for any other."""
        default = self.default_headers
        if default is None or not (self._simple and request.is_plain and options.is_plain):
            return None
        headers = default
        added = _NONE
        if request.idempotency_key is not None or request.body is not None:
            added = SentHeaders()
            if request.idempotency_key is not None:
                added["idempotency-key"] = request.idempotency_key
            if request.body is not None:
                added["content-type"] = "application/json"
            headers = SentHeaders(default)
            headers.update(added)
        outgoing = write(request, self.base_url, headers, self._query)
        outgoing.added_headers = added
        return outgoing

    async def write(self, request: Request, options: Options, wait: Wait) -> PreparedRequest:
        """Write any request; raises `ValueError` where the vendor's host would want a key and there is none."""
        query = {**self._query, **options.query} if options.query else self._query
        return write(request, self.base_url, await self._head(request, options, wait), query)

    async def _head(self, request: Request, options: Options, wait: Wait) -> SentHeaders:
        """The headers of one attempt, with the key."""
        headers = SentHeaders(self.default_headers or self._headers)
        key = None if self.default_headers else await self.credential.header(wait)
        if key is not None:
            headers[key[0]] = key[1]
        # Other servers may need no key; the vendor's 401 would name none of ours.
        elif self.default_headers is None and is_vendor(self.base_url):
            raise ValueError("no API key: pass api_key=…, or set OPENAI_API_KEY")
        if options.accept is not None or request.endpoint.result is bytes:
            headers["accept"] = options.accept or "*/*"
        if options.content_type is not None and request.body is not None:
            headers["content-type"] = options.content_type
        if request.idempotency_key is not None:
            headers["idempotency-key"] = request.idempotency_key
        for name, value in (*options.headers.items(), *request.headers.items()):
            if value is None:
                headers.pop(name.lower(), None)
            else:
                headers[name.lower()] = value
        return headers

    def secrets(self, options: Options, request: Request | None) -> Iterator[str]:
        """Yield the keys and other secrets that the requests of a call have sent."""
        yield from self.credential.recent
        yield from self._changed
        for headers in (self._headers, options.headers, request.headers if request is not None else {}):
            yield from secrets_of(headers)

    def note_secrets(self, headers: SentHeaders) -> None:
        """Remember the secrets of headers that a hook may have changed."""
        self._changed.update(dict.fromkeys(secrets_of(headers)))
        while len(self._changed) > _KEPT:
            del self._changed[next(iter(self._changed))]
