"""`client.runs`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar, Unpack, overload

from .. import endpoints
from ..calls.call import Call
from ..calls.lists import ListCall
from ..models import params
from ..models.runs import Run
from ..models.threads import Thread
from ..tools.toolbox import Toolbox
from ..workflows.runs.call import RunCall
from ..workflows.runs.drive import Drive
from ..workflows.runs.options import DriveOptions, PollOptions
from ..workflows.threads.busy_thread import IfActive
from .base import Resource

T = TypeVar("T")


class Runs(Resource):
    """An assistant at work on a thread, from queued to its end."""

    __slots__ = ()

    def create(
        self, thread: Thread | str, /, *, if_active: IfActive = "raise", **keywords: Unpack[params.CreateRunParams]
    ) -> RunCall:
        """Start a run; where another is active `if_active` says what then, see `IfActive` (`createRun`)."""
        return RunCall(*self._busy(endpoints.CREATE_RUN, thread, if_active=if_active, **keywords))

    def retrieve(self, thread: Thread | str, run: Run | str, /) -> Call[Run, Run]:
        """Get a run as it is now (`getRun`)."""
        return self._call(endpoints.GET_RUN, thread, run)

    def modify(
        self, thread: Thread | str, run: Run | str, /, **keywords: Unpack[params.ModifyRunParams]
    ) -> Call[Run, Run]:
        """Change a run's metadata (`modifyRun`)."""
        return self._call(endpoints.MODIFY_RUN, thread, run, **keywords)

    def cancel(self, thread: Thread | str, run: Run | str, /) -> Call[Run, Run]:
        """Ask an active run to end; it is `cancelling` until it has (`cancelRun`)."""
        return self._call(endpoints.CANCEL_RUN, thread, run)

    def submit_tool_outputs(
        self, thread: Thread | str, run: Run | str, /, **keywords: Unpack[params.SubmitToolOutputsParams]
    ) -> RunCall:
        """Answer the tool calls of a run that requires action, all in one request (`submitToolOuputsToRun`)."""
        return self._run(endpoints.SUBMIT_TOOL_OUTPUTS, thread, run, **keywords)

    def wait(self, thread: Thread | str, run: Run | str, /, **options: Unpack[PollOptions]) -> Coroutine[Any, Any, Run]:
        """Await for a run that was started elsewhere, at its end or asking for tool outputs: see `RunCall.poll`.

        What ends the wait leaves the run as it is, unless `on_deadline="cancel"`.
        """
        options.setdefault("on_deadline", "leave")
        return self._taken(thread, run).poll(**options)

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

        A tool whose output the run's steps hold is not called again, nor one whose output `ledger` recalls.
        `output_type` reads the answer; what it was asked for is settled.
        """
        chosen: Any = output_type
        return self._taken(thread, run).drive(toolbox, output_type=chosen, **options)

    def _taken(self, thread: Thread | str, run: Run | str) -> RunCall:
        row: Any = endpoints.GET_RUN
        return self._run(row, thread, run)

    def list(self, thread: Thread | str, /, **keywords: Unpack[params.ListParams]) -> ListCall[Run]:
        """List a thread's runs, newest first (`listRuns`)."""
        return self._list(endpoints.LIST_RUNS, thread, **keywords)
