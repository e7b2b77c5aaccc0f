"""`client.steps`."""

from __future__ import annotations

from typing import Unpack

from .. import endpoints
from ..calls.call import Call
from ..calls.lists import ListCall
from ..models import params
from ..models.runs import Run
from ..models.steps import RunStep
from ..models.threads import Thread
from .base import Resource


class Steps(Resource):
    """Steps of a run: the messages it wrote and the tools it called."""

    __slots__ = ()

    def retrieve(
        self,
        thread: Thread | str,
        run: Run | str,
        step: RunStep | str,
        /,
        **keywords: Unpack[params.RetrieveStepParams],
    ) -> Call[RunStep, RunStep]:
        """Get one step (`getRunStep`)."""
        return self._call(endpoints.GET_RUN_STEP, thread, run, step, **keywords)

    def list(
        self, thread: Thread | str, run: Run | str, /, **keywords: Unpack[params.ListStepsParams]
    ) -> ListCall[RunStep]:
        """List a run's steps, newest first (`listRunSteps`)."""
        return self._list(endpoints.LIST_RUN_STEPS, thread, run, **keywords)
