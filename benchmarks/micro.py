"""The pure core by itself: no network, no event loop. With pyperf where it is installed, else the best of some repeats.

pyperf takes its own options, such as `--fast` and `-o FILE`; `--plain` does without it.
"""

from __future__ import annotations

import importlib
import sys
import timeit
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

import msgspec

from assistants_async import AssistantsClient, Message, MessageDeltaEvent, Page, Run
from assistants_async.core.runs.snapshot import Snapshot
from assistants_async.core.streams.json_framers import ConcatenatedJSON, JSONFramer, JSONLines, ListElements
from assistants_async.core.streams.sse import SSEDecoder
from assistants_async.models.deltas import MessageDelta
from benchmarks import bodies

REPEATS = 7
EVENTS = 4_000

_CLIENT = AssistantsClient(base_url="http://127.0.0.1/v1", api_key="key")
_RUN = bodies.answer(b"GET /run/v1/threads/t/runs/r HTTP/1.1").pieces[0].partition(b"\r\n\r\n")[2]
_DELTAS = b"".join(map(bodies.delta, range(EVENTS)))
_ONE = _DELTAS.partition(b"data: ")[2].partition(b"\n\n")[0]


def page(size: int) -> bytes:
    """A page of messages of about so many bytes."""
    count = size // len(msgspec.json.encode(bodies.message(1)))
    data = [bodies.message(number) for number in range(count)]
    return msgspec.json.encode({"object": "list", "data": data, "has_more": True})


def pieces(body: bytes, size: int) -> list[bytes]:
    """A body cut every `size` bytes."""
    return list(bodies.cut(body, size))


def read_events(parts: list[bytes]) -> None:
    """Separate events, without decoding their data."""
    decoder = SSEDecoder()
    assert sum(len(decoder.feed(part)) for part in parts)


def read_items(
    make: Callable[[], JSONFramer], parts: list[bytes], decode: Callable[[bytes], Any] | None = None
) -> None:
    """Separate items, and decode them."""
    framer = make()
    items: list[Any] = []
    for part in parts:
        found = framer.feed(part)
        items += found if decode is None else map(decode, found)
    assert items or framer.finish()


def fold() -> None:
    """Put a message together from its deltas."""
    event = MessageDeltaEvent(event="thread.message.delta", data=msgspec.json.decode(_ONE, type=MessageDelta))
    snapshot = Snapshot()
    for _ in range(EVENTS):
        snapshot.add(event)
    assert snapshot.messages


def bind() -> None:
    """Make a call of two ids, which is given up."""
    _CLIENT.runs.retrieve("thread_1", "run_1").close()


def bind_body() -> None:
    """Check a body, and make the call of it."""
    _CLIENT.messages.create("thread_1", role="user", content="Hello").close()


_decode_run = msgspec.json.Decoder(Run).decode
_decode_page = msgspec.json.Decoder(Page[Message]).decode
_decode_message = msgspec.json.Decoder(Message).decode
_SMALL, _LARGE = page(75_000), page(5_000_000)
_LINES = [msgspec.json.encode(bodies.message(number)) for number in range(1_000)]

WORKS: Mapping[str, tuple[Callable[[], object], int]] = {
    "bind a call": (bind, 1),
    "bind a call with a body": (bind_body, 1),
    "decode a run": (partial(_decode_run, _RUN), 1),
    "events, whole": (partial(read_events, [_DELTAS]), EVENTS),
    "events, 16 KB pieces": (partial(read_events, pieces(_DELTAS, 1 << 14)), EVENTS),
    "events, 7-byte pieces": (partial(read_events, pieces(_DELTAS, 7)), EVENTS),
    "events with CRLF, 16 KB pieces": (
        partial(read_events, pieces(_DELTAS.replace(b"\n", b"\r\n"), 1 << 14)),
        EVENTS,
    ),
    "an event of 16 MB, 16 KB pieces": (
        partial(read_events, pieces(b"data: " + b"x" * (1 << 24) + b"\n\n", 1 << 14)),
        1,
    ),
    "fold deltas": (fold, EVENTS),
    "page of 75 KB, decoded whole": (partial(_decode_page, _SMALL), 1),
    "page of 75 KB, element by element": (
        partial(read_items, ListElements, pieces(_SMALL, 1 << 14), _decode_message),
        1,
    ),
    "page of 5 MB, decoded whole": (partial(_decode_page, _LARGE), 1),
    "page of 5 MB, element by element": (
        partial(read_items, ListElements, pieces(_LARGE, 1 << 14), _decode_message),
        1,
    ),
    "lines": (partial(read_items, JSONLines, pieces(b"\n".join(_LINES), 1 << 14)), len(_LINES)),
    "documents end to end": (partial(read_items, ConcatenatedJSON, pieces(b"".join(_LINES), 1 << 14)), len(_LINES)),
}
"""The function, and the number of units it does at once: figures are for each of them."""


def best(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of one execution, the least of the repeats."""
    number = max(1, int(0.02 / max(timeit.timeit(work, number=1), 1e-7)))
    return min(timeit.repeat(work, number=number, repeat=repeats)) / number


def main() -> None:
    if find_spec("pyperf") is None or "--plain" in sys.argv:
        for name, (work, count) in WORKS.items():
            print(f"{name:36} {best(work) / count * 1e6:12.2f} µs")
        return
    pyperf: Any = importlib.import_module("pyperf")
    runner = pyperf.Runner(program_args=("-m", "benchmarks.micro"))
    for name, (work, count) in WORKS.items():
        runner.bench_func(name, work, inner_loops=count)


if __name__ == "__main__":
    main()
