"""The refusal of a streamed request by a server that does not stream: recognised among all answers with 400 and 422.

Goals: the error names the member `stream`, by a member of its own or in words; the name in an echo of the request, in a
list of what is allowed, or as a part of another word (`stream_options`, "upstream") is none; linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from ..._typing import is_object, is_sequence
from ...errors import StatusError, ThreadBusyError

_REFUSALS = (400, 422)
_LONGEST = 64 * 1024  # bytes of a refusal that are searched

# Members of errors that quote the request, or list what would be right.
_QUOTES = frozenset(
    (
        "input",
        "value",
        "body",
        "request",
        "ctx",
        "context",
        "allowed",
        "expected",
        "known",
        "supported",
        "valid",
        "enum",
    )
)
# Names of the whole request, which name no member of it.
_WHOLE = frozenset(("", "body", "request", "json", "none", "null", "unknown", "query", "$"))

_WORD = r"(?<![\w-])stream(?:s|ing|ed)?(?![\w-])"
_NOT = (
    r"(?:not|n't|never|cannot)\s(?:yet\s|currently\s|been\s|be\s){0,2}(?:support|allow|implement|avail|permit|enabled"
    r"|accept|recogni|expect|known|possible)"
    r"|unsupported|unavailable|unknown|unexpected|unrecogni|disabled|forbidden|must be false"
)
# In quotes, but not as in {"stream": true}, which echoes the request; or as a path, or behind its kind.
_NAMED = re.compile(
    r"[\"'`\u2018\u201c]stream[\"'`\u2019\u201d](?!\s?:\s?true[\s,}])"
    r"|(?:\bbody|\brequest|\bparams?|\$)[./]stream(?![\w.-])"
    r"|\b(?:parameter|field|property|properties|member|argument|option|key|attribute|flag)s?"
    r"(?:\s[a-z]{1,20}){0,2}\s?[:=]?\s?\(?stream(?![\w-])"
)
_IN_WORDS = re.compile(
    rf"{_WORD}[^.;\n]{{0,40}}?(?<![a-z])(?:{_NOT})"
    rf"|(?:not|n't)\s(?:yet\s|currently\s)?(?:support|allow|implement|accept|permit)(?:\s[\w-]{{1,20}}){{0,3}}\s{_WORD}"
    rf"|(?:cannot|can't|unable to|must not|no)\s{_WORD}(?!\s(?:was|is|to|of|from)\b)"
    rf"|(?:unsupported|unknown|unexpected|unrecogni[sz]ed|disallowed)(?:\s[a-z]{{1,20}}){{0,2}}\W{{1,3}}{_WORD}"
)
# What follows lists the names that the server knows.
_LISTS = re.compile(
    r"\b(?:expected one of|must be one of|one of:|(?:known|allowed|valid|supported|accepted)"
    r" (?:names|keys|propert|field|param|option|argument|members|values))"
)


def refuses_streams(error: StatusError) -> bool:
    """Return True for the refusal of a streamed request by a server that does not stream."""
    if error.status not in _REFUSALS or isinstance(error, ThreadBusyError):
        return False
    param = _last_name(error.param or "")
    if param.startswith("stream"):
        return param == "stream"
    # Servers name the model, too, for what it cannot do; a member beside another is named for its own sake.
    of_other = param not in _WHOLE
    content = error.http.content
    text = content[:_LONGEST].decode("utf-8", "replace")
    try:
        body = msgspec.json.decode(content) if len(content) <= _LONGEST else text
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = text
    return any(_says_so(said, of_other=of_other) for said in _texts(body))


def _says_so(text: str, *, of_other: bool) -> bool:
    """Look for the member's name, or for a refusal of streaming in words; in an error of another member the latter."""
    if not of_other and _last_name(text) == "stream":
        return True
    text = text.lower()
    end = _LISTS.search(text)
    if end is not None:
        text = text[: end.start()]
    # Where it speaks of the options of a stream, streaming itself is no problem.
    if "stream_options" in text:
        return False
    return _IN_WORDS.search(text) is not None or (not of_other and _NAMED.search(text) is not None)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of an error, without what quotes the request; a path as its last name."""
    left = [value]
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif is_object(value):
            left += [each for key, each in value.items() if key.lower() not in _QUOTES]
        elif is_sequence(value):
            left += value


def _last_name(path: str) -> str:
    """Return the last name of a path to a member, in any of the forms that servers write."""
    return re.split(r"[./\[\]'\"]", path.strip().lower().rstrip("]'\""))[-1] if len(path) < 100 else path
