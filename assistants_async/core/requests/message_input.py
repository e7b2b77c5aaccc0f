"""Messages as they were read, written as requests have them.

An answer has the text of a part as an object with annotations, where a request has a plain string; and members that
are the server's to set, such as the id and the status.
"""

from __future__ import annotations

from typing import Any

from ..._typing import is_mapping, is_object, is_sequence
from ...models.messages import Message, RefusalContent, TextContent

_WRITTEN = ("role", "content", "attachments", "file_ids", "metadata")
_READ = "thread.message"


def message_as_input(value: Any) -> Any:
    """Write a message that was read, as an object or as its plain values; anything else stays as it is."""
    if isinstance(value, Message):
        value = value.to_dict()
    elif not (is_mapping(value) and value.get("object") == _READ):
        return value
    kept = {name: value[name] for name in _WRITTEN if value.get(name) not in (None, [])}
    kept["content"] = content_as_input(kept.get("content", []))
    return kept


def content_as_input(value: Any) -> Any:
    """Write the parts of a message that was read; one text alone is the plain string that protocol v1 wants."""
    if not is_sequence(value):
        return value
    parts = [_part(each) for each in value]
    only = parts[0] if len(parts) == 1 and parts[0] is not value[0] else None
    return only["text"] if is_object(only) else parts


def _part(value: Any) -> Any:
    if isinstance(value, (TextContent, RefusalContent)):
        value = value.to_dict()
    if not is_mapping(value):
        return value
    if value.get("type") == "text" and is_mapping(text := value.get("text")) and "value" in text:
        return {"type": "text", "text": text["value"]}
    if value.get("type") == "refusal":  # which no request has: its words are all that there is
        return {"type": "text", "text": value.get("refusal", "")}
    return value
