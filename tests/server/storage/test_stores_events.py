"""Events of runs in every kind of store: in order, from any position on, to the end, and for slow readers too."""

from __future__ import annotations

import sys

import pytest

from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.interface import Changes, Claim, Event, Follower, Key, Store, StreamCutError, Write
from tests.support.steady_loop import MS
from tests.support.stores import commit, run_of, text_of, word

LONG = 60.0


def named(name: str) -> Event:
    """An event of the run itself."""
    return Event(f"thread.run.{name}", "run", run_of("a", "t", name))


async def begun(store: Store) -> Claim:
    """A run that is claimed, with two events."""
    batch = Batch(store)
    batch.put("run", run_of("a"), "t")
    batch.emit("a", [named("created"), named("queued")])
    changes = await batch.commit()
    assert changes.positions == {"a": 0}
    claim = await store.claim("w", 0.0)
    assert claim is not None
    return claim


async def append(store: Store, claim: Claim, *events: Event, status: str = "in_progress", number: int = 1) -> None:
    """Write events as the worker of a run does."""
    key = Key("run", claim.thread_id, claim.run_id)
    await store.commit(Changes(claim, number, writes={key: Write(run_of("a", "t", status))}, events={"a": [*events]}))


async def rest(follower: Follower) -> list[Event]:
    """All events until none can come."""
    found: list[Event] = []
    while (events := await follower.read(LONG)) is not None:
        found += events
    return found


async def test_they_are_followed(store: Store) -> None:
    """From the start and from later on, by several readers, whole and in order, with a long silence in between."""
    claim = await begun(store)
    early = store.follow("a", 0)
    assert [event.name for event in await early.read(LONG) or ()] == ["thread.run.created", "thread.run.queued"]
    assert await early.read(5 * MS) == ()
    await append(store, claim, named("in_progress"), word("a ", annotations=[]), word("b "))
    late = store.follow("a", 2)
    await append(store, claim, word("c"), number=2)
    await append(store, claim, named("completed"), status="completed", number=3)
    for follower in (early, late):
        events = await rest(follower)
        assert [events[0].name, events[-1].name] == ["thread.run.in_progress", "thread.run.completed"]
        assert text_of(events) == "a b c"
        follower.close()


async def test_a_round_has_a_position(store: Store) -> None:
    """A request that answers a run is followed from its own events on."""
    claim = await begun(store)
    await append(store, claim, word("a", annotations=[]), word("b"), named("requires_action"), status="requires_action")
    batch = Batch(store)
    await batch.get("run", "a", "t")
    batch.save("run", run_of("a", "t", "queued"), "t")
    batch.emit("a", [named("queued")])
    changes = await batch.commit()
    follower = store.follow("a", changes.positions["a"])
    assert [event.name for event in await follower.read(LONG) or ()] == ["thread.run.queued"]
    follower.close()
    events = list(await store.events("a", 0))
    assert [event.name for event in events if event.kind == "run"] == [
        f"thread.run.{name}" for name in ("created", "queued", "requires_action", "queued")
    ]
    assert text_of(events) == "ab"


async def test_a_thread_that_is_taken_away(store: Store) -> None:
    """Its readers get the earlier events, and then the end."""
    await begun(store)
    follower = store.follow("a", 0)
    batch = Batch(store)
    batch.clear("run", "t")
    await batch.commit()
    assert [event.name for event in await rest(follower)] in (
        ["thread.run.created", "thread.run.queued"],
        [],
    )
    nobody = store.follow("none", 0)
    assert await nobody.read(LONG) is None
    nobody.close()


async def test_a_cut(store: Store) -> None:
    """A server that closes lets nobody believe that this was the end."""
    await begun(store)
    follower = store.follow("a", 0)
    assert len(await follower.read(LONG) or ()) == 2
    store.cut()
    with pytest.raises(StreamCutError):
        await follower.read(LONG)
    follower.close()


async def test_a_reader_that_stalls(store: Store) -> None:
    """Its unread events need the memory of their text and little more, in any number of pieces; nothing is lost."""
    claim = await begun(store)
    follower = store.follow("a", 0)
    assert len(await follower.read(LONG) or ()) == 2
    count = 40_000
    for start in range(0, count, 100):
        events = [word("0123456789", annotations=[])] if start == 0 else []
        events += [word("0123456789") for _ in range(100 - len(events))]
        await append(store, claim, *events, number=start // 100 + 1)
    await append(store, claim, named("completed"), status="completed", number=count)
    sizes: list[int] = []
    text = ""
    while (events := list(await follower.read(LONG) or ())) != []:
        sizes.append(sum(sys.getsizeof(event.document) for event in events) + len(text_of(events)))
        text += text_of(events)
    assert text == "0123456789" * count
    assert max(sizes) < 2 * 2**20
    follower.close()


async def test_events_of_several_runs(store: Store) -> None:
    """Each run has its own."""
    await begun(store)
    await commit(store, run_of("b", "u"), kind="run", parent="u")
    assert len(await store.events("a", 0)) == 2
    assert list(await store.events("b", 0)) == []
