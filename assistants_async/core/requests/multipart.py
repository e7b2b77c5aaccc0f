"""The framing of `multipart/form-data` (RFC 7578): everything but the content of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..._typing import is_mapping

_MEDIA_TYPE = r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:\s*;\s*[^\x00-\x1f\x7f]+)?"


def form_fields(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Flatten keywords into form fields: an object becomes `name[key]`, as the vendor's servers read it."""
    fields: list[tuple[str, str]] = []
    for name, value in values.items():
        if is_mapping(value):
            fields += [(f"{name}[{key}]", text) for key, text in form_fields(value)]
        elif isinstance(value, bool):
            fields.append((name, "true" if value else "false"))
        elif value is not None:
            fields.append((name, str(value)))
    return fields


def head(boundary: str, fields: list[tuple[str, str]], part: str, filename: str, content_type: str) -> bytes:
    """Write everything before the file's content: the fields, then the header of its part."""
    lines = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    lines.append(
        f'--{boundary}\r\ncontent-disposition: form-data; name="{_quoted(part)}"; filename="{_quoted(filename)}"\r\n'
        f"content-type: {content_type}\r\n\r\n"
    )
    try:
        return "".join(lines).encode()
    except UnicodeEncodeError:
        raise ValueError("a form field has lone surrogates, which are no text") from None


def tail(boundary: str) -> bytes:
    """Write everything after the file's content."""
    return f"\r\n--{boundary}--\r\n".encode()


def is_media_type(text: str) -> bool:
    """Return True for text that can be a part's content-type."""
    return re.fullmatch(_MEDIA_TYPE, text) is not None


def _quoted(name: str) -> str:
    # As browsers do (HTML, "multipart/form-data encoding algorithm"): what would end the name is percent-encoded.
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("\0", "%00")
