"""Cancellation at every suspension of every kind of operation: out at once, nothing left, the client as good as new."""

from __future__ import annotations

import pytest

from tests.support.http_server import TransportName, Wire
from tests.support.stepping import (
    Moment,
    Way,
    by_anyio,
    by_cancel,
    by_cancel_twice,
    by_neighbour,
    by_timeout,
)
from tests.support.sweeps import OPERATIONS, Operation, moments, sweep

pytestmark = pytest.mark.both_transports

operations = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())


@operations
@moments
async def test_every_suspension(wire: Wire, operation: Operation, moment: Moment, transport: TransportName) -> None:
    """Cancelled at the start of a wait or at its result: the operation ends there, as cancelled."""
    assert await sweep(wire, operation, by_cancel, moment, transport=transport) >= operation.least


@operations
@moments
async def test_every_suspension_on_a_warm_connection(
    wire: Wire, operation: Operation, moment: Moment, transport: TransportName
) -> None:
    """The same where the connection is there already: another call may have it next."""
    await sweep(wire, operation, by_cancel, moment, warm=True, transport=transport)


@operations
async def test_every_suspension_twice(wire: Wire, operation: Operation, transport: TransportName) -> None:
    """The same where the task is cancelled once more in what cleans up."""
    await sweep(wire, operation, by_cancel_twice, "waiting", transport=transport)


SCOPES = {"asyncio.timeout": by_timeout, "anyio": by_anyio, "a failing neighbour": by_neighbour}


@operations
@pytest.mark.parametrize("way", SCOPES.values(), ids=SCOPES.keys())
async def test_every_suspension_in_a_scope(
    wire: Wire, operation: Operation, way: Way, transport: TransportName
) -> None:
    """A scope around the operation ends it, and gets its own cancellation back, not another's."""
    await sweep(wire, operation, way, "waiting", transport=transport)
