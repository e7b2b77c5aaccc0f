"""The inspector: the page in front of any server, whose key stays in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from .._typing import is_object
from ..client import AssistantsClient
from ..core.requests.endpoint import Endpoint
from ..core.requests.request import Request
from ..endpoints import TABLE
from ..errors import AssistantsError, ValidationError
from ..session.open_response import OpenResponse
from .errors import APIError, invalid
from .page_files import PageFiles, PageSettings
from .requests.access import Access
from .requests.bodies import MAX_JSON_BYTES

_PREFIX = "/v1"
_PIECE = 2**16
# An answer is read by the page alone: a browser that is led to it has nothing to run.
_HEADERS = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}
_PLAIN_TYPES = ("application/json", "text/event-stream")

_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Inspector:
    """Serves the page on this machine, and sends its requests on by a client; enter the client, and close it after.

    Only the operations of the protocol are sent on. The rules of a server without a key hold: `Host` is a name of this
    machine, and no page of another origin is answered.
    """

    def __init__(self, client: AssistantsClient, page: PageSettings) -> None:
        """Make one for a client; the API of the page is this server's, whatever `page` has."""
        # Error statuses go on to the page, and requests unchanged: the server is to decide about them.
        self._context = client.with_options(raise_for_status=False, validate=False)._context  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  bytes are sent on, which no method of a client does
        self._access = Access(None, (), ())
        server = self._context.session.base_url
        self._page = PageFiles(msgspec.structs.replace(page, api=_PREFIX.strip("/"), server=server))
        self.app = web.Application(middlewares=[self._guard], client_max_size=MAX_JSON_BYTES)
        """The aiohttp application."""
        self._page.add_routes(self.app.router)
        # `/threads/runs` before `/threads/{thread_id}`.
        for row in sorted(TABLE.values(), key=lambda row: row.path.count("{")):
            if "v2" in row.protocols:
                self.app.router.add_route(row.method, _PREFIX + row.path, partial(self._forward, row))
        # Cancellation: a run that nobody watches any more is not read to its end.
        self._runner = web.AppRunner(self.app, handle_signals=False, access_log=None, handler_cancellation=True)
        self._listener: asyncio.Server | None = None

    async def start(self, port: int = 0) -> str:
        """Listen on this machine alone, on a free port where it is 0; return the address of the page."""
        await self._runner.setup()
        try:
            assert self._runner.server is not None
            self._listener = await asyncio.get_running_loop().create_server(self._runner.server, "127.0.0.1", port)
        except BaseException:
            await self._runner.cleanup()
            raise
        return f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}/"

    async def close(self) -> None:
        """Stop listening, and end what is under way."""
        if self._listener is not None:
            self._listener.close()
        await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Next) -> web.StreamResponse:
        try:
            self._access.check_place(request)
            return await handler(request)
        except APIError as error:
            refusal = error
        except ValidationError as error:
            refusal = invalid(str(error))
        except AssistantsError as error:
            # Its text has no key and no query.
            refusal = APIError(502, f"The server cannot be asked: {error}", type="server_error")
        except web.HTTPException as error:
            refusal = APIError(error.status, f"{request.method} {request.path} is no operation of the protocol.")
        return web.json_response(refusal.body(), status=refusal.status, headers=_HEADERS)

    async def _forward(self, row: Endpoint[Any, Any], request: web.Request) -> web.StreamResponse:
        ids = tuple(request.match_info.values())
        if any("/" in part or "\\" in part for part in ids):
            raise invalid("An id of the path has a slash.")  # a server might read it as another path
        sent = self._context.bind(row, ids, {})
        sent.query = {name: request.query.getall(name) for name in request.query}
        await _take_body(sent, request)
        reader = await self._context.session.open(sent, self._context.options)
        try:
            return await _answer(reader, request)
        finally:
            reader.close()


async def _answer(reader: OpenResponse, request: web.Request) -> web.StreamResponse:
    """Send an answer on, piece by piece; cut where it breaks off, so that it does not look whole."""
    kind = reader.http.headers.get("content-type", "").partition(";")[0].strip().lower()
    headers = dict(_HEADERS)
    if kind not in _PLAIN_TYPES:
        kind, headers["content-disposition"] = "application/octet-stream", "attachment"
    response = web.StreamResponse(status=reader.status, headers=headers | {"content-type": kind})
    await response.prepare(request)
    try:
        # The body of an error has been read.
        piece = reader.http.content or await reader.read()
        while piece:
            await response.write(piece)
            piece = await reader.read()
    except AssistantsError as error:
        # aiohttp ends the connection then, in the middle of the body.
        raise ConnectionResetError from error
    await response.write_eof()
    return response


async def _take_body(sent: Request, request: web.Request) -> None:
    """Put the body of the page's request into the one that is sent, as it came."""
    if sent.endpoint.form:
        sent.form = _Form(request)
    elif sent.endpoint.takes_body:
        raw = await request.read()
        try:
            body: object = msgspec.json.decode(raw or b"{}")
        except msgspec.DecodeError as error:
            raise invalid(f"The body is no JSON: {error}") from None
        if not is_object(body):
            raise invalid("The body must be a JSON object.")
        sent.body, sent.encoded_body = body, (body, raw or b"{}")


class _Form:
    """The form of a request, which is sent on while it comes."""

    failure: Exception | None = None
    replayable = False

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.content_type = request.headers.get("content-type", "")
        self.length = request.content_length

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body piece by piece."""
        async for piece in self._request.content.iter_chunked(_PIECE):
            yield piece
