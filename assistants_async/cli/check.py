"""`check --backend`: sends test requests to a chat-completions server, and prints the abilities that runs can use."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from ..errors import AssistantsError, StatusError
from ..server.backend.chunks import AnswerReader, BackendError, ChunkAction, error_text
from ..server.backend.connection import BackendConnection
from ..server.engine.actions import CallPiece, Ended, Piece, Used

# A PNG of one pixel: the smallest image that every decoder takes.
_PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_WEATHER: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one request to the backend."""

    name: str
    """The ability."""
    works: bool
    """True where runs can use the ability."""
    detail: str
    """A sentence about the result."""


def run_check(url: str, key: str | None, model: str | None, seconds: float) -> int:
    """Print one line for each ability; return 0 where streams work, 1 where they fail, 2 for a malformed URL."""
    try:
        findings = asyncio.run(_check(url, key, model, seconds))
    except ValueError as error:
        print(f"assistants-async check: {error} (--backend)", file=sys.stderr)
        return 2
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{'yes' if finding.works else 'no ':3} {finding.name:{width}}  {finding.detail}")
    return 0 if any(finding.name == "stream" and finding.works for finding in findings) else 1


async def _check(url: str, key: str | None, model: str | None, seconds: float) -> Sequence[Finding]:
    connection = BackendConnection(url, key, timeout=seconds, connections=2)
    try:
        findings, known = await _models(connection)
        name = model or next(iter(known), None)
        if name is None:
            return [*findings, Finding("stream", works=False, detail="the model is unknown: name one with --model")]
        checker = _Checker(connection, name)
        findings.append(await checker.stream())
        # Every further test reads a stream: without streams each would fail, after its own time-out.
        if findings[-1].works:
            findings += [
                await checker.usage(),
                await checker.tools(),
                await checker.parallel_tools(),
                await checker.schema(),
                await checker.images(),
            ]
        context = known.get(name)
        detail = f"{context} tokens" if context is not None else "the backend names no size: use serve --context"
        return [*findings, Finding("context", works=context is not None, detail=detail)]
    finally:
        await connection.close()


async def _models(connection: BackendConnection) -> tuple[list[Finding], Mapping[str, int | None]]:
    try:
        known = await connection.models()
    except AssistantsError as error:
        return [Finding("models", works=False, detail=_words(error))], {}
    # Gateways list hundreds of models; five fit on a line.
    shown = ", ".join(list(known)[:5]) + (", …" if len(known) > 5 else "")
    return [Finding("models", works=bool(known), detail=shown or "the list is empty")], known


class _Checker:
    """Tests one model, with one short request for each ability."""

    def __init__(self, connection: BackendConnection, model: str) -> None:
        self._connection = connection
        self._model = model

    async def stream(self) -> Finding:
        actions, problem = await self._ask("Say hello.")
        pieces = sum(isinstance(action, Piece) for action in actions)
        return Finding("stream", works=bool(actions), detail=problem or f"{self._model} answered in {pieces} pieces")

    async def usage(self) -> Finding:
        actions, problem = await self._ask("Say hello.", stream_options={"include_usage": True})
        used = next((action for action in actions if isinstance(action, Used)), None)
        counted = "" if used is None else f"{used.prompt} prompt tokens for one short question"
        detail = problem or counted or "not counted: the usage of runs is an estimate"
        return Finding("usage", works=used is not None, detail=detail)

    async def tools(self) -> Finding:
        actions, problem = await self._ask("Weather in Oslo?", tools=[_WEATHER], tool_choice="required")
        calls = _calls(actions)
        detail = problem or (
            "the model makes required calls" if calls else "the model makes no required call: use serve --tools schema"
        )
        return Finding("tools", works=bool(calls), detail=detail)

    async def parallel_tools(self) -> Finding:
        text = "Call get_weather for Oslo and for Bergen, both at once."
        actions, problem = await self._ask(text, tools=[_WEATHER], tool_choice="required")
        count = len(_calls(actions))
        return Finding("parallel tools", works=count > 1, detail=problem or f"{count} of 2 calls in one answer")

    async def schema(self) -> Finding:
        form = {"type": "json_schema", "json_schema": {"name": "city", "schema": _SCHEMA, "strict": True}}
        actions, problem = await self._ask("Name a city.", response_format=form)
        works = _is_city("".join(action.text for action in actions if isinstance(action, Piece)))
        return Finding(
            "schema", works=works, detail=problem or f"the answer {'fits' if works else 'breaks'} its schema"
        )

    async def images(self) -> Finding:
        parts = [{"type": "text", "text": "Describe it."}, {"type": "image_url", "image_url": {"url": _PIXEL}}]
        actions, problem = await self._ask(parts)
        return Finding("images", works=bool(actions), detail=problem or "the model takes images")

    async def _ask(self, content: object, **members: Any) -> tuple[Sequence[ChunkAction], str]:
        """Return the actions of an answer and ""; for a refused or broken answer, no actions and the reason."""
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": content}],
            # A model that does not stop by itself would keep the check waiting until its time-out.
            "max_tokens": 64,
            "stream": True,
            **members,
        }
        reader, found = AnswerReader(), list[ChunkAction]()
        try:
            async with aclosing(self._connection.events(body)) as events:
                async for data in events:
                    found += reader.feed(data)
                    if reader.is_done:
                        break
            return [*found, *reader.finish()], ""
        except BackendError as error:
            # One line of a terminal: gateways answer with whole pages.
            return [], error.message[:100]
        except AssistantsError as error:
            return [], _words(error)


def _calls(actions: Sequence[ChunkAction]) -> Sequence[CallPiece]:
    # The calls of an answer that was cut may lack a part of their arguments.
    is_whole = any(isinstance(action, Ended) for action in actions)
    return [action for action in actions if isinstance(action, CallPiece) and action.name and is_whole]


def _is_city(text: str) -> bool:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and list(value) == ["city"]  # pyright: ignore[reportUnknownArgumentType]


def _words(error: AssistantsError) -> str:
    if isinstance(error, StatusError):
        message, _ = error_text(error.http.content)
        return f"{error.status}: {message[:100]}"
    return str(error)[:100]
