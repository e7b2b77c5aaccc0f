"""A responder that asks a model: each turn is one request to a chat-completions endpoint, streamed."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import urlsplit

from ..._typing import override
from ...core.requests.retry import exponential_backoff
from ...errors import AssistantsError
from ..engine.actions import Action, Ended, Fail, Incomplete, Used
from ..engine.responder import Backend
from ..engine.turn import Turn
from .chunks import AnswerReader, BackendError
from .connection import BackendConnection
from .failures import MOST_RETRIES, Failure, classify
from .prompt import PromptError, Thread, request_body
from .schema_tools import SchemaReader, has_schema, with_schema
from .settings import BackendSettings

_log = logging.getLogger(__name__)

_BUDGETS = ("max_prompt_tokens", "max_completion_tokens")


class ChatCompletions(Backend):
    """Answers runs from a model behind `POST {url}/chat/completions`.

    Args:
        url: Base URL of the backend, such as `"http://127.0.0.1:11434/v1"`.
        model: Model of every run; None passes the run's own on, or goes by `model_map`.
        model_map: Models of the backend by the names of runs; `"*"` is for every other name.
        api_key: The backend's key, or a function that returns it.
        context: Tokens that fit into the model; None asks the backend, which may not say.
        file_search: `"tool"` lets the model search, `"inject"` searches once before it; `"auto"` goes by `tools`.
        tools: `"schema"` holds calls by a JSON schema, for backends without tools, or that do not enforce a choice.
        code_interpreter: `"refuse"` fails runs that have it, `"ignore"` leaves it out.
        limit_name: Name of the limit of an answer, as the backend wants it.
        timeout: Seconds of silence after which the backend is given up.
        connections: Requests that may be under way at once.

    Raises `ValueError` for a URL or key that cannot be one.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        model_map: Mapping[str, str] | None = None,
        api_key: str | Callable[[], str] | None = None,
        context: int | None = None,
        file_search: Literal["auto", "tool", "inject"] = "auto",
        tools: Literal["native", "schema"] = "native",
        code_interpreter: Literal["refuse", "ignore"] = "refuse",
        limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens",
        timeout: float = 120.0,  # seconds of silence, not of a call
        connections: int = 100,
    ) -> None:
        self.settings = BackendSettings(
            model=model,
            model_map=dict(model_map or {}),
            context=context,
            file_search=file_search,
            tools=tools,
            code_interpreter=code_interpreter,
            limit_name=limit_name,
        )
        """The part of the settings that decides over requests."""
        self._url = url
        self._key = api_key
        self._connection = BackendConnection(url, api_key, timeout=timeout, connections=connections)
        self._include_usage = True
        self._estimates = False
        self._asked_models = context is not None

    @property
    @override
    def calls_search(self) -> bool:
        """True where the model calls the search."""
        return self.settings.searches_by_tool

    @override
    async def __call__(self, turn: Turn) -> AsyncGenerator[Action, None]:
        """Answer one turn."""
        spent = _spent(turn, at_least=True)
        last: Action | None = None if spent is None else Incomplete(spent)
        failures = 0
        if last is None:
            await self._find_context(turn)
        while last is None:
            reader = AnswerReader(turn.call_ids)
            try:
                body, reader = self._prepared(turn)
                async with aclosing(self._answer(turn, body, reader)) as actions:
                    async for action in actions:
                        yield action
            except PromptError as error:
                last = Fail(error.code, error.message)
                continue
            except (AssistantsError, BackendError) as error:
                if not reader.has_output and self._without_usage(error):
                    continue
                failure = classify(error, has_output=reader.has_output)
                _log.warning("the backend failed: %s", self._clean(str(error)))
            else:
                break
            wait = self._wait(failure, failures, turn.seconds_left)
            failures += 1
            if wait is None:
                last = Fail(failure.code, self._clean(failure.message))
            else:
                await asyncio.sleep(wait)
        if last is not None:
            yield last

    @override
    async def models(self) -> Mapping[str, int | None]:
        """Return the backend's models with their contexts; raises `AssistantsError` where it cannot be asked."""
        return await self._connection.models()

    @override
    def accepts(self, model: str) -> bool:
        """Tell whether runs of this model can be answered, by the map."""
        return self.settings.resolve(model) is not None

    @override
    async def close(self) -> None:
        """Close the connections to the backend."""
        await self._connection.close()

    def _prepared(self, turn: Turn) -> tuple[dict[str, Any], AnswerReader]:
        """Write the body of the request for a turn, and make the reader of its answer."""
        body = request_body(_thread(turn), self.settings, include_usage=self._include_usage)
        if self.settings.tools == "schema":
            body = with_schema(body)
            if has_schema(body):
                return body, SchemaReader(turn.call_ids)
        return body, AnswerReader(turn.call_ids)

    async def _answer(self, turn: Turn, body: dict[str, Any], reader: AnswerReader) -> AsyncGenerator[Action, None]:
        async with aclosing(self._connection.events(body)) as events:
            async for data in events:
                for action in reader.feed(data):
                    yield action
                if reader.is_done:
                    break
        used: Used | None = None
        for action in reader.finish():
            used = action if isinstance(action, Used) else used
            over = _spent(turn, used) if isinstance(action, Ended) else None
            yield action if over is None else Incomplete(over)
        if used is None and not self._estimates:
            self._estimates = True
            _log.warning("the backend counts no tokens: the usage of runs is estimated")

    async def _find_context(self, turn: Turn) -> None:
        """Ask the backend, once, how much fits into its model; one that does not say gets whole threads."""
        if self._asked_models:
            return
        self._asked_models = True
        try:
            known = await self._connection.models()
        except AssistantsError as error:
            _log.info("the backend does not list its models: %s", self._clean(str(error)))
            return
        model = self.settings.resolve(turn.run["model"])
        self.settings = replace(self.settings, context=known.get(model or ""))

    def _without_usage(self, error: Exception) -> bool:
        """Tell whether a refusal is of `stream_options`, which is then left out for good."""
        refused = self._include_usage and ("stream_options" in str(error) or "include_usage" in str(error))
        if refused:
            self._include_usage = False
        return refused

    def _wait(self, failure: Failure, failures: int, left: float) -> float | None:
        """Seconds before the next try; None where there is none."""
        if not failure.passing or failures >= MOST_RETRIES:
            return None
        wait = failure.retry_after
        if wait is None:
            jitter = random.random() / 2  # noqa: S311  jitter needs no secret
            wait = exponential_backoff(failures, first=0.5, growth=2, longest=8, jitter=jitter)
        return wait if wait < left else None

    def _clean(self, message: str) -> str:
        """Take the backend's address and key out of its words: the run's readers are not the server's owners."""
        key = self._key() if callable(self._key) else self._key
        for secret in (key, self._url, urlsplit(self._url).netloc):
            if secret:
                message = message.replace(secret, "[masked]")
        return message


def _thread(turn: Turn) -> Thread:
    return Thread(
        run=turn.run,
        items=turn.items,
        file=turn.file,
        found=[f"{found.marker}\n{found.text}" for found in turn.found],
        prompt_used=turn.used.prompt,
        completion_used=turn.used.completion,
        rounds=turn.rounds,
    )


def _spent(turn: Turn, used: Used | None = None, *, at_least: bool = False) -> str | None:
    """Name of the budget that is spent, or with `at_least` used up; None where there is none."""
    more = used or Used(0, 0)
    totals = (turn.used.prompt + more.prompt, turn.used.completion + more.completion)
    for name, total in zip(_BUDGETS, totals, strict=True):
        most = turn.run.get(name)
        if most is not None and (total > most or (at_least and total >= most)):
            return name
    return None
