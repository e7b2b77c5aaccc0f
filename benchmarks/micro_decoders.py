"""What the decoders of response streams cost by themselves: no network, no event loop, the minimum of the repeats.

python benchmarks/micro_decoders.py
"""

from __future__ import annotations

import json
import sys
import timeit
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from assistants_async.core.jsonitems import ConcatenatedJSON, JSONFramer, JSONLines, ListElements
from assistants_async.core.sse import SSEDecoder

REPEATS = 7


class Text(msgspec.Struct):
    value: str
    annotations: tuple[Any, ...]


class Content(msgspec.Struct):
    type: str
    text: Text


class Message(msgspec.Struct):
    id: str
    object: str
    created_at: int
    thread_id: str
    role: str
    content: tuple[Content, ...]
    assistant_id: str | None
    run_id: str | None
    attachments: tuple[Any, ...]
    metadata: dict[str, str]


class MessagePage(msgspec.Struct):
    object: str
    data: tuple[Message, ...]
    first_id: str
    last_id: str
    has_more: bool


def message(number: int) -> dict[str, Any]:
    """A message as a server sends it, about 750 bytes."""
    text = {"value": 'A sentence of an answer, with a "quote" and a line end.\n' * 5, "annotations": []}
    return {
        "id": f"msg_{number:024}",
        "object": "thread.message",
        "created_at": 1_700_000_000 + number,
        "thread_id": f"thread_{7:024}",
        "role": "assistant",
        "content": [{"type": "text", "text": text}],
        "assistant_id": f"asst_{7:024}",
        "run_id": f"run_{number:024}",
        "attachments": [{"file_id": f"file-{number:024}", "tools": [{"type": "file_search"}]}],
        "metadata": {"topic": "weather"},
    }


def page(size: int) -> bytes:
    """A page of messages of about this many bytes."""
    count = max(1, size // len(json.dumps(message(0))))
    data = [message(number) for number in range(count)]
    envelope = {"object": "list", "data": data, "first_id": data[0]["id"], "last_id": data[-1]["id"], "has_more": True}
    return json.dumps(envelope).encode()


def events(count: int) -> bytes:
    """That many deltas as a run's stream has them, about 210 bytes each."""
    delta = {
        "id": f"msg_{7:024}",
        "object": "thread.message.delta",
        "delta": {"content": [{"index": 0, "type": "text", "text": {"value": " token", "annotations": []}}]},
    }
    return (b"event: thread.message.delta\ndata: " + json.dumps(delta).encode() + b"\n\n") * count


def pieces(body: bytes, size: int) -> list[bytes]:
    """The body cut every `size` bytes."""
    return [body[start : start + size] for start in range(0, len(body), size)]


def best(work: Callable[[], object], number: int = 1) -> float:
    """Seconds of one execution, the minimum of the repeats."""
    return min(timeit.repeat(work, number=number, repeat=REPEATS)) / number


def decode_events(parts: list[bytes]) -> int:
    decoder = SSEDecoder()
    return sum(len(decoder.feed(part)) for part in parts)


def frame(
    make: Callable[[], JSONFramer], parts: list[bytes], decode: Callable[[bytes], Any] | None = None
) -> list[Any]:
    framer = make()
    items: list[Any] = []
    for part in parts:
        found = framer.feed(part)
        items += found if decode is None else map(decode, found)
    return items + framer.finish()


def show_events() -> None:
    count = 4000
    body = events(count)
    print(f"server-sent events, {len(body) // count} bytes each")
    crlf = body.replace(b"\n", b"\r\n")
    with_ids = body.replace(b"event:", b"id: 5\nevent:")
    for name, parts in [
        ("whole", [body]),
        ("16 KB pieces", pieces(body, 1 << 14)),
        ("one event a piece", pieces(body, len(body) // count)),
        ("7-byte pieces", pieces(body, 7)),
        ("CRLF, 16 KB pieces", pieces(crlf, 1 << 14)),
        ("with ids, 16 KB pieces", pieces(with_ids, 1 << 14)),
    ]:
        assert decode_events(parts) == count
        seconds = best(partial(decode_events, parts))
        print(f"  {name:24} {count / seconds:12,.0f} events/s   {seconds / count * 1e6:6.2f} µs each")


def show_large() -> None:
    print("one event, in ms")
    for name, size, step in [("16 MB in 16 KB pieces", 1 << 24, 1 << 14), ("1 MB in 1-byte pieces", 1 << 20, 1)]:
        parts = pieces(b"data: " + b"x" * size + b"\n\n", step)
        print(f"  {name:24} {best(partial(decode_events, parts)) * 1e3:8.0f}")


def show_lists() -> None:
    whole = msgspec.json.Decoder(MessagePage).decode
    one = msgspec.json.Decoder(Message).decode
    print("elements of a list, as a ratio to one whole decode")
    for size in (75_000, 5_000_000):
        body = page(size)
        number = max(1, 2_000_000 // size)
        base = best(partial(whole, body), number)
        count = len(whole(body).data)
        print(f"  {len(body):,} bytes, {count} elements, whole decode {base * 1e3:.2f} ms")
        for name, step in [("whole", size * 2), ("16 KB pieces", 1 << 14), ("1 KB pieces", 1 << 10)]:
            parts = pieces(body, step)
            assert len(frame(ListElements, parts)) == count
            framing = best(partial(frame, ListElements, parts), number)
            decoded = best(partial(frame, ListElements, parts, one), number)
            print(f"    {name:22} framed {framing / base:5.2f}   framed and decoded {decoded / base:5.2f}")


def show_items() -> None:
    documents = [json.dumps(message(number)).encode() for number in range(1000)]
    print("other framings, µs for a document of about 750 bytes, 16 KB pieces")
    for name, framer, body in [
        ("lines", JSONLines, b"\n".join(documents)),
        ("concatenated", ConcatenatedJSON, b"".join(documents)),
    ]:
        parts = pieces(body, 1 << 14)
        seconds = best(partial(frame, framer, parts))
        print(f"  {name:24} {seconds / len(documents) * 1e6:6.2f}")


if __name__ == "__main__":
    show_events()
    show_large()
    show_lists()
    show_items()
