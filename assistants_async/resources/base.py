"""What every namespace is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from ..call import Call
from ..core.endpoint import Endpoint
from ..core.options import Options
from ..core.request import Form, Request, bind
from ..endpoints import KINDS
from ..models.events import StreamEvent
from ..models.pages import AnyPage, Page
from ..models.runs import Run
from ..paging import ListCall, PagedCall
from ..session import SessionManager
from ..workflows.busy import BusyThread, IfActive
from ..workflows.runs import RunCall

T = TypeVar("T")
S = TypeVar("S")
P = TypeVar("P", bound=AnyPage[Any])


class Context(msgspec.Struct, frozen=True):
    """What the calls of one client, or of one view of it, are made with."""

    session: SessionManager
    options: Options
    validate: bool = True

    def bind(
        self,
        endpoint: Endpoint[Any, Any],
        ids: tuple[object, ...],
        keywords: Mapping[str, Any],
        form: Form | None = None,
    ) -> Request:
        """Check a call's arguments and make its request; raises before anything is sent."""
        protocol = self.session.protocol
        return bind(endpoint, ids, keywords, protocol=protocol, validate=self.validate, kinds=KINDS, form=form)


class Resource:
    """A namespace: methods that bind a row of the table to its arguments."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def _call(
        self, endpoint: Endpoint[T, S], *ids: object, if_active: IfActive = "raise", **keywords: Any
    ) -> Call[T, S]:
        context = self._context
        return Call(context.session, self._bind(endpoint, ids, if_active, keywords), context.options)

    def _run(
        self, endpoint: Endpoint[Run, StreamEvent], *ids: object, if_active: IfActive = "raise", **keywords: Any
    ) -> RunCall:
        context = self._context
        return RunCall(context.session, self._bind(endpoint, ids, if_active, keywords), context.options)

    def _bind(
        self, endpoint: Endpoint[Any, Any], ids: tuple[object, ...], if_active: IfActive, keywords: dict[str, Any]
    ) -> Request:
        request = self._context.bind(endpoint, ids, keywords)
        if if_active != "raise":
            request.patience = BusyThread(self._context.session, request, if_active)
        return request

    def _list(self, endpoint: Endpoint[Page[S], S], *ids: object, **keywords: Any) -> ListCall[S]:
        context = self._context
        return ListCall(context.session, context.bind(endpoint, ids, keywords), context.options)

    def _paged(self, endpoint: Endpoint[P, S], *ids: object, **keywords: Any) -> PagedCall[P, S]:
        context = self._context
        return PagedCall(context.session, context.bind(endpoint, ids, keywords), context.options)
