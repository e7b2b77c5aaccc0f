"""Objects of a folder on their way into a store: read one by one, with what an import changes in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..core.requests.endpoint import ProtocolVersion
from ..server.storage.documents import SHAPES, render, without_content
from ..server.storage.interface import Document, Key
from .expired_runs import expired_message, expired_run, expired_step, expiry_of, is_active
from .folder import Line, read_lines, read_thread_lines
from .store_documents import UnusableError, document_of
from .thread_order import in_order

Miss = Callable[[str, str, str], None]
"""Takes kind, id and reason of an object that cannot be moved."""

_KINDS = {"vector_store_file": "store_file"}
"""Kinds of lines that have another name in stores."""
_LIVING = {
    "store_file": frozenset({"status", "usage_bytes", "last_error"}),
    "vector_store": frozenset({"last_active_at"}),
}
"""Members that a server changes by itself."""


class Incoming(NamedTuple):
    """One object."""

    kind: str
    """Kind of its line."""
    key: Key
    """Its key in the store."""
    document: Document
    """Its document, as it is to be stored."""
    names: frozenset[str]
    """Members that the exported object has."""

    def is_same(self, stored: Document) -> bool:
        """Return True where a stored document has the same content."""
        kind = self.key.kind
        # Both as a server shows them: what one has by default may be absent in the other. Protocol v1 alone has files.
        protocol: ProtocolVersion = "v1" if "file_ids" in self.names else "v2"
        mine, there = (render(kind, document, protocol) for document in (self.document, stored))
        if kind == "step":
            mine, there = without_content(mine), without_content(there)
        names = (self.names & SHAPES[kind][protocol].keys()) - _LIVING.get(kind, frozenset())
        return all(there.get(name) == mine.get(name) for name in names)


class IncomingThread(NamedTuple):
    """A thread with all that is in it."""

    thread: Incoming
    """The thread itself."""
    parts: Sequence[Incoming]
    """Its runs, then its messages and steps in the order in which they came."""


def read_objects(path: Path, miss: Miss) -> Iterator[Incoming]:
    """Yield the objects of a list; one that cannot be used is left out, and named."""
    for line in read_lines(path):
        incoming = _incoming(line, line.parent or "", miss)
        if incoming is not None:
            yield incoming


def read_thread(path: Path, miss: Miss) -> IncomingThread | None:
    """Read a thread; None where it cannot be used. Active runs are expired."""
    lines = read_thread_lines(path)
    thread = _incoming(next(lines), "", miss)
    if thread is None:
        return None
    found: dict[str, dict[str, Incoming]] = {kind: {} for kind in ("message", "run", "step")}
    for line in lines:
        if line.kind not in found:
            miss(line.kind, line.object["id"], "this kind of object is unknown")
            continue
        incoming = _incoming(line, thread.key.id, miss)
        if incoming is not None:
            found[line.kind][incoming.key.id] = incoming
    return IncomingThread(thread, list(_parts(found["message"], found["run"], found["step"], miss)))


def _incoming(line: Line, parent: str, miss: Miss) -> Incoming | None:
    kind = _KINDS.get(line.kind, line.kind)
    try:
        document = document_of(kind, line.object, parent, line.parent or "")
    except UnusableError as error:
        miss(line.kind, line.object["id"], str(error))
        return None
    return Incoming(line.kind, Key(kind, parent, document["id"]), document, frozenset(line.object))


def _parts(
    messages: dict[str, Incoming], runs: dict[str, Incoming], steps: dict[str, Incoming], miss: Miss
) -> Iterator[Incoming]:
    """Yield the parts of a thread in the order of their places."""
    of_run: dict[str, list[str]] = defaultdict(list)
    for name, step in steps.items():
        run_id: str = step.document["run_id"]
        if run_id in runs:
            of_run[run_id].append(name)
        else:
            miss("step", name, "its run is not in the folder")
    for name, run in runs.items():
        if is_active(run.document):
            _expire(run, messages, steps, of_run[name])
        yield run
    documents = [run.document for run in runs.values()]
    by_run = {name: [steps[step].document for step in of_run[name]] for name in runs}
    count = 0
    for document in in_order([message.document for message in messages.values()], documents, by_run):
        if "step_details" in document:
            # Marks of its search begin with it.
            document["number"] = count
            yield steps[document["id"]]
        else:
            count += 1
            yield messages[document["id"]]


def _expire(run: Incoming, messages: dict[str, Incoming], steps: dict[str, Incoming], of_run: Sequence[str]) -> None:
    """End a run, with what is open in it."""
    moment = expiry_of(run.document)
    for name in of_run:
        steps[name].document.update(expired_step(steps[name].document, moment))
    for message in messages.values():
        if message.document.get("run_id") == run.key.id:
            message.document.update(expired_message(message.document, moment))
    run.document.update(expired_run(run.document, [steps[name].document for name in of_run]))
