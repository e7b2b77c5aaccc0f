"""The connection to a backend: its list of models, in the forms that servers have."""

from __future__ import annotations

import pytest

from assistants_async.errors import AssistantsError
from assistants_async.server.backend.connection import BackendConnection
from assistants_async.server.backend.units import estimate
from tests.support.http_server import Wire, answer, raw


async def test_lists_of_models(wire: Wire) -> None:
    """A bare list, malformed rows, and a context size under any of its names."""
    wire.answer(answer([{"id": "a", "meta": {"n_ctx": 7}}, "junk", {"name": "b"}, {"id": "c", "context_length": 0}]))
    connection = BackendConnection(wire.base_url, None, timeout=30.0, connections=1)
    assert await connection.models() == {"a": 7, "c": None}
    await connection.close()


async def test_a_list_that_is_no_json(wire: Wire) -> None:
    """The error says so."""
    wire.answer(raw(b"<html>", content_type="text/html"))
    connection = BackendConnection(wire.base_url, None, timeout=30.0, connections=1)
    with pytest.raises(AssistantsError, match="the list of models is not JSON"):
        await connection.models()
    await connection.close()


def test_numbers_are_a_token() -> None:
    """An estimate reads all of a JSON value."""
    assert estimate({"a": 1, "b": [True, None]}) == 6
