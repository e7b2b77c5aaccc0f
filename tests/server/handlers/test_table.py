"""The table and the handlers: the same operations in both, each reachable where the table says."""

from __future__ import annotations

import pytest

from assistants_async.core.requests.endpoint import Endpoint
from assistants_async.endpoints import TABLE
from assistants_async.server.handlers import (
    assistants,
    files,
    messages,
    runs,
    steps,
    threads,
    uploads,
    vector_store_files,
    vector_stores,
)
from assistants_async.server.handlers.table import HANDLERS
from tests.support.talk import Talk

NOUNS = (assistants, threads, messages, runs, steps, files, vector_stores, vector_store_files, uploads)


def test_every_row_has_one_handler() -> None:
    """No operation is left out, none is served that the table lacks, and none is served twice."""
    served = [operation for noun in NOUNS for operation in noun.HANDLERS]
    assert sorted(served) == sorted(TABLE)
    assert len(set(HANDLERS.values())) == len(TABLE)


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.operation)
async def test_every_row_is_reached(talk: Talk, row: Endpoint[object, object]) -> None:
    """A request to a row's path gets to that row, and to nothing else, in the versions that have it."""
    talk.protocol = row.protocols[-1]
    path = row.path
    for name in row.parameters:
        path = path.replace(f"{{{name}}}", f"no_{name}")
    await talk(row.method, path)
    assert [record.operation for record in talk.server.requests] == [row.operation]


@pytest.mark.parametrize(
    "row", [row for row in TABLE.values() if len(row.protocols) == 1], ids=lambda row: row.operation
)
async def test_other_version(talk: Talk, row: Endpoint[object, object]) -> None:
    """An operation of the other version is a 400 that names the operation."""
    talk.protocol = "v1" if row.protocols == ("v2",) else "v2"
    answer = await talk(row.method, row.path.replace("{", "").replace("}", ""))
    assert answer.status == 400
    assert row.operation in answer.error["message"]
    assert answer.error["code"] == "invalid_beta"
