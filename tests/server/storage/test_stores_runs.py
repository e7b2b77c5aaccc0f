"""Runs in every kind of store: claimed by one worker at a time, changed under the claim, one active run a thread."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.interface import (
    Changes,
    Claim,
    ClaimLostError,
    ConflictError,
    Event,
    Key,
    Store,
    Write,
)
from tests.support.stores import commit, run_of

NOW = 1_700_000_000.0


async def start(store: Store, *names: str) -> None:
    """Queue a run on a thread of its own for each name."""
    for name in names:
        await commit(store, run_of(name, f"t-{name}"), kind="run", parent=f"t-{name}")


async def claimed(store: Store, worker: str = "w", run_id: str | None = None, now: float = NOW) -> Claim:
    """Claim a run that must be there."""
    claim = await store.claim(worker, now, run_id)
    assert claim is not None
    return claim


async def write(store: Store, claim: Claim, status: str, number: int = 1) -> None:
    """Take a run to a status as its worker."""
    run = run_of(claim.run_id, claim.thread_id, status)
    key = Key("run", claim.thread_id, claim.run_id)
    await store.commit(Changes(claim, number, writes={key: Write(run)}))


async def request(store: Store, run_id: str, **changes: Any) -> None:
    """Change a run as a request does."""
    batch = Batch(store)
    run = await batch.get("run", run_id, f"t-{run_id}")
    batch.save("run", {**run, **changes}, f"t-{run_id}")
    await batch.commit()


async def test_claims(store: Store) -> None:
    """Each queued run is claimed once, the first first."""
    heard: list[tuple[str, str]] = []
    store.listen(lambda notice, run_id: heard.append((notice, run_id)))
    await start(store, "a", "b")
    assert heard == [("queued", "a"), ("queued", "b")]
    first, second = await claimed(store), await claimed(store, "v")
    assert (first.run_id, first.thread_id, first.lost, first.losses) == ("a", "t-a", False, 0)
    assert second.run_id == "b"
    # Whoever claims a run need not look again where no other one waits.
    assert (first.more, second.more) == (True, False)
    assert await store.claim("w", NOW) is None
    assert await store.claim("w", NOW, "a") is None
    assert await store.claim("w", NOW, "none") is None


async def test_one_active_run_a_thread(store: Store) -> None:
    """The commit of a second one is a conflict."""
    await start(store, "a")
    assert await store.active("t-a") == "a"
    assert await store.active("t") is None
    with pytest.raises(ConflictError):
        await commit(store, run_of("b", "t-a"), kind="run", parent="t-a")
    claim = await claimed(store)
    await write(store, claim, "completed")
    assert await store.active("t-a") is None
    await commit(store, run_of("b", "t-a"), kind="run", parent="t-a")
    assert await store.active("t-a") == "b"


async def test_a_round(store: Store) -> None:
    """A run that waits for the client is nobody's, and waits for a worker again once it was answered."""
    await start(store, "a")
    claim = await claimed(store)
    await write(store, claim, "in_progress", 1)
    await write(store, claim, "requires_action", 2)
    assert await store.claim("w", NOW) is None
    with pytest.raises(ConflictError):
        await commit(store, run_of("b", "t-a"), kind="run", parent="t-a")
    await request(store, "a", status="queued")
    again = await claimed(store, "v")
    assert again.epoch > claim.epoch
    assert not again.lost
    with pytest.raises(ClaimLostError):
        await write(store, claim, "failed", 3)
    await write(store, again, "completed")
    with pytest.raises(ClaimLostError):
        await write(store, again, "failed", 2)


async def test_cancelling(store: Store) -> None:
    """A request cancels a running run, a waiting one, and one that requires action, each with one notice."""
    heard: list[tuple[str, str]] = []
    await start(store, "a", "b", "c")
    worked = await claimed(store)
    await write(store, worked, "in_progress")
    asking = await claimed(store)
    await write(store, asking, "requires_action")
    store.listen(lambda notice, run_id: heard.append((notice, run_id)))
    for name in ("a", "b", "c"):
        await request(store, name, metadata={"k": "v"})
        await request(store, name, status="cancelling")
    assert heard == [("cancelling", name) for name in ("a", "b", "c")]
    assert await store.claim("w", NOW, "a") is None
    for name in ("b", "c"):
        claim = await claimed(store, run_id=name)
        await write(store, claim, "cancelled")
        assert await store.active(f"t-{name}") is None
    await write(store, worked, "cancelled", 2)


async def test_a_conflict_with_a_worker(store: Store) -> None:
    """A worker that relies on a version that a request has replaced writes nothing."""
    await start(store, "a")
    claim = await claimed(store)
    key = Key("run", "t-a", "a")
    stored = await store.get(key)
    assert stored is not None
    await request(store, "a", metadata={"k": "v"})
    changes = Changes(
        claim,
        1,
        writes={key: Write(run_of("a", "t-a", "in_progress"), expected=stored.version)},
        events={"a": [Event("thread.run.in_progress", "run", {})]},
    )
    with pytest.raises(ConflictError):
        await store.commit(changes)
    assert list(await store.events("a", 0)) == []
    fresh = await store.get(key)
    assert fresh is not None
    assert fresh.document["metadata"] == {"k": "v"}
    written = Write(run_of("a", "t-a", "in_progress"), expected=fresh.version)
    await store.commit(Changes(claim, 2, writes={key: written}))
    after = await store.get(key)
    assert after is not None
    assert after.version == written.version


async def test_a_thread_that_is_taken_away(store: Store) -> None:
    """Its run is gone, for its worker too."""
    heard: list[tuple[str, str]] = []
    await start(store, "a", "b")
    claim = await claimed(store)
    store.listen(lambda notice, run_id: heard.append((notice, run_id)))
    batch = Batch(store)
    for kind in ("run", "step", "message"):
        batch.clear(kind, "t-a")
    await batch.commit()
    assert heard == [("gone", "a")]
    with pytest.raises(ClaimLostError):
        await write(store, claim, "completed")
    assert await store.active("t-a") is None
    assert await store.due("run", 1e12) == [Key("run", "t-b", "b")]


async def test_runs_are_due(store: Store) -> None:
    """An active run has its time, which is claimed by name whatever the run waits for."""
    await start(store, "a")
    claim = await claimed(store)
    await write(store, claim, "requires_action")
    assert store.next_due("run") == 1e10
    assert await store.due("run", 1e10) == [Key("run", "t-a", "a")]
    assert await store.claim("w", NOW) is None
    again = await claimed(store, run_id="a")
    await write(store, again, "expired")
    assert list(await store.due("run", 1e12)) == []
