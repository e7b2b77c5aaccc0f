"""Run steps."""

from __future__ import annotations

from collections.abc import Mapping

from .context import Context, Handler
from .paging import page
from .store import Document, Shelf


async def retrieve(context: Context) -> Document:
    """Serve `getRunStep`."""
    return context.render("step", _shelf(context).get(context.ids["step_id"]))


async def index(context: Context) -> Document:
    """Serve `listRunSteps`."""
    return page(_shelf(context), context.values, lambda document: context.render("step", document))


def _shelf(context: Context) -> Shelf:
    return context.store.steps(context.ids["thread_id"], context.ids["run_id"])


HANDLERS: Mapping[str, Handler] = {"listRunSteps": index, "getRunStep": retrieve}
"""By operationId."""
