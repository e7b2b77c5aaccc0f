"""The faults that have names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...errors import did_you_mean
from .bodies import BODY_FAULTS
from .connections import CONNECTION_FAULTS
from .exchange import Fault, Parameter
from .statuses import STATUS_FAULTS
from .streams import STREAM_FAULTS

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {fault.name: fault for fault in (*CONNECTION_FAULTS, *STATUS_FAULTS, *BODY_FAULTS, *STREAM_FAULTS)}
)
"""Every fault by its name, with the parameters it has and their usual values."""


def named(name: str, **parameters: Parameter) -> Fault:
    """The fault of this name, with other parameters than the usual; `n` is how many requests it is played to.

    Raises `ValueError` for a name or a parameter that there is not.
    """
    fault = FAULTS.get(name)
    if fault is None:
        raise ValueError(f"no fault {name!r}" + (did_you_mean(name, FAULTS) or "; FAULTS has them all"))
    return fault.given(**parameters)


def asked(text: str) -> Fault:
    """Read what a request asks for: a name, then `; parameter=value` any number of times; raises `ValueError`."""
    name, *rest = (part.strip() for part in text.split(";"))
    pairs = [tuple(word.strip() for word in part.partition("=")) for part in rest if part]
    return named(name, **{parameter: value for parameter, _, value in pairs if parameter != "id"})
