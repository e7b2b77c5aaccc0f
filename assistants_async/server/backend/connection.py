"""The connection to a chat-completions server, over the client's own session and transport."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import msgspec

from ..._typing import is_array, is_object
from ...core.requests.base_url import split_base_url
from ...core.requests.endpoint import Endpoint
from ...core.requests.options import Options, Timeout
from ...core.requests.request import Request
from ...core.requests.retry import RetryPolicy
from ...core.streams.sse import SSEDecoder
from ...errors import AssistantsError
from ...models.base import Object
from ...session.credentials import Credential
from ...session.manager import SessionManager
from ...session.request_writer import RequestWriter
from ...transport.aiohttp_transport import AiohttpTransport

_CHAT: Endpoint[Any, Any] = Endpoint(
    operation="createChatCompletion",
    name="chat.completions.create",
    method="POST",
    path="/chat/completions",
    result=Object,
    item=Object,
    idempotent=False,
    streams=True,
)
_MODELS: Endpoint[Any, Any] = Endpoint(
    operation="listModels", name="models.list", method="GET", path="/models", result=Object, item=Object
)
# Headers of the Assistants protocol that a chat-completions server must not get.
_HEADERS: Mapping[str, str | None] = {"openai-beta": None, "idempotency-key": None}
_MOST_JSON = 64 * 2**20
# The members of vLLM, llama.cpp and gateways, in this order.
_CONTEXT_NAMES = ("max_model_len", "context_length", "context_window", "n_ctx")


class BackendConnection:
    """Sends requests to one backend, in one event loop; the server closes it."""

    def __init__(self, url: str, key: str | Callable[[], str] | None, *, timeout: float, connections: int) -> None:
        base_url, query = split_base_url(url)
        writer = RequestWriter(base_url=base_url, query=query, protocol="v2", credential=Credential(key), headers={})
        self._session = SessionManager(writer, lambda: AiohttpTransport(max_connections=connections))
        # No limit in all: a long answer is no failure, silence is.
        limits = Timeout(connect=min(5.0, timeout), pool=timeout, head=timeout, idle=timeout, total=None)
        # No retries here: only the responder knows about output that the run has shown already.
        self._options = Options(timeout=limits, retry=RetryPolicy(max_retries=0), headers=_HEADERS)

    async def events(self, body: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """Send a request and yield the data of each event, or a whole JSON answer as one.

        Raises `StatusError` and `TransportError`, like the client. Closing the generator cuts the connection.
        """
        response = await self._session.open(Request(_CHAT, _CHAT.path, body=body), self._options)
        try:
            # Some servers ignore `stream` and answer with one document.
            if "json" in response.http.content_type and "event-stream" not in response.http.content_type:
                await response.read_all(_MOST_JSON, truncate=False)
                yield response.content
                return
            decoder = SSEDecoder()
            while piece := await response.read():
                for event in decoder.feed(piece):
                    yield event.data
                if decoder.error is not None:
                    raise decoder.error
        finally:
            response.close()

    async def models(self) -> dict[str, int | None]:
        """Return the backend's models, each with its context size or None; raises the client's errors."""
        # Short limits: probes and the first run wait for this answer.
        limits = msgspec.structs.replace(self._options, timeout=Timeout(connect=5.0, head=10.0, idle=10.0, total=15.0))
        response = await self._session.open(Request(_MODELS, _MODELS.path), limits)
        try:
            await response.read_all(_MOST_JSON, truncate=False)
        finally:
            response.close()
        try:
            document: object = msgspec.json.decode(response.content)
        except ValueError as error:
            raise AssistantsError("the list of models is not JSON") from error
        rows: object = document.get("data") if is_object(document) else document
        found: dict[str, int | None] = {}
        for row in rows if is_array(rows) else ():
            if is_object(row) and isinstance(row.get("id"), str):
                found[row["id"]] = _context(row)
        return found

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()


def _context(row: Mapping[str, Any]) -> int | None:
    """Return the context size of a model in tokens; None where its row has none."""
    meta = row.get("meta")
    places = [row, meta] if is_object(meta) else [row]
    values = [place.get(name) for place in places for name in _CONTEXT_NAMES]
    return next((value for value in values if type(value) is int and value > 0), None)
