"""A work: the same thing done by hand, by this client, and by other clients, side by side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import aiohttp

from assistants_async import AssistantsClient


class Hand(NamedTuple):
    """The arguments of functions written by hand."""

    session: aiohttp.ClientSession
    url: str


def spaced(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}".replace(",", " ")


def same(count: int) -> int:
    """The number of units where each counts one."""
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One row of the table; its functions take a client and how much to do, and return what they did as a proof."""

    name: str
    title: str
    unit: str
    """The unit of the work: a call, an item, an event, a MB."""
    answer: Callable[[int], str]
    """Name of the server's answer, by how much is to be done."""
    count: int
    """The number of units in one block, so that a block takes some hundredths of a second."""
    quick: int
    """The same for a quick look."""
    hand: Callable[[Hand, int], Awaitable[int]]
    ours: Callable[[AssistantsClient, int], Awaitable[int]]
    peer: Callable[[Any, int], Awaitable[int]] | None = None
    """The same with `openai.AsyncOpenAI`."""
    proof: Callable[[int], int] = same
    connections: int = 100
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The options of this package's client that are on."""
    by: Literal["cpu", "wall"] = "cpu"
    """The compared value: CPU of the client's process, or wall time for works that wait."""
    variants: bool = False
    """True for a work that is done over TLS and with uvloop as well."""
