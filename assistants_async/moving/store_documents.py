"""Objects of an account as documents of a store, with all that the embedded server keeps beside their members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from .._typing import is_object
from ..server.engine.thread_items import files_of
from ..server.engine.tokens import text_of, tokens
from ..server.storage.documents import SHAPES
from ..server.storage.interface import Document
from ..server.storage.vector_index import DEFAULT_CHUNKING


class UnusableError(ValueError):
    """An object lacks something that a server needs of it; the text is the reason."""


# The members that the server reads of each kind. All others may be absent, or of any type.

_Id = Annotated[str, msgspec.Meta(min_length=1, pattern="^[^\\x00]+$")]
"""PostgreSQL has no text with the character 0."""


_INSIDE = {"text": "value", "image_file": "file_id", "image_url": "url"}
"""The member that a content part cannot do without, by its type."""


class _Named(msgspec.Struct):
    id: _Id
    created_at: int


class _Part(msgspec.Struct):
    type: str
    text: Any = None
    image_file: Any = None
    image_url: Any = None
    refusal: Any = None

    def __post_init__(self) -> None:
        if self.type == "refusal" and not isinstance(self.refusal, str):
            raise ValueError("a content part of type refusal without its text")
        name = _INSIDE.get(self.type)
        holder = None if name is None else getattr(self, self.type)
        if name is not None and not (is_object(holder) and isinstance(holder.get(name), str)):
            raise ValueError(f"a content part of type {self.type} without its {name}")


class _Function(msgspec.Struct):
    name: str


class _Tool(msgspec.Struct):
    type: str
    function: _Function | None = None

    def __post_init__(self) -> None:
        if self.type == "function" and self.function is None:
            raise ValueError("a function tool without its function")


class _Search(msgspec.Struct):
    vector_store_ids: list[str] | None = None


class _Resources(msgspec.Struct):
    file_search: _Search | None = None


class _Assistant(_Named):
    model: str
    instructions: str | None = None
    tools: list[_Tool] | None = None
    tool_resources: _Resources | None = None
    file_ids: list[str] | None = None


class _Thread(_Named):
    tool_resources: _Resources | None = None


class _Typed(msgspec.Struct):
    type: str


class _Attachment(msgspec.Struct):
    file_id: str | None = None
    tools: list[_Typed] | None = None


class _Message(_Named):
    role: str
    content: list[_Part]
    status: str | None = None
    run_id: str | None = None
    attachments: list[_Attachment] | None = None
    file_ids: list[str] | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int


class _Run(_Named):
    status: str
    expires_at: int | None = None
    usage: _Usage | None = None
    tools: list[_Tool] | None = None


class _Called(msgspec.Struct):
    name: str
    arguments: str = ""
    output: str | None = None


class _FoundPart(msgspec.Struct):
    text: str


class _Found(msgspec.Struct):
    file_name: str
    content: list[_FoundPart] | None = None


class _Results(msgspec.Struct):
    results: list[_Found] | None = None


class _Call(msgspec.Struct):
    id: str
    type: str
    function: _Called | None = None
    file_search: _Results | None = None

    def __post_init__(self) -> None:
        if self.type in ("function", "file_search") and getattr(self, self.type) is None:
            raise ValueError(f"a call of type {self.type} without its {self.type}")


class _Details(msgspec.Struct):
    type: str
    tool_calls: list[_Call] | None = None


class _Step(_Named):
    type: str
    status: str
    step_details: _Details
    usage: _Usage | None = None


class _File(_Named):
    purpose: str
    filename: str | None = None
    expires_at: int | None = None


class _Expiry(msgspec.Struct):
    days: int


class _VectorStore(_Named):
    last_active_at: int | None = None
    expires_after: _Expiry | None = None


class _StoreFile(_Named):
    status: Literal["in_progress", "completed", "failed", "cancelled"]
    usage_bytes: int | None = None
    attributes: dict[str, Any] | None = None
    chunking_strategy: dict[str, Any] | None = None


_NEEDED: Mapping[str, type[_Named]] = {
    "assistant": _Assistant,
    "thread": _Thread,
    "message": _Message,
    "run": _Run,
    "step": _Step,
    "file": _File,
    "vector_store": _VectorStore,
    "store_file": _StoreFile,
}
_ABSENT = (("arguments", ""), ("output", None))
"""Members of a function call that servers leave out."""
_COMPUTED = {"vector_store": ("usage_bytes", "file_counts", "status", "expires_at")}
"""Members that the server works out anew for each answer."""


def document_of(kind: str, found: Mapping[str, Any], parent: str = "", run_id: str = "") -> Document:
    """Return the document of an object; raises `UnusableError`.

    Only members of the protocol are taken: the server keeps things of its own beside them, under other names.
    """
    try:
        msgspec.convert(found, _NEEDED[kind])
    except msgspec.ValidationError as error:
        raise UnusableError(f"it cannot be used: {error}") from None
    shapes = SHAPES[kind]
    known = {**shapes.get("v1", {}), **shapes["v2"]}.keys() - {"object", *_COMPUTED.get(kind, ())}
    document: Document = {name: value for name, value in found.items() if name in known}
    if kind == "message":
        _complete_message(document, parent)
    elif kind == "run":
        document |= {"thread_id": parent, "tools": document.get("tools") or []}
        for name in ("expires_at", "started_at", "required_action"):
            document.setdefault(name, None)
    elif kind == "step":
        document |= {"thread_id": parent, "run_id": run_id, "usage": document.get("usage")}
        document["step_details"] = _details(document["step_details"])
    elif kind == "vector_store":
        # The expiry counts from here.
        document["last_active_at"] = found.get("last_active_at") or found["created_at"]
    elif kind == "store_file":
        _complete_store_file(document, parent)
    return document


def _complete_message(document: Document, thread_id: str) -> None:
    document["thread_id"] = thread_id
    document.setdefault("run_id", None)
    for name in ("file_ids", "attachments"):
        document[name] = document.get(name) or []
    document["tokens"] = len(tokens(text_of(document)))
    if files := [file_id for file_id in files_of(document) if file_id]:
        document["files"] = files


def _complete_store_file(document: Document, store_id: str) -> None:
    strategy = document.get("chunking_strategy")
    document |= {
        "vector_store_id": store_id,
        "usage_bytes": document.get("usage_bytes") or 0,
        "attributes": document.get("attributes"),
        "chunking_strategy": strategy if _is_static(strategy) else DEFAULT_CHUNKING,
        "batch_id": "",
        "read_at": None,
    }


def _details(details: Mapping[str, Any]) -> Document:
    """Return the details of a step; a function call has an output, which may be null."""
    calls = details.get("tool_calls")
    if details["type"] != "tool_calls" and calls is None:
        return dict(details)
    return {**details, "tool_calls": [_call(call) for call in calls or ()]}


def _call(call: Document) -> Document:
    if call["type"] != "function":
        return call
    function: Document = call["function"]
    return {**call, "function": {**function, **{name: value for name, value in _ABSENT if name not in function}}}


def _is_static(strategy: object) -> bool:
    """Return True for chunk sizes that a text can be cut by."""
    sizes = strategy.get("static") if is_object(strategy) and strategy.get("type") == "static" else None
    if not is_object(sizes):
        return False
    size, overlap = sizes.get("max_chunk_size_tokens"), sizes.get("chunk_overlap_tokens")
    return type(size) is int and type(overlap) is int and 0 <= overlap < size
