"""Tools and formats of answers as requests take them, made from functions, toolboxes and types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_origin

from .._typing import is_sequence
from .schema import AnswerFormat, answer_format
from .tool import Tool, tool
from .toolbox import Toolbox


def with_definitions(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Write functions and toolboxes in `tools`, and a type in `response_format`, as the protocol has them.

    Anything else stays as it is. Raises `TypeError` and `ValueError` for functions and types that cannot be described.
    """
    written = dict(keywords)
    if "tools" in written:
        written["tools"] = _tools(written["tools"])
    if "response_format" in written:
        written["response_format"] = _format(written["response_format"])
    return written


def _tools(value: Any) -> Any:
    if isinstance(value, Toolbox):
        return value.definitions
    if callable(value):
        given: Any = value
        raise TypeError(f"tools must be a list, as in tools=[{getattr(given, '__name__', 'function')}]")
    if not is_sequence(value):
        return value
    made: list[Any] = []
    for each in value:
        if isinstance(each, Toolbox):
            made += each.definitions
        elif isinstance(each, Tool):
            made.append(each.definition)
        else:
            made.append(tool(each).definition if callable(each) else each)
    return made


def _format(value: Any) -> Any:
    if isinstance(value, AnswerFormat):
        return value.response_format
    if isinstance(value, type) or get_origin(value) is not None:
        return answer_format(value).response_format
    return value
