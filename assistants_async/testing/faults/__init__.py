"""A server of faults for tests: it passes requests on to the embedded server, and breaks chosen answers on the way.

    async with AssistantsServer() as server, FaultyServer(server) as faulty:
        faulty.add("reset_mid_body", operation="getRun", times=1)
        ...

A request of any language can choose its fault by a header: `x-fault: sse_stall; events=3`. `FAULTS` has the names.
A fault of your own is an async function of an `Exchange`.
"""

from __future__ import annotations

from .exchange import Exchange, Fault
from .http import Answer, Seen
from .rules import Rule, operation_of
from .server import HEADER, FaultyServer
from .table import FAULTS, named

__all__ = ["FAULTS", "HEADER", "Answer", "Exchange", "Fault", "FaultyServer", "Rule", "Seen", "named", "operation_of"]
