"""Results of tools, as text for the model."""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import ToolCallError
from ..models.decoding import as_received

FAILED = "the function failed"
"""The text for the model in place of an exception whose own text is not meant for it."""


def output_of(name: str, value: object) -> str:
    """Make the output of a function's result: text as it is, anything else as JSON, and so None as `null`.

    Models are written as they were received, with the members that `keep_unknown` has kept.

    Bytes are text where they are UTF-8, else base64, as bytes inside of other values always are. Raises
    `ToolCallError` for a value that is no JSON.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass  # no text: base64
    try:
        return as_received(msgspec.json.encode(value, enc_hook=plain)).decode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        message = f"the function's result, of type {type(value).__name__}, cannot be written as JSON"
        raise ToolCallError(message, kind="result", name=name) from error


def plain(value: object) -> Any:
    """Make plain values of a model of pydantic's, for an encoder of msgspec's; raises `TypeError` for anything else."""
    serializer = getattr(value, "__pydantic_serializer__", None)
    if serializer is None:
        raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")
    return serializer.to_python(value, mode="json", by_alias=True)


def error_output(text: str) -> str:
    """Make the output that reports an error."""
    return msgspec.json.encode({"error": sendable(text)}).decode()


def sendable(text: str) -> str:
    """Put a replacement for halves of surrogate pairs, which UTF-8 cannot encode; join those that belong together."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def cut(text: str, limit: int) -> str:
    """Make a text fit into `limit` bytes of UTF-8, its end cut off between two characters, and a note in its place."""
    text = sendable(text)
    data = text.encode()
    if len(data) <= limit:
        return text
    note = f"\n[cut: the whole output has {len(data)} bytes, and this is its beginning]"
    return data[: limit - len(note)].decode(errors="ignore") + note
