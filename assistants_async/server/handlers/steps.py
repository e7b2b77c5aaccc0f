"""Run steps."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import missing
from ..requests.context import Context, Handler
from ..requests.pages import envelope, page_of
from ..storage.documents import INCLUDED, without_content
from ..storage.interface import Document
from .runs import find_run


async def retrieve(context: Context) -> Document:
    """Serve `getRunStep`."""
    run, step_id = await find_run(context), context.ids["step_id"]
    step = await context.batch.find("step", step_id, run["thread_id"])
    # Steps are stored by thread, so that its runs are read in one go.
    if step is None or step["run_id"] != run["id"]:
        raise missing("step", step_id)
    return _shown(context, step)


async def index(context: Context) -> Document:
    """Serve `listRunSteps`."""
    run = await find_run(context)
    found = await page_of(context, "step", run["thread_id"], ref=run["id"])
    return envelope([_shown(context, row.document) for row in found.rows], more=found.more)


def _shown(context: Context, step: Document) -> Document:
    shown = context.render("step", step)
    return shown if INCLUDED in context.values.get("include", ()) else without_content(shown)


HANDLERS: Mapping[str, Handler] = {"listRunSteps": index, "getRunStep": retrieve}
"""By operationId."""
