"""A message of a thread as an item of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._typing import is_object

Note = Callable[[str], None]
"""Takes a sentence about what has no counterpart."""

_DETAILS = ("low", "high", "auto", "original")


class MessageItems:
    """Converts messages; it knows the names of files, which citations have there."""

    def __init__(self, filenames: Mapping[str, str]) -> None:
        self._filenames = filenames

    def item(self, message: Mapping[str, Any], note: Note) -> dict[str, Any] | None:
        """Return the item of a message; None where nothing of it has a counterpart."""
        name, role = message["id"], message.get("role")

        def about(text: str) -> None:
            note(f"message {name}: {text}")

        attached = [each.get("file_id") for each in message.get("attachments") or ()]
        for file_id in [*attached, *(message.get("file_ids") or ())]:
            about(f"the attached file {file_id} has no counterpart")
        convert = self._said if role == "assistant" else self._input
        content = [made for part in message.get("content") or () for made in convert(part, about)]
        if not content:
            about("it is left out, since nothing of it is left")
            return None
        if role != "assistant":
            return {"type": "message", "role": "user", "content": content}
        whole = message.get("status") in (None, "completed")
        status = "completed" if whole else "incomplete"
        return {"type": "message", "id": name, "role": role, "status": status, "content": content}

    def _input(self, part: Mapping[str, Any], note: Note) -> Iterator[dict[str, Any]]:
        kind = part.get("type")
        inner = part.get(kind) if isinstance(kind, str) else None
        if kind == "text":
            yield {"type": "input_text", "text": _text(inner)}
        elif kind in ("image_file", "image_url") and is_object(inner):
            member, source = ("file_id", "file_id") if kind == "image_file" else ("image_url", "url")
            detail = inner.get("detail")
            yield {
                "type": "input_image",
                member: inner.get(source),
                "detail": detail if detail in _DETAILS else "auto",
            }
        else:
            note(f"its part {kind!r} has no counterpart")

    def _said(self, part: Mapping[str, Any], note: Note) -> Iterator[dict[str, Any]]:
        kind = part.get("type")
        if kind == "text":
            inner = part.get("text")
            found = (inner.get("annotations") if is_object(inner) else None) or ()
            annotations = [made for place, each in enumerate(found) for made in self._annotation(each, place, note)]
            yield {"type": "output_text", "text": _text(inner), "annotations": annotations}
        elif kind == "refusal":
            yield {"type": "refusal", "refusal": part.get("refusal") or ""}
        else:
            # Images of the assistant, too: messages that a model wrote are text there.
            note(f"its part {kind!r} has no counterpart in a message of the assistant")

    def _annotation(self, found: Mapping[str, Any], place: int, note: Note) -> Iterator[dict[str, Any]]:
        kind = found.get("type")
        inner = found.get(kind) if isinstance(kind, str) else None
        members: Mapping[str, Any] = inner if is_object(inner) else {}
        start, end = found.get("start_index") or 0, found.get("end_index") or 0
        file_id = members.get("file_id")
        if kind == "file_citation" and file_id:
            filename = self._filenames.get(file_id, file_id)
            yield {"type": kind, "file_id": file_id, "filename": filename, "index": start}
        elif kind == "file_path" and file_id:
            yield {"type": kind, "file_id": file_id, "index": place}
        elif kind == "url_citation" and members.get("url"):
            title = members.get("title") or members["url"]
            yield {"type": kind, "url": members["url"], "title": title, "start_index": start, "end_index": end}
        else:
            note(f"an annotation {kind!r} has no counterpart")


def _text(inner: object) -> str:
    """Return the text of a part: an object with a value, or, as some servers send it, the text itself."""
    value = inner.get("value") if is_object(inner) else inner
    return value if isinstance(value, str) else ""
