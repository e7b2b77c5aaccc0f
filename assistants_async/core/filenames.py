"""The name under which a download is kept: from the server's header, with nothing in it that could lead elsewhere."""

from __future__ import annotations

import mimetypes
import re
from urllib.parse import unquote

from ..response import Headers

# RFC 6266: a quoted string with backslash escapes, or a token.
_PLAIN = r'(?i)(?:^|;)\s*+filename\s*+=\s*+(?:"((?:[^"\\]++|\\.)*+)"|([^;\s"]++))'
_EXTENDED = r"(?i)(?:^|;)\s*+filename\*\s*+=\s*+([\w.-]++)'[^']*+'([^;\s]++)"
# Marks of direction too: `gpj.exe` can be made to look like `exe.jpg`.
_FORBIDDEN = r'[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff<>:"|?*]'
_RESERVED = r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?"
_LONGEST = 200


def suggested_name(headers: Headers, fallback: str = "response") -> str:
    """Make a safe name: the header's, `filename*` before `filename` (RFC 6266, 4.3), else of the fallback.

    A fallback gets the extension that the media type says.
    """
    header = headers.get("content-disposition", "")
    if extended := re.search(_EXTENDED, header):
        name = _unquoted(extended[2], extended[1])
    elif plain := re.search(_PLAIN, header):
        name = re.sub(r"\\(.)", r"\1", plain[1]) if plain[1] is not None else plain[2]
    else:
        name = ""
    return safe_name(name) or (safe_name(fallback) or "file") + _extension(headers)


def safe_name(name: str) -> str:
    """Return the last part of a name without anything that is special to a file system; empty where nothing is left."""
    last = re.split(r"[/\\]", name)[-1]
    # Windows drops dots and spaces at the end, so that two names could mean one file.
    clean = re.sub(r"\s", " ", re.sub(_FORBIDDEN, "_", last)).strip(" .")
    if re.fullmatch(_RESERVED, clean):
        clean = f"_{clean}"
    # Bytes, not characters: that is how file systems count, most of them up to 255.
    if len(clean.encode()) <= _LONGEST:
        return clean
    stem, dot, extension = clean.rpartition(".")
    if not dot or len(extension) > 16:
        stem, dot, extension = clean, "", ""
    room = _LONGEST - len((dot + extension).encode())
    return (stem.encode()[:room].decode(errors="ignore") + dot + extension).rstrip(" .")


def numbered(name: str, number: int) -> str:
    """Return the name for one of several files of a name, counted from 1: `a.txt`, then `a (2).txt` and so on."""
    if number == 1:
        return name
    stem, dot, extension = name.rpartition(".")
    return f"{stem} ({number}).{extension}" if dot else f"{name} ({number})"


def _unquoted(text: str, charset: str) -> str:
    try:
        return unquote(text, encoding=charset, errors="replace")
    except LookupError:
        return unquote(text, errors="replace")


def _extension(headers: Headers) -> str:
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (mimetypes.guess_extension(media) or "") if media != "application/octet-stream" else ""
