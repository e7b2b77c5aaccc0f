"""Keywords of an operation as its body has them, at any depth: ids in place of objects, messages as they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._typing import is_mapping, is_sequence
from ...models.base import Object
from .message_input import content_as_input, message_as_input
from .path_ids import Kinds, id_of

# Tools, metadata and attributes are not among them: they are large, or the caller's own, and have no ids.
_HOLDERS = frozenset(
    (
        "additional_messages",
        "attachments",
        "code_interpreter",
        "content",
        "file_search",
        "files",
        "image_file",
        "messages",
        "thread",
        "tool_approvals",
        "tool_outputs",
        "tool_resources",
        "vector_stores",
    )
)
"""Members that have ids in them, near or deep."""


_MESSAGES = frozenset({"messages", "additional_messages", "content"})
"""Members that may have messages as they were read, or parts of one."""


def with_ids(operation: str, name: str, value: Any, kinds: Kinds, place: str) -> Any:
    """Put the ids where objects were given for them, and write messages that were read as requests have them.

    `place` leads to the member, as in `messages[0].content`. The caller's own values stay as they are.
    Raises `TypeError` for an object of another kind, naming the place.
    """
    if name.endswith("_id"):
        return id_of(operation, place, value, kinds.get(name, (Object,))) if isinstance(value, Object) else value
    if name.endswith("_ids") and is_sequence(value):
        wanted = kinds.get(name[:-1], (Object,))
        return [
            id_of(operation, f"{place}[{at}]", item, wanted) if isinstance(item, Object) else item
            for at, item in enumerate(value)
        ]
    if name not in _HOLDERS:
        return value
    if name in _MESSAGES:
        value = _as_input(name, value)
    if is_mapping(value):
        return _members(operation, value, kinds, place)
    if is_sequence(value):
        return [
            _members(operation, item, kinds, f"{place}[{at}]") if is_mapping(item) else item
            for at, item in enumerate(value)
        ]
    return value


def _as_input(name: str, value: Any) -> Any:
    if name == "content":
        return content_as_input(value)
    return [message_as_input(item) for item in value] if is_sequence(value) else value


def _members(operation: str, values: Mapping[str, Any], kinds: Kinds, place: str) -> dict[str, Any]:
    # Keys that are no names are refused where keys are checked.
    return {
        name: value if type(value) is str else with_ids(operation, str(name), value, kinds, f"{place}.{name}")
        for name, value in values.items()
    }
