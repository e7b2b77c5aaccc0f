"""Operations called with keywords, without anything sent."""

from __future__ import annotations

from typing import Any

from assistants_async.core.requests.endpoint import Endpoint, ProtocolVersion
from assistants_async.core.requests.request import Request, bind
from assistants_async.endpoints import (
    KINDS,
)

Row = Endpoint[Any, Any]

RUN = {"assistant_id": "asst_1"}
MODEL = {"model": "gpt-4o"}
MESSAGE = {"role": "user", "content": "hi"}


def call(row: Row, keywords: dict[str, Any], protocol: ProtocolVersion = "v2") -> Request:
    """Bind a row with an id for each of its places."""
    return bind(row, ("id_1",) * len(row.parameters), keywords, protocol=protocol, kinds=KINDS)
