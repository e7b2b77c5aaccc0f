"""The aiohttp application: routes from the table, and what every request has in common."""

from __future__ import annotations

import hmac
import logging
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from ..core.requests.endpoint import Endpoint, ProtocolVersion
from ..endpoints import TABLE
from .errors import APIError, broken, invalid, too_large, unauthorized
from .handlers.table import HANDLERS
from .request_log import KEPT, RequestRecord
from .requests.bodies import MAX_JSON_BYTES, read_form, read_json
from .requests.context import Context, State, Upload
from .requests.nulls import without_nulls
from .requests.validation import Values, checked, from_form, from_query, take_stream

_log = logging.getLogger(__name__)

PREFIXES = ("/v1", "/openai", "/openai/v1", "/api/projects/{project}")
"""Where the API is mounted: the vendor's place, and those of Azure-style clients."""

_BETA = re.compile(r"assistants\s*=\s*([^\s,;]+)")
_SECRETS = frozenset({"authorization", "api-key", "cookie", "proxy-authorization"})
_VERSION = "2020-10-01"

_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class _Seen:
    """What is known of a request by the time that it is answered."""

    started: float
    operation: str | None = None
    body: Any = None


# aiohttp serves the requests of a connection one after the other in one task, and sends its signals there; what it
# lets one store on a request itself differs between its releases.
_seen: ContextVar[_Seen] = ContextVar("assistants_async.server.seen")


class API:
    """The application and what it keeps of requests."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.requests: deque[RequestRecord] = deque(maxlen=KEPT)
        """The journal."""
        self.app = web.Application(middlewares=[self._guard], client_max_size=MAX_JSON_BYTES)
        """What serves it."""
        self.app.on_response_prepare.append(self._stamp)
        for prefix in PREFIXES:
            for row in _by_specificity():
                self.app.router.add_route(row.method, prefix + row.path, partial(self._serve, row))

    async def _serve(self, row: Endpoint[Any, Any], request: web.Request) -> web.StreamResponse:
        seen = _seen.get()
        seen.operation = row.operation
        protocol = _protocol(request, self._state.settings.protocol)
        if protocol not in row.protocols:
            message = f"{row.operation} is in protocol {row.protocols[0]} only; this request speaks {protocol}."
            raise invalid(message, code="invalid_beta")
        values, stream, upload = await self._read(row, request, seen, protocol)
        context = Context(
            state=self._state,
            endpoint=row,
            protocol=protocol,
            ids=dict(request.match_info),
            values=checked(row, values, protocol),
            stream=stream,
            http=request,
            upload=upload,
        )
        answer = await HANDLERS[row.operation](context)
        if isinstance(answer, web.StreamResponse):
            return answer
        return _json(200, answer, context.headers)

    async def _read(
        self, row: Endpoint[Any, Any], request: web.Request, seen: _Seen, protocol: ProtocolVersion
    ) -> tuple[Values, bool, Upload | None]:
        values = from_query(row, request.query.items())
        if not row.takes_body:
            return values, False, None
        if row.form:
            assert row.params is not None
            fields, upload = await read_form(request, row.form, self._state.settings.max_file_bytes)
            seen.body = dict(fields) if upload is None else {**dict(fields), row.form: upload.filename}
            return {**values, **from_form(row.params, fields)}, False, upload
        body = await read_json(request)
        seen.body = dict(body) or None
        stream = take_stream(row, body)
        if row.params is not None:
            body = without_nulls(row.params, body, protocol)
        return {**values, **body}, stream, None

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Next) -> web.StreamResponse:
        """Check the key, answer every error as the vendor did, and let time pass for what expires."""
        _seen.set(_Seen(time.perf_counter()))
        try:
            self._authorize(request)
            self._state.expire()
            return await handler(request)
        except APIError as error:
            refusal = error
        except web.HTTPException as error:
            refusal = _translated(request, error)
        except (ConnectionError, web.RequestPayloadError) as error:
            # Where the client left before its body was whole, this goes nowhere.
            refusal = invalid(f"We could not read the body of your request: {error}")
        except Exception:  # noqa: BLE001  the last line of defence: a fault of the server is a 500, not a cut connection
            _log.exception("%s %s failed", request.method, request.path)
            refusal = broken()
        return _json(refusal.status, refusal.body(), refusal.headers)

    def _authorize(self, request: web.Request) -> None:
        key = self._state.settings.api_key
        if key is None:
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = request.headers.get("api-key") or (token.strip() if scheme.lower() == "bearer" else "")
        if not hmac.compare_digest(given.encode(), key.encode()):
            raise unauthorized(bool(given))

    async def _stamp(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put the usual headers on an answer and enter it in the journal; streams pass here before their first byte."""
        seen = _seen.get()
        response.headers["x-request-id"] = self._state.names.request()
        response.headers["openai-version"] = _VERSION
        response.headers["openai-processing-ms"] = str(round(1000 * (time.perf_counter() - seen.started)))
        self.requests.append(
            RequestRecord(
                method=request.method,
                path=request.rel_url.raw_path,
                operation=seen.operation,
                status=response.status,
                body=seen.body,
                query=request.rel_url.raw_query_string,
                headers={name.lower(): text for name, text in request.headers.items() if name.lower() not in _SECRETS},
            )
        )


def _by_specificity() -> list[Endpoint[Any, Any]]:
    # `/threads/runs` before `/threads/{thread_id}`: a template must not take what a fixed path means.
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


def _translated(request: web.Request, error: web.HTTPException) -> APIError:
    match error.status:
        case 404:
            return APIError(404, f"Invalid URL ({request.method} {request.path})", code="unknown_url")
        case 405:
            message = f"Not allowed to {request.method} on {request.path}."
            return APIError(405, message, code="method_not_supported", headers={"allow": error.headers["allow"]})
        case 413:
            return too_large(MAX_JSON_BYTES)
        case status:
            return APIError(status, error.reason)


def _json(status: int, document: Any, headers: dict[str, str]) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(document), content_type="application/json", headers=headers
    )
