"""The base of the errors, and how a server's text is shown in one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .._typing import override

_KEY = r"\b(?:sk|key|sess)-[A-Za-z0-9_\-]{6,}"
# C0, DEL, C1, the two Unicode line ends and marks of direction: what forges a log line or moves a terminal's cursor.
_CONTROL = "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"


def printable(text: str, limit: int = 200) -> str:
    """Make a server's text safe to show: key-shaped parts masked, controls escaped, cut at `limit` characters."""
    # Cut before the search, so that a body of megabytes costs nothing; masked before the cut, so that no key is halved.
    shown = escaped(re.sub(_KEY, "[masked]", text[: 4 * limit]))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def escaped(text: str) -> str:
    """Make a server's text one line without controls, each of them written as in a string literal."""
    return re.sub(_CONTROL, lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def short_repr(value: object, most: int) -> str:
    """Write a value in at most so many characters."""
    text = repr(value[: most + 1] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= most else text[: most - 1] + "…"


def did_you_mean(name: str, known: Iterable[str], path: str = "") -> str:
    """End a sentence about a name that is not known with the nearest that is; empty where none is near."""
    from difflib import get_close_matches  # on use: most names are right

    names = [*known]
    # The same words in another order, such as `rate_limit`, are not near by their letters.
    turned = [each for each in names if sorted(each.split("_")) == sorted(name.split("_"))]
    near = turned or get_close_matches(name, names, 1)
    return f", did you mean {path + near[0]!r}?" if near else ""


class AssistantsError(Exception):
    """The base of every error that a call or a stream can end with."""

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self.args, self.__dict__)


def _revive(kind: type[Exception], args: tuple[Any, ...], state: dict[str, Any]) -> Exception:
    # Not `kind(*args)`: the constructors take keywords, and would run twice.
    error = kind.__new__(kind, *args)
    error.args = args  # which OSError, a base of time-outs, does not set before its __init__
    error.__dict__.update(state)
    return error


def text_of(value: object) -> str | None:
    """A member of a server's error that should be text: null stays None, numbers and the like become text."""
    return value if isinstance(value, str) else None if value is None else str(value)
