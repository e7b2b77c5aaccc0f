"""`client.runs`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from .. import endpoints
from ..calls.call import Call
from ..calls.lists import ListCall
from ..models import params
from ..models.runs import Run
from ..models.threads import Thread
from ..tools.definitions import with_definitions
from ..tools.schema import AnswerFormat, answer_format
from ..tools.toolbox import Toolbox
from ..workflows.runs.call import RunCall, run_execution
from ..workflows.runs.drive import Drive
from ..workflows.runs.options import DriveOptions, PollOptions, RunOptions, drive_options, poll_options
from ..workflows.threads.busy_thread import IfActive
from .base import Resource

if TYPE_CHECKING:
    from ..workflows.runs.execution import RunExecution

T = TypeVar("T")


class Runs(Resource):
    """An assistant at work on a thread, from queued to its end."""

    __slots__ = ()

    def create(
        self, thread: Thread | str, /, *, if_active: IfActive = "raise", **keywords: Unpack[params.CreateRunParams]
    ) -> RunCall:
        """Start a run; where another is active `if_active` says what then, see `IfActive` (`createRun`)."""
        return RunCall(*self._busy(endpoints.CREATE_RUN, thread, if_active=if_active, **with_definitions(keywords)))

    def retrieve(self, thread: Thread | str, run: Run | str, /, **keywords: Unpack[params.NoParams]) -> Call[Run, Run]:
        """Get a run as it is now (`getRun`)."""
        return self._call(endpoints.GET_RUN, thread, run, **keywords)

    def modify(
        self, thread: Thread | str, run: Run | str, /, **keywords: Unpack[params.ModifyRunParams]
    ) -> Call[Run, Run]:
        """Change a run's metadata (`modifyRun`)."""
        return self._call(endpoints.MODIFY_RUN, thread, run, **keywords)

    def cancel(self, thread: Thread | str, run: Run | str, /, **keywords: Unpack[params.NoParams]) -> Call[Run, Run]:
        """Ask an active run to end; it is `cancelling` until it has (`cancelRun`)."""
        return self._call(endpoints.CANCEL_RUN, thread, run, **keywords)

    def submit_tool_outputs(
        self, thread: Thread | str, run: Run | str, /, **keywords: Unpack[params.SubmitToolOutputsParams]
    ) -> RunCall:
        """Answer the tool calls of a run that requires action, all in one request (`submitToolOuputsToRun`).

        Or decide about its calls of MCP servers that wait for approval (Foundry only), all in one request.
        """
        return self._run(endpoints.SUBMIT_TOOL_OUTPUTS, thread, run, **keywords)

    def wait(self, thread: Thread | str, run: Run | str, /, **options: Unpack[PollOptions]) -> Coroutine[Any, Any, Run]:
        """Await for a run that was started elsewhere, at its end or asking for tool outputs: see `RunCall.poll`.

        The run goes on when the wait ends, unless `on_deadline="cancel"`.
        """
        options.setdefault("on_deadline", "leave")
        return self._execution(thread, run, poll_options("wait", **options)).run()

    @overload
    def resume(
        self,
        thread: Thread | str,
        run: Run | str,
        toolbox: Toolbox | None = None,
        /,
        *,
        output_type: None = None,
        **options: Unpack[DriveOptions],
    ) -> Drive[None]: ...

    @overload
    def resume(
        self,
        thread: Thread | str,
        run: Run | str,
        toolbox: Toolbox | None = None,
        /,
        *,
        output_type: type[T],
        **options: Unpack[DriveOptions],
    ) -> Drive[T]: ...

    def resume(
        self,
        thread: Thread | str,
        run: Run | str,
        toolbox: Toolbox | None = None,
        /,
        *,
        output_type: type[Any] | None = None,
        **options: Unpack[DriveOptions],
    ) -> Drive[Any]:
        """Take a run that was started elsewhere to its end, as after a crash: see `RunCall.drive`.

        A tool whose output is in the run's steps is not called again, nor one whose output `ledger` recalls.
        `output_type` only reads the answer: its format was fixed when the run was made.
        """
        wanted = None if output_type is None else answer_format(output_type)
        return Drive(self._execution(thread, run, drive_options("resume", **options), toolbox, wanted))

    def _execution(
        self,
        thread: Thread | str,
        run: Run | str,
        options: RunOptions,
        toolbox: Toolbox | None = None,
        format: AnswerFormat[Any] | None = None,
    ) -> RunExecution[Any]:
        context = self._context
        request = context.bind(endpoints.GET_RUN, (thread, run), {})
        return run_execution(context.session, request, context.options, options, toolbox, format)

    def list(self, thread: Thread | str, /, **keywords: Unpack[params.ListParams]) -> ListCall[Run]:
        """List a thread's runs, newest first (`listRuns`)."""
        return self._list(endpoints.LIST_RUNS, thread, **keywords)
