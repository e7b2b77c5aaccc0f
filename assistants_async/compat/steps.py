"""`client.beta.threads.runs.steps`."""

from __future__ import annotations

from typing import Unpack

from . import params
from .models import RunStep
from .pages import AsyncPaginator
from .pending import Pending
from .resource import Resource


class AsyncSteps(Resource):
    """Steps of a run: the messages it wrote and the tools it called."""

    noun = "beta.threads.runs.steps"
    answers = ("retrieve", "list")

    def retrieve(self, step_id: str, **keywords: Unpack[params.RetrieveStep]) -> Pending[RunStep]:
        """Get a step."""
        client, members = self._part("retrieve", params.RetrieveStep, keywords, body=False)
        return Pending(client.steps.retrieve(members.pop("thread_id"), members.pop("run_id"), step_id, **members))

    def list(self, run_id: str, **keywords: Unpack[params.ListSteps]) -> AsyncPaginator[RunStep]:
        """List a run's steps, newest first."""
        client, members = self._part("list", params.ListSteps, keywords, body=False)
        return AsyncPaginator(client.steps.list(members.pop("thread_id"), run_id, **members))
