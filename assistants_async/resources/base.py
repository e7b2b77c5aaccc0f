"""The base of every namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from .._typing import override
from ..calls.call import Call
from ..calls.context import CallContext
from ..calls.lists import ListCall, PagedCall
from ..core.keyword_help import show_keywords
from ..core.requests.endpoint import Endpoint
from ..core.requests.options import Options
from ..core.requests.request import Request
from ..errors.old_names import MISSING, Listed, old_names
from ..models.events import StreamEvent
from ..models.pages import AnyPage, Page
from ..models.runs import Run
from ..session.manager import SessionManager
from ..workflows.runs.call import RunCall
from ..workflows.threads.busy_thread import BusyThread, IfActive

if TYPE_CHECKING:
    from .workflows import Workflows

T = TypeVar("T")
S = TypeVar("S")
P = TypeVar("P", bound=AnyPage[Any])


@old_names
class Resource(Listed):
    """A namespace: methods that bind a row of the table to its arguments."""

    __slots__ = ("_context",)

    @override
    def __init_subclass__(cls) -> None:
        """Let `help` and notebooks see the keywords of the methods, and refuse what is openai-python's in words."""
        show_keywords(old_names(cls))
        for method in vars(cls).values():
            # Python's own words for an id that is missing would not say how to give it.
            if hasattr(method, "__signature__") and (ids := method.__code__.co_posonlyargcount - 1) > 0:
                given = method.__defaults__ or ()
                method.__defaults__ = (*[MISSING] * (ids - len(given)), *given)

    def __init__(self, context: CallContext) -> None:
        self._context = context

    def _call(self, endpoint: Endpoint[T, S], *ids: object, **keywords: Any) -> Call[T, S]:
        context = self._context
        return Call(context.session, context.bind(endpoint, ids, keywords), context.options)

    def _run(self, endpoint: Endpoint[Run, StreamEvent], *ids: object, **keywords: Any) -> RunCall:
        context = self._context
        return RunCall(context.session, context.bind(endpoint, ids, keywords), context.options)

    def _busy(
        self, endpoint: Endpoint[Any, Any], *ids: object, if_active: IfActive, **keywords: Any
    ) -> tuple[SessionManager, Request, Options]:
        """Return the parts of a call that may find its thread busy."""
        context = self._context
        request, options = context.bind(endpoint, ids, keywords), context.options
        # A policy for this call alone: it notes the ends of the call's attempts.
        if if_active != "raise":
            busy_thread = BusyThread(context.session, request, if_active)
            options = msgspec.structs.replace(options, busy_thread=busy_thread)
        return context.session, request, options

    def _workflows(self) -> Workflows:
        """Load the methods of several requests; most programs use none, and anyio comes with them."""
        from .workflows import Workflows

        return Workflows(self._context)

    def _list(self, endpoint: Endpoint[Page[S], S], *ids: object, **keywords: Any) -> ListCall[S]:
        context = self._context
        return ListCall(context.session, context.bind(endpoint, ids, keywords), context.options)

    def _paged(self, endpoint: Endpoint[P, S], *ids: object, **keywords: Any) -> PagedCall[P, S]:
        context = self._context
        return PagedCall(context.session, context.bind(endpoint, ids, keywords), context.options)
