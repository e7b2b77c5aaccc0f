"""Checks of options by name, type and form, so that a slip shows where it is made and not in the middle of a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

from ..checks import flag, whole_number
from .query import encode_query

_HOOKS = ("on_request", "on_send", "on_response", "on_retry", "on_error")
# Functions that are called in the middle of reading, so must not be async, with the number of their arguments.
_FUNCTIONS = {"resolve_type": 2, "trace": 2, "on_bad_item": 1}

_FRAMINGS = ("auto", "json", "lines", "json-seq", "sse", "bytes")


def check_options(changes: Mapping[str, Any]) -> None:
    """Refuse options of a wrong type or form; raises `TypeError` and `ValueError` that name the option."""
    for name, value in changes.items():
        if name in _HOOKS:
            check_function(name, value, 1)
        elif name in _FUNCTIONS:
            check_function(name, value, _FUNCTIONS[name], may_wait=False)
        elif name in ("raise_for_status", "strict", "keep_unknown", "validate"):
            flag(name, value)
        elif name in ("accept", "content_type"):
            check_text(name, value)
        elif name in ("headers", "query") or (name == "extra_body" and value is not None):
            _check_mapping(name, value)
        elif name == "max_item_bytes":
            whole_number(name, value)
        elif name == "framing" and (callable(value) or value not in _FRAMINGS):
            if not callable(value):
                raise ValueError(f"framing must be one of {', '.join(map(repr, _FRAMINGS))}, not {value!r}")
            check_function(name, value, 0, may_wait=False)


def check_text(name: str, value: object) -> None:
    """Refuse what is neither text nor None; raises `TypeError` without the value, which may be a key."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be a str or None, not {type(value).__name__}")


def check_function(name: str, value: object, arguments: int, *, may_wait: bool = True) -> None:
    """Refuse what cannot be called with so many arguments, or is async where nothing can wait for it."""
    if value is None:
        return
    if not callable(value):
        raise TypeError(f"{name} must be a function or None, not {type(value).__name__}")
    if not may_wait and inspect.iscoroutinefunction(value):
        raise TypeError(f"{name} must be a plain function, not an async one: nothing waits for it")
    if not _takes(value, arguments):
        wanted = "1 argument" if arguments == 1 else f"{arguments or 'no'} arguments"
        raise TypeError(f"{name} must be a function of {wanted}")


def _takes(function: Callable[..., Any], arguments: int) -> bool:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some builtins have none
        return True
    try:
        signature.bind(*range(arguments))
    except TypeError:
        return False
    return True


def _check_mapping(name: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping, not {type(value).__name__}")
    for key, member in cast("Mapping[object, object]", value).items():
        if not isinstance(key, str):
            raise TypeError(f"{name} must have str names, not {type(key).__name__}")
        if name == "headers":
            check_text(f"headers[{key!r}]", member)
        elif name == "query":
            check_parameter(key, member)


def check_parameter(name: str, value: object) -> None:
    """Refuse what cannot be a query parameter; raises `TypeError` and `ValueError` that name it."""
    try:
        encode_query({name: value})
    except UnicodeEncodeError:  # of the name or the value
        raise ValueError(f"query parameter {name!r} has half of a surrogate pair, which is no text") from None
