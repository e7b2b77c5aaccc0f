"""The responder over a model: each turn is one streamed request to a chat-completions endpoint."""

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
from .schema_reader import SchemaReader
from .schema_tools import has_schema, with_schema
from .settings import BackendSettings

_log = logging.getLogger(__name__)

# In the order of the totals in `_spent`.
_BUDGETS = ("max_prompt_tokens", "max_completion_tokens")


class ChatCompletions(Backend):
    """Answers runs from a model behind `POST {url}/chat/completions`.

    Args:
        url: Base URL of the backend, such as `"http://127.0.0.1:11434/v1"`.
        model: Model of every run; None uses `model_map`, or the run's own without a map.
        model_map: The backend's model for each model name of a run; `"*"` is for every other name.
        api_key: The backend's key, or a function that returns it.
        context: Context size of the model in tokens; None reads it from the backend's list of models.
        file_search: `"tool"` lets the model search, `"inject"` searches once before the answer; `"auto"` is `"tool"`
            with native tools, `"inject"` with `tools="schema"`.
        tools: `"schema"` gets calls by a JSON schema, for backends that have no tools or ignore `tool_choice`.
        code_interpreter: `"refuse"` fails runs that have it, `"ignore"` leaves it out.
        limit_name: The backend's name for the token limit of an answer.
        timeout: Seconds of silence after which a request to the backend fails.
        connections: Requests that may be under way at once.

    Raises `ValueError` for a malformed URL or key.
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
        """The settings that shape requests."""
        self._url = url
        self._key = api_key
        self._connection = BackendConnection(url, api_key, timeout=timeout, connections=connections)
        self._include_usage = True
        self._estimates = False
        self._context_is_known = context is not None

    @property
    @override
    def calls_search(self) -> bool:
        """True where the model itself calls the search."""
        return self.settings.searches_by_tool

    @override
    async def __call__(self, turn: Turn) -> AsyncGenerator[Action, None]:
        """Answer one turn."""
        # A round with no budget left would cost a request whose answer nobody may use.
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
                # No retry is counted: the next request differs from the refused one.
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
        """Return the backend's models with their context sizes; raises `AssistantsError` where it gives no list."""
        return await self._connection.models()

    @override
    def accepts(self, model: str) -> bool:
        """Check the map for a run's model."""
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
            # Once a server, not once a run.
            self._estimates = True
            _log.warning("the backend counts no tokens: the usage of runs is estimated")

    async def _find_context(self, turn: Turn) -> None:
        """Read the context size of the model from the backend, once; where it gives none, whole threads are sent."""
        if self._context_is_known:
            return
        # Before the request: turns that start together send one request, not one each.
        self._context_is_known = True
        try:
            known = await self._connection.models()
        except AssistantsError as error:
            _log.info("the backend does not list its models: %s", self._clean(str(error)))
            return
        model = self.settings.resolve(turn.run["model"])
        self.settings = replace(self.settings, context=known.get(model or ""))

    def _without_usage(self, error: Exception) -> bool:
        """Check a refusal for `stream_options`, which no later request has then."""
        # By its text: backends have no common code for an unknown member.
        refused = self._include_usage and ("stream_options" in str(error) or "include_usage" in str(error))
        if refused:
            self._include_usage = False
        return refused

    def _wait(self, failure: Failure, failures: int, left: float) -> float | None:
        """Return the seconds before the next try; None for no further try."""
        if not failure.passing or failures >= MOST_RETRIES:
            return None
        wait = failure.retry_after
        if wait is None:
            # Runs that failed together must not try again at the same moment.
            jitter = random.random() / 2  # noqa: S311  jitter needs no secret
            wait = exponential_backoff(failures, first=0.5, growth=2, longest=8, jitter=jitter)
        # After a longer wait the run would be `expired`, and its reason lost.
        return wait if wait < left else None

    def _clean(self, message: str) -> str:
        """Mask the backend's address and key in a message: the run's readers are not the server's owners."""
        key = self._key() if callable(self._key) else self._key
        # The URL before its host, which is a part of it.
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
    """Return the budget that is exceeded, or with `at_least` used up; None where all have tokens left."""
    more = used or Used(0, 0)
    totals = (turn.used.prompt + more.prompt, turn.used.completion + more.completion)
    for name, total in zip(_BUDGETS, totals, strict=True):
        most = turn.run.get(name)
        if most is not None and (total > most or (at_least and total >= most)):
            return name
    return None
