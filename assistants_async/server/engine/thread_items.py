"""The thread of a run: messages and finished rounds of tool calls, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import overload

from ..._typing import override
from ..storage.batch import content_of
from ..storage.interface import Document, Key, PageQuery, Store, Stored
from .tokens import text_of
from .turn import ToolOutput, ToolRound, TurnFile, TurnItem, TurnMessage

SEARCH = "file_search"

# Bytes of images that are read for a turn: no model takes more at once.
_MOST_IMAGES = 20 * 2**20
_STEPS = 50


class ThreadView:
    """The part of a thread that a run works on; the run adds to it what it writes."""

    def __init__(
        self,
        count: int,
        messages: Sequence[Stored] = (),
        steps: Sequence[Stored] = (),
        files: dict[str, TurnFile] | None = None,
    ) -> None:
        self.count = count
        """The number of all messages of the thread."""
        self.files = files or {}
        """The files that the messages name, by id."""
        self._messages = [row.document for row in messages]
        # Places in the store order them, since times are whole seconds.
        rows = sorted([*messages, *steps], key=_place) if steps else messages
        self._items: list[TurnItem] = [
            _round(row.document) if "step_details" in row.document else row.document for row in rows
        ]
        self.tokens = sum(message["tokens"] for message in self._messages)
        """Tokens of the messages, by the server's own estimate."""

    @property
    def messages(self) -> Messages:
        """The messages as they are now."""
        return Messages(self._messages)

    @property
    def items(self) -> Sequence[TurnItem]:
        """Messages as documents and rounds, as they are now."""
        return tuple(self._items)

    @property
    def file_ids(self) -> list[str]:
        """The files that messages of protocol v1 give along."""
        return [file_id for message in self._messages for file_id in message.get("file_ids") or ()]

    def add_message(self, message: Document) -> None:
        """Add a message that the run has written."""
        self._messages.append(message)
        self._items.append(message)
        self.tokens += message["tokens"]

    def add_round(self, step: Document) -> None:
        """Add a round of calls that was answered."""
        self._items.append(_round(step))


class Messages(Sequence[TurnMessage]):
    """Messages that are made when they are looked at: most responders want the last one alone."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = tuple(documents)

    @override
    def __len__(self) -> int:
        return len(self._documents)

    @overload
    def __getitem__(self, index: int) -> TurnMessage: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TurnMessage]: ...
    @override
    def __getitem__(self, index: int | slice) -> TurnMessage | Sequence[TurnMessage]:
        if isinstance(index, slice):
            return Messages(self._documents[index])
        message = self._documents[index]
        return TurnMessage(message["role"], text_of(message))


async def read_thread(store: Store, run: Document) -> ThreadView:
    """Read what a run sees of its thread: with `last_messages` no more than that, however long the thread is."""
    thread_id: str = run["thread_id"]
    strategy: Document = run.get("truncation_strategy") or {}
    limit: int | None = strategy.get("last_messages") if strategy.get("type") == "last_messages" else None
    if limit is None:
        # In one go: most runs see all of their thread.
        queries = {"message": PageQuery(), "step": PageQuery()}
        messages, steps = [page.rows for page in await store.pages(thread_id, queries)]
        rounds = [row for row in steps if _is_round(row.document)]
        return ThreadView(len(messages), messages, rounds, await _files(store, messages))
    count = (await store.tally("message", thread_id)).total
    found = await store.page("message", thread_id, PageQuery(limit=limit, ascending=False))
    messages = list(reversed(found.rows))
    start = messages[0].place if found.more and messages else 0
    own = {row.document["id"]: row for row in await _steps_from(store, thread_id, start)}
    # The rounds of the run itself stay, also those before the messages that are kept.
    page = await store.page("step", thread_id, PageQuery(ref=run["id"]))
    own |= {row.document["id"]: row for row in page.rows if _is_round(row.document)}
    return ThreadView(count, messages, list(own.values()), await _files(store, messages))


async def _steps_from(store: Store, thread_id: str, start: int) -> list[Stored]:
    """Read the finished rounds from a place on."""
    found: list[Stored] = []
    last: str | None = None
    limit = _STEPS if start else None
    while True:
        page = await store.page("step", thread_id, PageQuery(limit=limit, ascending=False, after=last))
        found += (row for row in page.rows if row.place > start and _is_round(row.document))
        if not page.more or page.rows[-1].place <= start:
            return found
        last = page.rows[-1].document["id"]


async def _files(store: Store, messages: Sequence[Stored]) -> dict[str, TurnFile]:
    """Look up the files that messages name, and read the images among them, the newest first."""
    files: dict[str, TurnFile] = {}
    left = _MOST_IMAGES
    for row in reversed(messages):
        named: Sequence[str] = row.document.get("files") or ()
        if not named:
            continue
        images = {part["image_file"]["file_id"] for part in row.document["content"] if part["type"] == "image_file"}
        for file_id in named:
            stored = None if file_id in files else await store.get(Key("file", "", file_id))
            if stored is None:
                continue
            file = stored.document
            # More than fits is not sent either: its size is all that counts.
            size: int = file["bytes"]
            is_read = file_id in images and size <= left
            left -= size if file_id in images else 0
            content = partial(_value, await content_of(store, file["blob"])) if is_read else partial(bytes, size)
            files[file_id] = TurnFile(file["filename"], content)
    return files


def _value(content: bytes) -> bytes:
    return content


def _place(row: Stored) -> int:
    return row.place


def _is_round(step: Document) -> bool:
    return bool(step["type"] == "tool_calls" and step["status"] == "completed")


def _round(step: Document) -> ToolRound:
    return ToolRound(step["run_id"], tuple(_calls(step)), step.get("message_id") or "")


def _calls(step: Document) -> Iterator[ToolOutput]:
    arguments: Document = step.get("arguments") or {}
    start = 0
    for call in step["step_details"]["tool_calls"]:
        if call["type"] == "function":
            function = call["function"]
            yield ToolOutput(call["id"], function["name"], function["arguments"], function["output"] or "")
        elif call["type"] == SEARCH:
            results: list[Document] = call[SEARCH].get("results") or []
            output = search_output(results, step["number"], start)
            start += len(results)
            yield ToolOutput(call["id"], SEARCH, arguments.get(call["id"], "{}"), output)


def marker(number: int, place: int, filename: str) -> str:
    """Write the mark of a chunk: the number of its search in the run, its place in the search, its file."""
    return f"【{number}:{place}†{filename}】"


def search_output(results: list[Document], number: int, start: int) -> str:
    """Write what a search found for a model: each chunk under its mark."""
    texts = [
        f"{marker(number, place, one['file_name'])}\n{one['content'][0]['text']}"
        for place, one in enumerate(results, start)
        # Other servers leave the texts out, so an import has none.
        if one.get("content")
    ]
    return "\n\n".join(texts) or "Nothing was found."


def files_of(message: Document) -> list[str]:
    """Ids of the files that a message names, in whichever way."""
    images = [part["image_file"]["file_id"] for part in message["content"] if part["type"] == "image_file"]
    attached = [one["file_id"] for one in message["attachments"] if "file_id" in one]
    return list(dict.fromkeys([*images, *message["file_ids"], *attached]))
