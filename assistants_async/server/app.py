"""The aiohttp application: routes from the table, and the steps that every request goes through."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
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

_log = logging.getLogger(__name__)
_requests = logging.getLogger("assistants_async.server.requests")

PREFIXES = ("/v1", "/openai", "/openai/v1", "/api/projects/{project}")
"""The paths at which the API is mounted: the vendor's, and those of Azure-style clients."""

_BETA = re.compile(r"assistants\s*=\s*([^\s,;]+)")
_SECRETS = frozenset({"authorization", "api-key", "cookie", "proxy-authorization"})
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
            for row in _by_specificity():
                self.app.router.add_route(row.method, prefix + row.path, partial(self._serve, row))

    async def _serve(self, row: Endpoint[Any, Any], request: web.Request) -> web.StreamResponse:
        _seen.get().operation = row.operation
        protocol = _protocol(request, self._state.settings.protocol)
        if protocol not in row.protocols:
            message = f"{row.operation} is in protocol {row.protocols[0]} only; this request speaks {protocol}."
            raise invalid(message, code="invalid_beta")
        values = from_query(row, request.query.items())
        key = keyed(request, row.operation, protocol)
        if not row.takes_body:
            return await self._handle(row, request, protocol, values, key=key)
        # The room is given back after the answer is made: by then the store counts the objects of the request.
        async with AsyncExitStack() as stack:
            more, stream, upload = await self._read_body(row, request, protocol, stack, key)
            values.update(more)
            return await self._handle(row, request, protocol, values, stream=stream, upload=upload, key=key)

    async def _handle(
        self,
        row: Endpoint[Any, Any],
        request: web.Request,
        protocol: ProtocolVersion,
        values: Values,
        *,
        stream: bool = False,
        upload: Upload | None = None,
        key: KeyedRequest | None = None,
    ) -> web.StreamResponse:
        """Check the values of a request, and give it to its handler."""
        if self._state.settings.dialect is None:
            check_plain(row.operation, values)
        values = checked(row, values, protocol)
        if self._state.settings.strict:
            check_words(row, values, protocol, self._state.settings.dialect)
        context = Context(
            state=self._state,
            batch=Batch(self._state.store),
            endpoint=row,
            protocol=protocol,
            ids=dict(request.match_info),
            values=values,
            stream=stream,
            http=request,
            upload=upload,
            key=key,
        )
        return await respond(context)

    async def _read_body(
        self,
        row: Endpoint[Any, Any],
        request: web.Request,
        protocol: ProtocolVersion,
        stack: AsyncExitStack,
        key: KeyedRequest | None,
    ) -> tuple[Values, bool, Upload | None]:
        settings, seen = self._state.settings, _seen.get()
        assert row.params is not None
        room = stack.enter_context(self._state.quota.room())
        if row.form:
            blob = self._state.store.new_blob()
            stack.push_async_callback(blob.close)
            fields, upload = await read_form(request, room, blob, row.form, settings.max_file_bytes, key=key)
            if settings.record_bodies:
                shown = dict(fields) if upload is None else {**dict(fields), row.form: upload.filename}
                seen.body = msgspec.json.encode(shown)
            return from_form(row.params, fields), False, upload
        raw, body = await read_json(request, room)
        if key is not None:
            key.content.update(raw)
        if settings.record_bodies:
            seen.body = raw
        stream = take_stream(row, body)
        return without_nulls(row.params, body, protocol), stream, None

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Next) -> web.StreamResponse:
        """Answer a request or refuse it, and decide about the rest of a body that was not read."""
        _seen.set(_Seen(time.perf_counter()))
        connection = connection_of(request)
        if connection is not None:
            connection.head_is_complete()
        response = await self._answer(request, handler)
        if connection is not None:
            # Otherwise aiohttp would read and unpack the rest of the body for 10 s, to keep the connection.
            if response.status >= 400 and _is_long(request):
                connection.skip_body()
                response.force_close()
            connection.is_served()
        return response

    async def _answer(self, request: web.Request, handler: _Next) -> web.StreamResponse:
        """Check the access, expire what is due, and answer every error in the vendor's form."""
        try:
            if request.path in PATHS:
                return await handler(request)
            preflight = self._access.preflight(request)
            if preflight is not None:
                return preflight
            if self._page is not None and self._page.has(request):
                # The page itself is public: its requests to the API need the key.
                self._access.check_place(request)
                return await handler(request)
            self._access.check(request)
            if self._state.settings.dialect == "foundry":
                check_version(request)
            if self._state.has_due():
                await self._state.expire()
            return await handler(request)
        except APIError as error:
            return _refused(error)
        except (StoreError, web.HTTPException) as error:
            return _refused(_translated(request, error))
        except (ConnectionError, web.RequestPayloadError) as error:
            # A client that left before its body was whole never reads this answer.
            return _refused(invalid(f"We could not read the body of your request: {error}"))
        except Exception:  # noqa: BLE001  the last line of defence: a fault of the server is a 500, not a cut connection
            _log.exception("%s %s failed", request.method, request.path)
            return _refused(broken())

    async def _stamp(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put the usual headers on an answer and record it; streams pass here before their first byte."""
        # An `Expect` that aiohttp does not know is refused before any middleware.
        seen = _seen.get(None) or _Seen(time.perf_counter())
        response.headers.update(self._access.headers(request))
        response.headers["x-request-id"] = self._state.names.request()
        response.headers["openai-version"] = _VERSION
        response.headers["openai-processing-ms"] = str(round(1000 * (time.perf_counter() - seen.started)))
        if _requests.isEnabledFor(logging.INFO):
            elapsed, row = 1000 * (time.perf_counter() - seen.started), TABLE.get(seen.operation or "")
            path = "-" if row is None else row.path
            _requests.info("%s %s %d %.1f ms", request.method, path, response.status, elapsed)
        self.requests.add(
            RequestRecord(
                method=request.method,
                path=request.rel_url.raw_path,
                operation=seen.operation,
                status=response.status,
                body=None,
                query=request.rel_url.raw_query_string,
                headers={name.lower(): text for name, text in request.headers.items() if name.lower() not in _SECRETS},
            ),
            seen.body,
        )


def _page_files(prefix: str, dialect: str | None, api_key: str | None) -> PageFiles:
    query = {"api-version": "v1"} if dialect == "foundry" else {}
    return PageFiles(PageSettings(api=prefix.strip("/"), query=query, asks_key=api_key is not None))


def _is_long(request: web.Request) -> bool:
    """Check for a long rest of a body, which costs more to read than a new connection."""
    length = request.content_length
    return not request.content.is_eof() and (length is None or length > _SHORT_BODY)


def _by_specificity() -> list[Endpoint[Any, Any]]:
    # `/threads/runs` before `/threads/{thread_id}`: aiohttp takes the first route that fits.
    rows = [row for row in TABLE.values() if row.operation in HANDLERS]
    return sorted(rows, key=lambda row: [part.startswith("{") for part in row.path.split("/")])


def _protocol(request: web.Request, default: ProtocolVersion) -> ProtocolVersion:
    header = ",".join(request.headers.getall("openai-beta", []))
    match = _BETA.search(header)
    if match is None:
        return default
    if match[1] == "v1":
        return "v1"
    if match[1] == "v2":
        return "v2"
    raise invalid(
        "The header 'OpenAI-Beta' must be 'assistants=v1' or 'assistants=v2' for the Assistants API.",
        code="invalid_beta",
    )


def _translated(request: web.Request, error: StoreError | web.HTTPException) -> APIError:
    if isinstance(error, StoreError):
        _log.error("%s %s: %s", request.method, request.path, error)
        return unavailable(is_full=isinstance(error, StoreFullError))
    # aiohttp refuses in plain text, and clients of this API read an error object.
    match error.status:
        case 404:
            return APIError(404, f"Invalid URL ({request.method} {request.path})", code="unknown_url")
        case 405:
            message = f"Not allowed to {request.method} on {request.path}."
            return APIError(405, message, code="method_not_supported", headers={"allow": error.headers["allow"]})
        case status:
            return APIError(status, error.reason)


def _refused(refusal: APIError) -> web.Response:
    body = msgspec.json.encode(refusal.body())
    return web.Response(status=refusal.status, body=body, content_type="application/json", headers=refusal.headers)
