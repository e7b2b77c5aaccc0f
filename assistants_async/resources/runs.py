"""`client.runs`."""

from __future__ import annotations

from typing import Unpack

from .. import endpoints
from ..call import Call
from ..models import params
from ..models.runs import Run
from ..models.threads import Thread
from ..paging import ListCall
from ..workflows.runs import RunCall
from .base import Resource


class Runs(Resource):
    """An assistant at work on a thread, from queued to its end."""

    __slots__ = ()

    def create(self, thread: Thread | str, /, **keywords: Unpack[params.CreateRunParams]) -> RunCall:
        """Start a run; `ThreadBusyError` where another is active (`createRun`)."""
        return self._run(endpoints.CREATE_RUN, thread, **keywords)

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

    def list(self, thread: Thread | str, /, **keywords: Unpack[params.ListParams]) -> ListCall[Run]:
        """List a thread's runs, newest first (`listRuns`)."""
        return self._list(endpoints.LIST_RUNS, thread, **keywords)
