"""Checks of what callers give as numbers and switches: one sentence for each rule, naming the argument."""

from __future__ import annotations

import inspect
import math
from collections.abc import Collection, Mapping

from ..errors.old_names import keyword_hint

# By type and not by isinstance: True is an int, and no number of seconds.
_NUMBERS = (int, float)


# The longest word that a setting takes, and no key is as short.
_LONGEST_WORD = 20


def shown(value: object) -> str:
    """Write what was given in place of something else; a long text by its length, since it may be a key."""
    if isinstance(value, (str, bytes)) and len(value) > _LONGEST_WORD:
        return f"a {type(value).__name__} of length {len(value)}"
    return repr(value)


def positive_seconds(name: str, value: object, *, zero: bool = False) -> None:
    """Refuse what is no positive, finite number of seconds; `zero` allows 0 too. Raises `ValueError`."""
    if not (type(value) in _NUMBERS and 0 <= value < math.inf and (zero or value)):  # type: ignore[operator]  # a number
        wanted = "a number of seconds from 0" if zero else "a positive number of seconds"
        raise ValueError(f"{name} must be {wanted}, not {shown(value)}")


def whole_number(name: str, value: object, least: int = 1, most: int | None = None) -> None:
    """Refuse what is no whole number within bounds; raises `ValueError`."""
    if type(value) is not int or value < least or (most is not None and value > most):
        bounds = f"of {least} to {most}" if most is not None else f"of at least {least}" if least else "from 0"
        raise ValueError(f"{name} must be a whole number {bounds}, not {shown(value)}")


def is_plain_word(text: str) -> bool:
    """Check that text is a word of ASCII letters, digits, `_` and `-`, which every encoding leaves as it is."""
    return text != "" and text.isascii() and f"_{text}".replace("-", "_").isidentifier()


def flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False; raises `TypeError`."""
    if type(value) is not bool:
        raise TypeError(f"{name} must be True or False, not {shown(value)}")


def known_keywords(name: str, given: Mapping[str, object], known: Collection[str]) -> None:
    """Refuse keywords of a wait that it does not know, with the one that was meant; raises `TypeError`."""
    for unknown in given.keys() - known:
        # A time-out elsewhere is of one request, and a wait is of many.
        hint = ": pass deadline=" if unknown == "timeout" else keyword_hint(unknown, known)
        raise TypeError(f"{name}() got an unexpected keyword argument {unknown!r}{hint}")


def plain_function(name: str, value: object, *parameters: str) -> None:
    """Refuse what is neither None nor a sync function of these parameters; raises `TypeError`."""
    if value is None:
        return
    wanted = f"{name} must be a function of ({', '.join(parameters)})"
    if not callable(value):
        raise TypeError(f"{wanted}, not {value!r}")
    if inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(getattr(value, "__call__", None)):  # noqa: B004
        raise TypeError(f"{wanted}, which is not async")
    try:
        inspect.signature(value).bind(*parameters)
    except TypeError as error:
        raise TypeError(f"{wanted}: {error}") from None
    except ValueError:  # a builtin that does not say what it takes
        pass
