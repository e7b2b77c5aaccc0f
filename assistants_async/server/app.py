"""The aiohttp application: routes from the table, and the steps that every request goes through."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import msgspec
from aiohttp import web

from ..core.requests.endpoint import Endpoint, ProtocolVersion
from ..endpoints import TABLE
from .errors import APIError, broken, invalid, unavailable
from .handlers.attempts import respond
from .handlers.table import HANDLERS
from .health import PATHS, Health
from .page_files import PageFiles, PageSettings
from .request_log import RequestLog, RequestRecord
from .requests.access import Access
from .requests.bodies import MAX_JSON_BYTES, read_form, read_json
from .requests.connection import connection_of
from .requests.context import Context, State, Upload
from .requests.dialect import check_plain, check_version, prefix_of
from .requests.idempotency import KeyedRequest, keyed
from .requests.nulls import without_nulls
from .requests.validation import Values, checked, from_form, from_query, take_stream
from .requests.vocabularies import check_words
from .storage.batch import Batch
from .storage.interface import StoreError, StoreFullError
from .storage.quota import Room

_log = logging.getLogger(__name__)
_requests = logging.getLogger("assistants_async.server.requests")

PREFIXES = ("/v1", "/openai", "/openai/v1", "/api/projects/{project}")
"""The paths at which the API is mounted: the vendor's, and those of Azure-style clients."""

_BETA = re.compile(r"assistants\s*=\s*([^\s,;]+)")
# The value of the vendor's own servers.
_VERSION = "2020-10-01"
# Bytes of a refused body that are cheaper to read than a new connection is to make.
_SHORT_BODY = 2**16

_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class _Seen:
    """The parts of a log entry that are known before the answer."""

    started: float
    operation: str | None = None
    body: bytes = b""
    """The JSON body, or the form as JSON; empty where the server records no bodies."""


# aiohttp serves the requests of a connection one after the other in one task, and sends its signals there. Its
# releases differ in the attributes that a request itself may carry.
_seen: ContextVar[_Seen] = ContextVar("assistants_async.server.seen")


