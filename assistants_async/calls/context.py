"""The session and options that operations are called with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ..core.requests.endpoint import Endpoint
from ..core.requests.option_checks import check_options
from ..core.requests.options import Options, ViewOptions, merge
from ..core.requests.request import Request, StreamingBody, bind
from ..endpoints import KINDS
from ..models.pages import Page
from ..response import Response
from .lists import ListCall

if TYPE_CHECKING:
    from ..session.manager import SessionManager

S = TypeVar("S")
T = TypeVar("T")


class CallContext(msgspec.Struct, frozen=True):
    """The session and options of a client, a view of it, or a workflow, and the ways to call operations with them."""

    session: SessionManager
    options: Options
    validate: bool = True
    extra_body: Mapping[str, object] = {}

    def bind(
        self,
        row: Endpoint[Any, Any],
        ids: tuple[object, ...],
        keywords: Mapping[str, Any],
        form: StreamingBody | None = None,
    ) -> Request:
        """Check the arguments of a call and make its request; raises before anything is sent."""
        protocol = self.session.protocol
        request = bind(row, ids, keywords, protocol=protocol, validate=self.validate, kinds=KINDS, form=form)
        if self.extra_body:
            request.add_extra(self.extra_body)
        return request

    def changed(self, changes: ViewOptions) -> CallContext:
        """Return the context of a view; raises `TypeError` and `ValueError` for options that are not allowed."""
        mine: dict[str, Any] = {name: value for name, value in changes.items() if name in ("validate", "extra_body")}
        rest: Any = {name: value for name, value in changes.items() if name not in mine}
        if mine:
            check_options(mine)
        # Added up over views, as headers and query are.
        if "extra_body" in mine:
            mine["extra_body"] = {} if mine["extra_body"] is None else {**self.extra_body, **mine["extra_body"]}
        return msgspec.structs.replace(self, options=merge(self.options, rest), **mine)

    async def send(self, request: Request, result: type[T]) -> Response[T]:
        """Send a request, and return the value beside the answer."""
        return await self.session.send(request, self.options, result)

    async def call(self, row: Endpoint[T, Any], *ids: object, **keywords: Any) -> T:
        """Call an operation for its value."""
        return (await self.send(self.bind(row, ids, keywords), row.result)).value

    def for_workflow(self) -> CallContext:
        """Return the context for requests of a workflow, where an error status raises and answers are the models.

        Raises `TypeError` with `extra_body`, which is meant for one request.
        """
        if self.extra_body:
            raise TypeError("extra_body is for one request, and this makes several: use a client without it")
        options = msgspec.structs.replace(self.options, raise_for_status=True, resolve_type=None)
        return CallContext(self.session, options, self.validate)

    def list(self, row: Endpoint[Page[S], S], *ids: object, **keywords: Any) -> ListCall[S]:
        """Make the call of a list that pages by the ids of its items."""
        return ListCall(self.session, self.bind(row, ids, keywords), self.options)
