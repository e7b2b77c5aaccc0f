"""A run to be taken to its end, with all that it takes: what `poll`, `wait`, `drive` and `resume` come down to."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar, cast

from ...core.requests.options import Options
from ...core.requests.request import Request
from ...core.runs.status import BAD_ENDS, error_of
from ...errors import AnswerDecodeError, AssistantsError, RunError
from ...models.messages import Message
from ...models.runs import Run
from ...session.hooks import report_error
from ...tools.schema import AnswerFormat
from .loop import RunLoop
from .result import RunResult, answer_of, refusal_of, total

T = TypeVar("T")


class RunExecution(Generic[T]):
    """A run to be taken to its end, once; `T` is what its answer is read as."""

    def __init__(
        self,
        driver: RunLoop,
        work: Callable[[], Coroutine[Any, Any, Run]],
        request: Request,
        options: Options,
        format: AnswerFormat[T] | None = None,
    ) -> None:
        self.driver = driver
        """What does it."""
        self.name = request.endpoint.name
        """The method whose request it begins with."""
        self.format = format
        """How the answer is read; None for text."""
        self._work = work
        self._request = request
        self._options = options

    async def run(self) -> Run:
        """Do it; raises `RunError`, `TransportError`, `StatusError` and `StreamError`."""
        try:
            return await self.driver.hold.until(self._work)
        except AssistantsError as error:
            # Of a request that failed, that request has told; a deadline may pass with none under way.
            if isinstance(error, RunError) or not hasattr(error, "__notes__"):
                await self.driver.hold.after(report_error(error, self._request, self._options))
            raise

    async def result(self) -> RunResult[T]:
        """Do it and put together what came of it; raises `AnswerDecodeError` besides."""
        run = await self.run()
        driver = self.driver
        messages = driver.snapshot.messages
        return RunResult(
            run=run,
            messages=messages,
            steps=driver.snapshot.steps,
            usage=total(driver.usage),
            text=answer_of(messages),
            parsed=await self._parsed(run, messages),
            rounds=driver.answers.rounds,
        )

    async def _parsed(self, run: Run, messages: tuple[Message, ...]) -> T:
        if self.format is None:
            return cast("T", None)
        try:
            return _read(self.format, messages)
        except AnswerDecodeError as bad:
            # A run that stopped short is why there is no whole answer, also where `raise_on` lets it pass.
            error = error_of(run, BAD_ENDS, self.driver.snapshot.steps) or bad
            await self.driver.hold.after(report_error(error, self._request, self._options))
            raise error from (None if error is bad else bad)


def _read(format: AnswerFormat[T], messages: tuple[Message, ...]) -> T:
    refusal = refusal_of(messages)
    if refusal is not None:
        raise AnswerDecodeError("the model refused to answer", path="$", text=refusal)
    return format.decode(answer_of(messages))
