"""What was asked of the server, for tests to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

KEPT = 1000
"""How many requests the journal keeps."""


class RequestRecord(NamedTuple):
    """One request, and the status that it got."""

    method: str
    """Its method."""
    path: str
    """Its path, percent-encoded as it came, without the query."""
    operation: str | None
    """The operationId; None for a path that has none."""
    status: int
    """Status of the answer."""
    body: Any
    """The JSON document, or a form's fields with the file's name in place of the file; None where there was none."""
    query: str
    """The query string as it came."""
    headers: Mapping[str, str]
    """Request headers by lower-case name, without credentials."""
