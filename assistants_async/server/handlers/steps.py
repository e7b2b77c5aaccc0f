"""Run steps."""

from __future__ import annotations

from collections.abc import Mapping

from ..requests.context import Context, Handler
from ..requests.pages import page
from ..storage.collection import Collection, Document
from ..storage.documents import INCLUDED, without_content


async def retrieve(context: Context) -> Document:
    """Serve `getRunStep`."""
    return _shown(context, _shelf(context).get(context.ids["step_id"]))


async def index(context: Context) -> Document:
    """Serve `listRunSteps`."""
    return page(_shelf(context), context.values, lambda document: _shown(context, document))


def _shown(context: Context, step: Document) -> Document:
    shown = context.render("step", step)
    return shown if INCLUDED in context.values.get("include", ()) else without_content(shown)


def _shelf(context: Context) -> Collection:
    return context.store.steps(context.ids["thread_id"], context.ids["run_id"])


HANDLERS: Mapping[str, Handler] = {"listRunSteps": index, "getRunStep": retrieve}
"""By operationId."""