class API:
    """The application, its health and its log of requests."""

    def __init__(self, state: State, *, page: bool = False) -> None:
        self._state = state
        settings = state.settings
        self._access = Access(settings.api_key, settings.allow_hosts, settings.cors)
        self.requests = RequestLog()
        """The latest requests."""
        self.app = web.Application(middlewares=[self._guard], client_max_size=MAX_JSON_BYTES)
        """The aiohttp application."""
        self.app.on_response_prepare.append(self._stamp)
        self.health = Health(settings.responder, state.store)
        """The paths for probes."""
        self.health.add_routes(self.app.router)
        prefixes, self.prefix = prefix_of(PREFIXES, settings.dialect)
        """The path of the base URL."""
        self._page = _page_files(self.prefix, settings.dialect, settings.api_key) if page else None
        if self._page is not None:
            self._page.add_routes(self.app.router)
        for prefix in prefixes:
            for row in _in_order():
                self.app.router.add_route(row.method, prefix + row.path, partial(self._serve, row))

    async def _serve(self, row: Endpoint[Any, Any], request: web.Request) -> web.StreamResponse:
        _seen.get().operation = row.operation
        if self._state.has_due():
            await self._state.expire()
        protocol = _protocol(request, self._state.settings.protocol)
        if protocol not in row.protocols:
            message = f"{row.operation} is in protocol {row.protocols[0]} only; this request speaks {protocol}."
            raise invalid(message, code="invalid_beta")
        values = from_query(row, request.query.items()) if request.rel_url.raw_query_string else {}
        key = keyed(request, row.operation, protocol) if row.method == "POST" else None
        if not row.takes_body:
            return await respond(self._context(row, request, protocol, values, key=key))
        # The room is given back after the answer is made: by then the store counts the objects of the request.
        with Room(self._state.quota) as room:
            if row.form:
                return await self._serve_form(row, request, protocol, values, room, key)
            raw, body = await read_json(request, room)
            if key is not None:
                key.content.update(raw)
            if self._state.settings.record_bodies:
                _seen.get().body = raw
            stream = take_stream(row, body)
            assert row.params is not None
            # Without a null or a list there is nothing to leave out.
            values.update(without_nulls(row.params, body, protocol) if b"null" in raw or b"[" in raw else body)
            return await respond(self._context(row, request, protocol, values, stream=stream, key=key))

    async def _serve_form(
        self,
        row: Endpoint[Any, Any],
        request: web.Request,
        protocol: ProtocolVersion,
        values: Values,
        room: Room,
        key: KeyedRequest | None,
    ) -> web.StreamResponse:
        assert row.params is not None
        assert row.form is not None
        settings, blob = self._state.settings, self._state.store.new_blob()
        try:
            fields, upload = await read_form(request, room, blob, row.form, settings.max_file_bytes, key=key)
            if settings.record_bodies:
                shown = dict(fields) if upload is None else {**dict(fields), row.form: upload.filename}
                _seen.get().body = msgspec.json.encode(shown)
            values.update(from_form(row.params, fields))
            return await respond(self._context(row, request, protocol, values, upload=upload, key=key))
        finally:
            await blob.close()

    def _context(
        self,
        row: Endpoint[Any, Any],
        request: web.Request,
        protocol: ProtocolVersion,
        values: Values,
        *,
        stream: bool = False,
        upload: Upload | None = None,
        key: KeyedRequest | None = None,
    ) -> Context:
        """Check the values of a request, and return the arguments of its handler."""
        state = self._state
        if state.settings.dialect is None:
            check_plain(row.operation, values)
        values = checked(row, values, protocol)
        if state.settings.strict:
            check_words(row, values, protocol, state.settings.dialect)
        return Context(
            state=state,
            batch=Batch(state.store),
            endpoint=row,
            protocol=protocol,
            ids=request.match_info,
            values=values,
            stream=stream,
            http=request,
            upload=upload,
            key=key,
        )

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Next) -> web.StreamResponse:
        """Answer a request or refuse it, and decide about the rest of a body that was not read."""
        _seen.set(_Seen(time.perf_counter()))
        connection = connection_of(request)
        if connection is not None:
            connection.head_is_complete()
        try:
            admitted = self._admit(request)
            response = await handler(request) if admitted is None else admitted
        except Exception as error:  # noqa: BLE001  the last line of defence: a fault of the server is a 500, not a cut connection
            # The error gets no name of its own here: its traceback has this frame, and a cycle would keep its bytes.
            response = _refused(_refusal(request, error))
        if connection is not None:
            # Otherwise aiohttp would read and unpack the rest of the body for 10 s, to keep the connection.
            if response.status >= 400 and _is_long(request):
                connection.skip_body()
                response.force_close()
            connection.is_served()
        return response

    def _admit(self, request: web.Request) -> web.StreamResponse | None:
        """Check the access, and answer a browser's preflight request; None for any other."""
        if request.path in PATHS:
            return None
        preflight = self._access.preflight(request)
        if preflight is not None:
            return preflight
        if self._page is not None and self._page.has(request):
            # The page itself is public: its requests to the API need the key.
            self._access.check_place(request)
            return None
        self._access.check(request)
        if self._state.settings.dialect == "foundry":
            check_version(request)
        return None

    async def _stamp(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put the usual headers on an answer and record it; streams pass here before their first byte."""
        # An `Expect` that aiohttp does not know is refused before any middleware.
        seen = _seen.get(None) or _Seen(time.perf_counter())
        elapsed, headers = 1000 * (time.perf_counter() - seen.started), response.headers
        for name, text in self._access.headers(request).items():
            headers[name] = text
        headers["x-request-id"] = self._state.names.request()
        headers["openai-version"] = _VERSION
        headers["openai-processing-ms"] = str(round(elapsed))
        if _requests.isEnabledFor(logging.INFO):
            row = TABLE.get(seen.operation or "")
            path = "-" if row is None else row.path
            _requests.info("%s %s %d %.1f ms", request.method, path, response.status, elapsed)
        head, url = self.requests.head(request.raw_headers), request.rel_url
        operation, query = seen.operation, url.raw_query_string
        record = RequestRecord(request.method, url.raw_path, operation, response.status, None, query, head.headers)
        self.requests.add(record, seen.body, head.size)


def _page_files(prefix: str, dialect: str | None, api_key: str | None) -> PageFiles:
    query = {"api-version": "v1"} if dialect == "foundry" else {}
    return PageFiles(PageSettings(api=prefix.strip("/"), query=query, asks_key=api_key is not None))


def _is_long(request: web.Request) -> bool:
    """Check for a long rest of a body, which costs more to read than a new connection."""
    length = request.content_length
    return not request.content.is_eof() and (length is None or length > _SHORT_BODY)


def _in_order() -> list[Endpoint[Any, Any]]:
    # `/threads/runs` before `/threads/{thread_id}`: aiohttp takes the first route that fits. With the methods of a path
    # side by side, it tries the path once for all of them.
    rows = [row for row in TABLE.values() if row.operation in HANDLERS]
    return sorted(rows, key=lambda row: ([part.startswith("{") for part in row.path.split("/")], row.path))


def _protocol(request: web.Request, default: ProtocolVersion) -> ProtocolVersion:
    given = request.headers.getall("openai-beta", ())
    return (_version_in(",".join(given)) if given else None) or default


@lru_cache(maxsize=16)
def _version_in(header: str) -> ProtocolVersion | None:
    match = _BETA.search(header)
    if match is None:
        return None
    if match[1] == "v1":
        return "v1"
    if match[1] == "v2":
        return "v2"
    raise invalid(
        "The header 'OpenAI-Beta' must be 'assistants=v1' or 'assistants=v2' for the Assistants API.",
        code="invalid_beta",
    )


def _refusal(request: web.Request, error: Exception) -> APIError:
    """Return the answer to an error, in the vendor's form."""
    match error:
        case APIError():
            return error
        case StoreError():
            _log.error("%s %s: %s", request.method, request.path, error)
            return unavailable(is_full=isinstance(error, StoreFullError))
        # aiohttp refuses in plain text, and clients of this API read an error object.
        case web.HTTPNotFound():
            return APIError(404, f"Invalid URL ({request.method} {request.path})", code="unknown_url")
        case web.HTTPMethodNotAllowed():
            message = f"Not allowed to {request.method} on {request.path}."
            return APIError(405, message, code="method_not_supported", headers={"allow": error.headers["allow"]})
        case web.HTTPException():
            return APIError(error.status, error.reason)
        case ConnectionError() | web.RequestPayloadError():
            # A client that left before its body was whole never reads this answer.
            return invalid(f"We could not read the body of your request: {error}")
        case _:
            _log.error("%s %s failed", request.method, request.path, exc_info=error)
            return broken()


def _refused(refusal: APIError) -> web.Response:
    body = msgspec.json.encode(refusal.body())
    return web.Response(status=refusal.status, body=body, content_type="application/json", headers=refusal.headers)
