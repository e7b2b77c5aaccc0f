"""The named faults."""

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
"""Every fault by its name, with its parameters and their usual values."""


def named(name: str, **parameters: Parameter) -> Fault:
    """Return the fault of a name, with other parameters than the usual; `n` is the number of requests that get it.

    Raises `ValueError` for an unknown name or parameter.
    """
    fault = FAULTS.get(name)
    if fault is None:
        raise ValueError(f"unknown fault {name!r}" + (did_you_mean(name, FAULTS) or "; FAULTS has all names"))
    return fault.given(**parameters)


def requested(text: str) -> Fault:
    """Return the fault that a header names: a name, then any number of `; parameter=value`; raises `ValueError`."""
    name, *rest = (part.strip() for part in text.split(";"))
    pairs = [tuple(word.strip() for word in part.partition("=")) for part in rest if part]
    return named(name, **{parameter: value for parameter, _, value in pairs if parameter != "id"})
