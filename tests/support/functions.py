"""Functions that the tests make tools of; types at the top of a module, as annotations want them."""

from __future__ import annotations

import contextvars
import threading
from enum import Enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from assistants_async.models.runs import FunctionCall, ToolCall
from assistants_async.tools import Context

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("WHO", default="nobody")


class Unit(Enum):
    """Of temperature."""

    C = "celsius"
    F = "fahrenheit"


class Place(msgspec.Struct):
    """Where something is."""

    x: float
    y: Annotated[float, Meta(ge=0)] = 0.0


class Unknown:
    """No type of JSON."""


class Database:
    """What a service would inject."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def find(self, name: str) -> bool:
        """Whether there is one of this name.

        Args:
            name: Whom to look for.
        """
        return name in self.names


def weather(city: str, unit: Unit = Unit.C, days: Annotated[int, Meta(ge=1, le=14)] = 3) -> str:
    """Tell the weather.

    Args:
        city: Name of the city.
        unit: Degrees.
    """
    return f"{city}: {days} days, {unit.value}"


async def lookup(name: str, database: Context[Database], place: Place | None = None) -> dict[str, Any]:
    """Find somebody."""
    return {"found": database.find(name), "place": place}


def maybe(database: Context[Database | None] = None) -> bool:
    """Tell whether there is a database."""
    return database is not None


async def who() -> str:
    """Tell the caller's name."""
    return WHO.get()


def who_in_a_thread() -> list[object]:
    """Tell the caller's name, and whether this is another thread than the loop's."""
    return [WHO.get(), threading.current_thread() is not threading.main_thread()]


def call(name: str | None, arguments: str | None = "{}", id: str = "call_1") -> ToolCall:
    """A call of the model's."""
    return ToolCall(id=id, type="function", function=FunctionCall(name=name, arguments=arguments))
