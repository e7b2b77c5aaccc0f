"""Rules for any model, any deltas of a message and any list, by hypothesis."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from assistants_async import AssistantsClient, Message, PreparedRequest, Timeout
from assistants_async.models.base import Model
from assistants_async.models.decoding import decoder_for
from assistants_async.models.unions import Unknown
from assistants_async.workflows.runs.call import RunChannel
from tests.fuzz.corpus import KINDS
from tests.support.byte_server import frame
from tests.support.cuts import cut
from tests.support.http_server import Memory, MemoryExchange, answer
from tests.support.run_events import DONE, message, run

# Models

NAMES = st.text(max_size=8)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


def values(kind: inspect.Type, depth: int = 0) -> st.SearchStrategy[Any]:  # noqa: C901
    """Values of a type, of every member of a union and every literal."""
    match kind:
        case inspect.StrType():
            return NAMES
        case inspect.IntType():
            return st.integers(-(2**53), 2**53)
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType(values=literals):
            return st.sampled_from(literals)
        case inspect.UnionType(types=types):
            return st.one_of([values(each, depth) for each in types])
        case inspect.VarTupleType(item_type=item):
            return st.lists(values(item, depth + 1), max_size=2 if depth < 3 else 0).map(tuple)
        case inspect.DictType(value_type=item):
            return st.dictionaries(NAMES, values(item, depth + 1), max_size=2)
        case inspect.StructType(cls=cls) if cls is Unknown:
            known = st.dictionaries(NAMES.filter(lambda name: name != "type"), ANYTHING, max_size=2)
            return known.map(lambda rest: Unknown(raw={"type": "mcp", **rest}))
        case inspect.StructType(cls=cls, fields=fields):
            # Names that no server sends are the package's own.
            sent = (field for field in fields if field.encode_name.isprintable())
            members = {field.name: values(field.type, depth + 1) for field in sent}
            needed = {field.name: members.pop(field.name) for field in fields if field.required}
            return st.fixed_dictionaries(needed, optional=members).map(lambda given: cls(**given))
        case _:
            assert isinstance(kind, inspect.AnyType), kind
            return ANYTHING


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind).replace("assistants_async.models.", ""))
@settings(max_examples=60)
@given(data=st.data())
def test_models_survive_json_dicts_and_pickles(kind: Any, data: st.DataObject) -> None:
    """For any values, unknown members of unions too: encoded and decoded, the model is the same."""
    model = data.draw(values(inspect.type_info(kind)))
    assert isinstance(model, Model)
    encoded = model.to_json()
    decoded = decoder_for(kind).decode(encoded)
    assert decoded == model
    assert decoded.to_json() == encoded
    assert decoder_for(kind).decode(msgspec.json.encode(model.to_dict())) == model
    assert pickle.loads(pickle.dumps(model)) == model


# A message in deltas

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def annotated(draw: st.DrawFn) -> dict[str, Any]:
    """A text part of a message."""
    marks = draw(st.lists(st.text("ab", min_size=1, max_size=3), max_size=3))
    annotations = [
        {"type": "file_path", "text": mark, "file_path": {"file_id": f"file_{place}"}, "start_index": place}
        for place, mark in enumerate(marks)
    ]
    return {"type": "text", "text": {"value": draw(texts), "annotations": annotations}}


parts = st.lists(annotated() | st.just({"type": "image_file", "image_file": {"file_id": "file_1"}}), max_size=4)


def deltas(content: list[dict[str, Any]], places: list[int]) -> list[dict[str, Any]]:
    """The deltas of a message's content: texts cut at these places, annotations one by one after their text."""
    reports: list[dict[str, Any]] = []
    for index, part in enumerate(content):
        if part["type"] != "text":
            reports.append({"index": index, **part})
            continue
        value = part["text"]["value"]
        marks = [0, *sorted(place % (len(value) + 1) for place in places), len(value)]
        pieces = [value[start:end] for start, end in pairwise(marks)]
        reports += [{"index": index, "type": "text", "text": {"value": piece}} for piece in pieces]
        reports += [
            {"index": index, "type": "text", "text": {"annotations": [{"index": place, **mark}]}}
            for place, mark in enumerate(part["text"]["annotations"])
        ]
    return [{"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [part]}} for part in reports]


@settings(max_examples=300)
@given(
    content=parts,
    places=st.lists(st.integers(0, 30), max_size=4),
    cuts=st.lists(st.integers(0, 4000), max_size=8),
    finished=st.booleans(),
)
async def test_deltas_add_up_to_the_message(
    content: list[dict[str, Any]], places: list[int], cuts: list[int], *, finished: bool
) -> None:
    """Texts cut anyhow, in bytes cut anyhow: put together they are the final message, and each text came once."""
    whole = {**message("completed"), "content": content}
    frames = [
        frame("thread.run.created", run("queued")),
        frame("thread.message.created", message("in_progress")),
        *(frame("thread.message.delta", delta) for delta in deltas(content, places)),
        *([frame("thread.message.completed", whole)] if finished else []),
        frame("thread.run.completed", run("completed")),
        DONE,
    ]

    async def pieces() -> AsyncIterator[bytes]:
        for piece in cut(b"".join(frames), cuts):
            yield piece

    async with RunChannel.from_sse(pieces()) as channel:
        said = [text async for text in channel.text()]
    (got,) = channel.snapshot.messages
    wanted = Message.from_dict(whole)
    assert got.content == wanted.content
    assert "".join(said) == wanted.text == got.text


# Lists


class Listing(Memory):
    """A server of one list that pages as the protocol says, and is silent of what it need not say."""

    def __init__(self, ids: list[str], most: int, *, terse: bool) -> None:
        super().__init__(answer({}))
        self._ids = ids
        self._most = most
        self._terse = terse

    async def open(self, outgoing: PreparedRequest, timeout: Timeout) -> MemoryExchange:
        """Answer with the requested page."""
        self.sent.append(outgoing)
        query = dict(pair.split("=") for pair in outgoing.url.partition("?")[2].split("&") if pair)
        limit = min(int(query.get("limit", 20)), self._most)
        after, before = query.get("after"), query.get("before")
        start = self._ids.index(after) + 1 if after else 0
        end = self._ids.index(before) if before else len(self._ids)
        found = self._ids[start:end][-limit:] if before and not after else self._ids[start:end][:limit]
        page: dict[str, Any] = {"object": "list", "data": [{"id": name} for name in found]}
        if not self._terse:
            page |= {"first_id": found[0], "last_id": found[-1]} if found else {"first_id": None, "last_id": None}
        page["has_more"] = len(self._ids[start:end]) > limit
        return MemoryExchange(200, self._headers, msgspec.json.encode(page))


@settings(max_examples=300)
@given(
    count=st.integers(0, 60),
    limit=st.integers(1, 100) | st.none(),
    most=st.integers(1, 30),
    edge=st.integers(0, 60),
    way=st.sampled_from(["forward", "backward", "prefetch"]),
    terse=st.booleans(),
)
def test_a_walk_visits_each_item_once(
    count: int, limit: int | None, most: int, edge: int, way: str, *, terse: bool
) -> None:
    """In order, from where it starts to where the list ends, whatever the sizes; and not a page more than needed."""
    ids = [f"asst_{number}" for number in range(count)]
    transport = Listing(ids, most, terse=terse)
    edge = min(edge, count)
    keywords: dict[str, Any] = {} if limit is None else {"limit": limit}
    if way == "backward" and edge < count:
        keywords["before"], wanted = ids[edge], ids[:edge][::-1]
    elif edge:
        keywords["after"], wanted = ids[edge - 1], ids[edge:]
    else:
        wanted = ids

    async def walk() -> list[str]:
        async with AssistantsClient(base_url="http://127.0.0.1/v1", api_key="key", transport=transport) as client:
            listed = client.assistants.list(**keywords)
            if way == "prefetch":
                async with listed.prefetch() as items:
                    return [item.id async for item in items]
            return [item.id async for item in listed]

    assert asyncio.run(walk()) == wanted
    size = min(limit or 20, most)
    assert len(transport.sent) == max(1, -(-len(wanted) // size))
