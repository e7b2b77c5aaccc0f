"""A scripted double of a chat-completions server, for tests of its callers without a model."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Cut:
    """A reset of the connection, in the middle of an answer."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A stop in the middle of an answer: the connection stays open until the other side closes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """An answer as exact bytes and pauses."""

    pieces: Sequence[bytes | float | Cut | Silence] = ()
    """Bytes to write, seconds to wait, or a `Cut` or `Silence`."""
    status: int = 200
    """Status code."""
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    """Headers, the content type among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAnswer:
    """A well-formed answer, streamed with one word in each chunk."""

    text: str = ""
    """Text of the answer."""
    calls: Sequence[tuple[str, Mapping[str, Any] | str]] = ()
    """Functions to call with their arguments."""
    refusal: str = ""
    """Text of a refusal."""
    finish_reason: str | None = None
    """The finish reason; None for `"stop"`, or `"tool_calls"` with calls."""
    usage: tuple[int, int] | None = (10, 5)
    """Prompt and completion tokens; None sends no usage."""


def error_answer(status: int, message: str, *, code: str | None = None, **headers: str) -> RawAnswer:
    """Make a refusal in the vendor's form; the names of headers have `_` for `-`."""
    body = json.dumps({"error": {"message": message, "type": "error", "code": code}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawAnswer(pieces=[body], status=status, headers={"content-type": "application/json", **named})


class ChatBackend:
    """A server of `POST /chat/completions` and `GET /models` on a free loopback port; enter it.

    It plays `answers` in order, one a request, and then answers `Echo: <last user text>` for ever.
    """

    def __init__(
        self,
        answers: Iterable[ChatAnswer | RawAnswer] = (),
        *,
        models: Sequence[str] = ("model",),
        context: int | None = None,
    ) -> None:
        self.answers = list(answers)
        """Answers that no request has got yet."""
        self.requests: list[Mapping[str, Any]] = []
        """Bodies of the requests, oldest first."""
        self.headers: list[Mapping[str, str]] = []
        """Headers of the requests, names in lower case."""
        self.open = 0
        """Number of answers under way."""
        self._models = models
        self._context = context
        self._runner: web.AppRunner | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Base URL of the API."""
        return self._url

    async def __aenter__(self) -> Self:
        # Images arrive in the body, as base64.
        app = web.Application(client_max_size=2**30)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._list_models)
        # A `Silence` never ends by itself: waiting for it to end would be in vain.
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _list_models(self, _request: web.Request) -> web.Response:
        more = {} if self._context is None else {"max_model_len": self._context}
        return web.json_response({"object": "list", "data": [{"id": name, **more} for name in self._models]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body: dict[str, Any] = await request.json()
        self.requests.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        answer = self.answers.pop(0) if self.answers else ChatAnswer(text=f"Echo: {_last_text(body)}")
        raw = answer if isinstance(answer, RawAnswer) else RawAnswer(pieces=_chunks(answer, body))
        response = web.StreamResponse(status=raw.status, headers=raw.headers)
        self.open += 1
        try:
            # Nobody reads the rest of the answer once the other side has left.
            with contextlib.suppress(ConnectionError):
                await self._write(response, request, raw)
        finally:
            self.open -= 1
        return response

    async def _write(self, response: web.StreamResponse, request: web.Request, raw: RawAnswer) -> None:
        """Write an answer up to its end, its `Cut` or its `Silence`."""
        await response.prepare(request)
        for piece in raw.pieces:
            match piece:
                case bytes():
                    await response.write(piece)
                case Cut():
                    assert request.transport is not None
                    request.transport.abort()
                    return
                case Silence():
                    await _until_closed(request)
                    return
                case _:
                    await asyncio.sleep(piece)
        await response.write_eof()


async def _until_closed(request: web.Request) -> None:
    # A handler has no event for it: aiohttp cancels handlers only with `handler_cancellation`.
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110  see above
        await asyncio.sleep(0.005)


def _last_text(body: Mapping[str, Any]) -> str:
    texts = [message["content"] for message in body["messages"] if message["role"] == "user"]
    last: str | list[dict[str, str]] = texts[-1] if texts else ""
    return last if isinstance(last, str) else "".join(part.get("text", "") for part in last)


def _chunks(answer: ChatAnswer, body: Mapping[str, Any]) -> list[bytes]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    words = answer.text.split(" ")
    deltas += ({"content": word if place == 0 else f" {word}"} for place, word in enumerate(words) if answer.text)
    if answer.refusal:
        deltas.append({"refusal": answer.refusal})
    for place, (name, arguments) in enumerate(answer.calls):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        head = {"index": place, "id": f"call_{place}", "type": "function", "function": {"name": name, "arguments": ""}}
        deltas += ({"tool_calls": [head]}, {"tool_calls": [{"index": place, "function": {"arguments": text}}]})
    frames = [_frame({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}) for delta in deltas]
    reason = answer.finish_reason or ("tool_calls" if answer.calls else "stop")
    frames.append(_frame({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
    options: Mapping[str, Any] = body.get("stream_options") or {}
    if answer.usage is not None and options.get("include_usage"):
        prompt, completion = answer.usage
        usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        frames.append(_frame({"choices": [], "usage": usage}))
    return [*frames, b"data: [DONE]\n\n"]


def _frame(chunk: Mapping[str, Any]) -> bytes:
    return b"data: %b\n\n" % json.dumps({"object": "chat.completion.chunk", **chunk}, ensure_ascii=False).encode()
