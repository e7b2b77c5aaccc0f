"""Names of openai-python that are none here, and what to write for each.

Code that was written with it, or by somebody who knows it, gets an error that names the way out. A name is refused by a
descriptor that raises: `hasattr` stays False, `dir` of an object does not list it, and other attributes cost nothing
(a `__getattr__` would take 15 ns of each).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from .._typing import override
from .base import did_you_mean

C = TypeVar("C", bound=type)

_RESPONSE = "await call.response() has the value and the answer"
_STREAM = "enter call.stream(): its .http is the head"
_BYTES = "await the call for the bytes, or use .save(folder) or .stream()"
_ITEMS = "iterate the call itself: async for item in client.….list(…)"
_INGEST = "client.vector_stores.ingest(store, [path, …]), or client.files.create(…) and create(…).poll()"

NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "AssistantsClient": {
            "beta": "client.assistants, client.threads, client.messages, client.runs and client.steps",
            "copy": "client.with_options(…)",
            "chat": "the Assistants protocol has assistants, threads and runs alone",
            "responses": "the Assistants protocol has assistants, threads and runs alone",
            "with_raw_response": _RESPONSE,
            "with_streaming_response": _STREAM,
        },
        "Resource": {"with_raw_response": _RESPONSE, "with_streaming_response": _STREAM, "del_": "delete(…)"},
        "Assistants": {"update": "modify(…)"},
        "Threads": {
            "update": "modify(…)",
            "messages": "client.messages",
            "runs": "client.runs",
            "create_and_run_poll": "create_and_run(…).poll()",
            "create_and_run_stream": "create_and_run(…).stream()",
        },
        "Messages": {"update": "modify(thread, message, …)"},
        "Runs": {
            "update": "modify(thread, run, …)",
            "steps": "client.steps",
            "poll": "wait(thread, run)",
            "stream": "create(thread, …).stream()",
            "create_and_poll": "create(thread, …).poll()",
            "create_and_stream": "create(thread, …).stream()",
            "submit_tool_outputs_and_poll": "submit_tool_outputs(thread, run, …).poll()",
            "submit_tool_outputs_stream": "submit_tool_outputs(thread, run, …).stream()",
        },
        "Files": {"retrieve_content": "content(file)", "wait_for_processing": "retrieve(file), whose status says it"},
        "VectorStores": {"update": "modify(…)"},
        "VectorStoreFiles": {
            "update": "modify(store, file, …)",
            "poll": "retrieve(store, file).poll()",
            "create_and_poll": "create(store, file_id=…).poll()",
            "upload": _INGEST,
            "upload_and_poll": _INGEST,
        },
        "FileBatches": {
            "poll": "retrieve(store, batch).poll()",
            "create_and_poll": "create(store, …).poll()",
            "upload_and_poll": _INGEST,
        },
        "Uploads": {"upload_file_chunked": "send(path, purpose=…)"},
        "PagedCall": {
            "auto_paging_iter": _ITEMS,
            "iter_pages": "call.pages()",
            "data": "await the call for a page: (await call).data",
            "has_next_page": _ITEMS,
            "get_next_page": _ITEMS,
        },
        "Download": dict.fromkeys(
            ("read", "aread", "content", "text", "iter_bytes", "aiter_bytes", "write_to_file", "stream_to_file"), _BYTES
        ),
        "EventChannel": {
            "text_deltas": "channel.text()",
            "current_run": "channel.run",
            "current_message_snapshot": "channel.snapshot.messages",
            "current_run_step_snapshot": "channel.snapshot.steps",
            "get_final_run": "await channel.final_run()",
            "get_final_messages": "await channel.final_messages()",
            "get_final_run_steps": "channel.snapshot.steps after await channel.until_done()",
        },
        "Model": {
            "model_dump": "to_dict()",
            "model_dump_json": "to_json()",
            "model_copy": "msgspec.structs.replace(…)",
            "model_validate": "from_dict(…)",
            "model_validate_json": "from_json(…)",
        },
        "AnyPage": {
            "has_next_page": "has_more",
            "get_next_page": "client.….list(…).pages() walks all pages",
            "next_page_info": "client.….list(…).pages() walks all pages",
            "iter_pages": "client.….list(…).pages() walks all pages",
        },
    }
)
"""Attributes by class, with the words that follow the colon."""

_OPTION = "give it to the call, call.with_options({}), or to a view of the client"

KEYWORDS: Mapping[str, str] = MappingProxyType(
    {
        "extra_headers": _OPTION.format("headers=…"),
        "extra_query": _OPTION.format("query=…"),
        "extra_body": "give it to a view: client.with_options(extra_body=…)",
        "timeout": _OPTION.format("timeout=…"),
        "max_retries": "it is retry=",
        "default_headers": "it is headers=",
        "default_query": "it is query=",
        "http_client": "it is session=, an aiohttp.ClientSession; or give proxy=, ssl= or max_connections=",
        "poll_interval_ms": "it is .poll(interval=…), in seconds",
        "max_wait_seconds": "it is .poll(deadline=…)",
        "event_handler": "enter .stream(), and await channel.handle(handler)",
        "azure_endpoint": "use AssistantsClient.azure(endpoint, api_version=…)",
    }
)
"""Keywords, with the words that follow the colon."""


class OldName:
    """A descriptor that raises `AttributeError` with the name to use."""

    def __init__(self, name: str, words: str) -> None:
        self._message = f"object has no attribute {name!r} of openai-python; here: {words}"
        # For `help` of a class, which lists descriptors.
        self.__doc__ = f"The name in openai-python; here: {words}."

    def __get__(self, thing: object, kind: type) -> NoReturn:
        raise AttributeError(f"{kind.__name__!r} {self._message}")


def old_names(cls: C) -> C:
    """Refuse openai-python's names on a class, as the table says; also as a decorator."""
    names = NAMES.get(cls.__name__, {})
    for name, words in names.items():
        setattr(cls, name, OldName(name, words))
    return cls


def listed(thing: object, names: Iterable[str]) -> list[str]:
    """Leave refused names out of those that `dir` lists."""
    kinds = type(thing).__mro__
    # Read from the classes: asking the object for a refused name would raise.
    static: dict[str, Any] = {name: vars(kind)[name] for kind in reversed(kinds) for name in vars(kind)}
    return [name for name in names if not isinstance(static.get(name), OldName)]


class Listed:
    """The part of classes that have no `dir` entries for refused names."""

    __slots__ = ()

    @override
    def __dir__(self) -> list[str]:
        return listed(self, super().__dir__())


def keyword_hint(name: str, known: Iterable[str], path: str = "", ids: Collection[str] = ()) -> str:
    """End a sentence about a keyword that is not known: how to say it here, or the nearest that is known.

    `ids` are those of the path, which openai-python takes by name.
    """
    if name in ids:
        return ": ids go by position, parents first"
    # Only at the top: deeper, the same word may be a member of the protocol.
    return f": {KEYWORDS[name]}" if not path and name in KEYWORDS else did_you_mean(name, known, path)


class _Missing:
    """The type of an id that was not given."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""The id of a call that has none: it is refused where ids are checked, in words that say how to give it."""
