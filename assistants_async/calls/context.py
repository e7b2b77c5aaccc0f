"""The session and options that calls are made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from ..core.requests.endpoint import Endpoint
from ..core.requests.options import Options
from ..core.requests.request import Request, StreamingBody, bind
from ..endpoints import KINDS
from ..response import Response
from ..session.manager import SessionManager

T = TypeVar("T")


class Caller(msgspec.Struct, frozen=True):
    """What the calls of one workflow are made with."""

    session: SessionManager
    options: Options
    validate: bool = True

    def bind(
        self,
        row: Endpoint[Any, Any],
        ids: tuple[object, ...],
        keywords: Mapping[str, Any],
        form: StreamingBody | None = None,
    ) -> Request:
        """Check the arguments of a call, and make its request."""
        protocol = self.session.protocol
        return bind(row, ids, keywords, protocol=protocol, validate=self.validate, kinds=KINDS, form=form)

    async def send(self, request: Request, result: type[T]) -> Response[T]:
        """Send a request, and read its answer."""
        return await self.session.send(request, self.options, result)

    async def call(self, row: Endpoint[T, Any], *ids: object, **keywords: Any) -> T:
        """Call an operation for its value."""
        return (await self.send(self.bind(row, ids, keywords), row.result)).value


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
        form: StreamingBody | None = None,
    ) -> Request:
        """Check a call's arguments and make its request; raises before anything is sent."""
        protocol = self.session.protocol
        return bind(endpoint, ids, keywords, protocol=protocol, validate=self.validate, kinds=KINDS, form=form)

    def caller(self) -> Caller:
        """What workflows call operations with; they go by values, so an error status is an error in any case."""
        options = msgspec.structs.replace(self.options, raise_for_status=True)
        return Caller(self.session, options, self.validate)
