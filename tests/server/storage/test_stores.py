"""Documents in every kind of store: by value, in pages, added up, and committed as a whole or not at all."""

from __future__ import annotations

import pytest

from assistants_async.server.errors import APIError
from assistants_async.server.storage.batch import Batch, content_of
from assistants_async.server.storage.interface import ConflictError, Document, Key, PageQuery, Store, UnknownCursorError
from tests.support.stores import commit


async def ids(store: Store, kind: str, parent: str, query: PageQuery) -> tuple[list[str], bool]:
    """The ids of a page, and True where there are more."""
    page = await store.page(kind, parent, query)
    return [row.document["id"] for row in page.rows], page.more


async def test_documents(store: Store) -> None:
    """They are there once they are committed, as they were, with any text; a saved one keeps its place."""
    document: Document = {"id": "a", "text": "\x00 ü 🙂 \\u0000", "list": [1, 2.5, None, True, {"k": []}]}
    await commit(store, document, {"id": "b"})
    first, second = await store.get(Key("thread", "", "a")), await store.get(Key("thread", "", "b"))
    assert first is not None
    assert second is not None
    assert first.document == document
    assert second.place > first.place
    assert second.version != first.version
    batch = Batch(store)
    assert await batch.get("thread", "a") == document
    batch.save("thread", {"id": "a", "new": 1})
    await batch.commit()
    saved = await store.get(Key("thread", "", "a"))
    assert saved is not None
    assert (saved.document, saved.place) == ({"id": "a", "new": 1}, first.place)
    assert saved.version not in (first.version, second.version)
    assert await store.get(Key("thread", "", "c")) is None
    assert await store.get(Key("thread", "x", "a")) is None


async def test_a_batch_sees_itself(store: Store) -> None:
    """Its reads show its own changes; other readers see them after the commit only."""
    await commit(store, {"id": "a", "status": "completed", "usage_bytes": 1}, kind="store_file", parent="s")
    await commit(store, {"id": "b", "status": "completed", "usage_bytes": 2}, kind="store_file", parent="s")
    batch = Batch(store)
    assert await batch.find("store_file", "c", "s") is None
    batch.put("store_file", {"id": "c", "status": "failed", "usage_bytes": 4, "batch_id": "x"}, "s")
    batch.put("store_file", {"id": "a", "status": "failed", "usage_bytes": 8}, "s")
    batch.remove("store_file", "b", "s")
    batch.put("thread", {"id": "t"})
    assert [document["id"] for document in await batch.all("store_file", "s")] == ["c", "a"]
    assert await batch.find("store_file", "b", "s") is None
    tally = await batch.tally("store_file", "s")
    assert (dict(tally.states), tally.amount, tally.total) == ({"failed": 2}, 12, 2)
    assert (await batch.tally("store_file", "s", "x")).total == 1
    with pytest.raises(APIError, match="No vector store file found with id 'b'"):
        await batch.get("store_file", "b", "s")
    assert await ids(store, "store_file", "s", PageQuery()) == (["a", "b"], False)
    await batch.commit()
    assert await ids(store, "store_file", "s", PageQuery()) == (["c", "a"], False)


async def test_conflicts(store: Store) -> None:
    """A commit that relies on values that others have changed does nothing at all."""
    await commit(store, {"id": "a", "n": 0}, {"id": "b", "n": 0})
    for change in ("save", "remove", "guard"):
        late = Batch(store)
        await late.get("thread", "a")
        early = Batch(store)
        seen = await early.get("thread", "a")
        early.save("thread", {"id": "a", "n": seen["n"] + 1})
        await early.commit()
        late.put("thread", {"id": "c"})
        if change == "save":
            late.save("thread", {"id": "a", "n": 100})
        elif change == "remove":
            late.remove("thread", "a")
        else:
            late.guard("thread", "a")
        blob = store.new_blob()
        await blob.write(b"x")
        late.keep(blob)
        with pytest.raises(ConflictError):
            await late.commit()
        await blob.close()
        assert await ids(store, "thread", "", PageQuery()) == (["a", "b"], False)
        with pytest.raises(ConflictError):
            await content_of(store, blob.id)
    stored = await store.get(Key("thread", "", "a"))
    assert stored is not None
    assert stored.document["n"] == 3
    gone = Batch(store)
    await gone.get("thread", "b")
    other = Batch(store)
    other.remove("thread", "b")
    await other.commit()
    gone.guard("thread", "b")
    gone.put("message", {"id": "m"}, "b")
    with pytest.raises(ConflictError):
        await gone.commit()


async def test_pages(store: Store) -> None:
    """Both ways, from cursors on, and up to them; a removed document keeps its place for cursors."""
    await commit(store, *({"id": str(number)} for number in range(6)), kind="message", parent="t")
    await commit(store, {"id": "other"}, kind="message", parent="u")
    batch = Batch(store)
    batch.remove("message", "2", "t")
    batch.remove("message", "never", "t")
    await batch.commit()
    for query, found, more in (
        (PageQuery(), ["0", "1", "3", "4", "5"], False),
        (PageQuery(2), ["0", "1"], True),
        (PageQuery(2, ascending=False), ["5", "4"], True),
        (PageQuery(2, after="2"), ["3", "4"], True),
        (PageQuery(5, after="2"), ["3", "4", "5"], False),
        (PageQuery(2, ascending=False, after="2"), ["1", "0"], False),
        (PageQuery(2, before="4"), ["1", "3"], True),
        (PageQuery(5, before="2"), ["0", "1"], False),
        (PageQuery(2, ascending=False, before="1"), ["4", "3"], True),
        (PageQuery(9, after="0", before="4"), ["1", "3"], False),
        (PageQuery(9, ascending=False, after="4", before="0"), ["3", "1"], False),
        (PageQuery(1, after="0", before="4"), ["1"], True),
        (PageQuery(9, after="5"), [], False),
    ):
        assert await ids(store, "message", "t", query) == (found, more), query
    for name in ("after", "before"):
        with pytest.raises(UnknownCursorError) as raised:
            await store.page("message", "t", PageQuery(after="other") if name == "after" else PageQuery(before="other"))
        assert (raised.value.name, raised.value.id) == (name, "other")
    clear = Batch(store)
    clear.clear("message", "t")
    await clear.commit()
    assert await ids(store, "message", "t", PageQuery()) == ([], False)
    assert await ids(store, "message", "u", PageQuery()) == (["other"], False)
    with pytest.raises(UnknownCursorError):
        await store.page("message", "t", PageQuery(after="0"))


async def test_filters(store: Store) -> None:
    """By the owner of a document, and by its state, with cursors of any other document."""
    steps = [
        {"id": str(number), "status": "completed" if number % 2 else "failed", "run_id": f"r{number // 3}"}
        for number in range(9)
    ]
    await commit(store, *steps, kind="step", parent="t")
    assert await ids(store, "step", "t", PageQuery(ref="r1")) == (["3", "4", "5"], False)
    assert await ids(store, "step", "t", PageQuery(2, ref="r1", ascending=False)) == (["5", "4"], True)
    assert await ids(store, "step", "t", PageQuery(9, ref="r1", after="0")) == (["3", "4", "5"], False)
    assert await ids(store, "step", "t", PageQuery(9, ref="r1", before="4")) == (["3"], False)
    assert await ids(store, "step", "t", PageQuery(state="completed")) == (["1", "3", "5", "7"], False)
    assert await ids(store, "step", "t", PageQuery(1, state="completed", after="2")) == (["3"], True)
    assert await ids(store, "step", "t", PageQuery(ref="r2", state="failed")) == (["6", "8"], False)
    assert await ids(store, "step", "t", PageQuery(ref="none")) == ([], False)
    batch = Batch(store)
    batch.save("step", {**steps[0], "status": "completed"}, "t")
    batch.remove("step", "3", "t")
    await batch.commit()
    assert await ids(store, "step", "t", PageQuery(state="completed")) == (["0", "1", "5", "7"], False)
    assert [document["id"] for document in await Batch(store).all("step", "t", "r1")] == ["4", "5"]


async def test_sums(store: Store) -> None:
    """Counts by state and a sum, of all or of one owner's; the stamp shows each change."""
    assert (await store.tally("store_file", "s")).total == 0

    def file(id: str, status: str, size: int) -> dict[str, object]:
        return {"id": id, "status": status, "usage_bytes": size, "batch_id": f"b-{id}"}

    stamps = [(await store.tally("store_file", "s")).stamp]
    await commit(store, file("x", "completed", 5), file("y", "failed", 0), kind="store_file", parent="s")
    for change in ("put", "save", "remove"):
        tally = await store.tally("store_file", "s")
        stamps.append(tally.stamp)
        batch = Batch(store)
        if change == "put":
            assert {state: count for state, count in tally.states.items() if count} == {"completed": 1, "failed": 1}
            assert tally.amount == 5
            batch.put("store_file", file("z", "completed", 7), "s")
        elif change == "save":
            assert (tally.total, tally.amount) == (3, 12)
            batch.save("store_file", file("z", "failed", 1), "s")
        else:
            assert (tally.states["completed"], tally.states["failed"], tally.amount) == (1, 2, 6)
            batch.remove("store_file", "x", "s")
        await batch.commit()
    tally = await store.tally("store_file", "s")
    assert (tally.total, tally.amount) == (2, 1)
    stamps.append(tally.stamp)
    assert len(set(stamps)) == len(stamps)
    part = await store.tally("store_file", "s", "b-z")
    assert (part.total, part.amount, part.stamp) == (1, 1, tally.stamp)


async def test_parents(store: Store) -> None:
    """A file knows the vector stores that it is in."""
    for parent in ("s1", "s2"):
        await commit(store, {"id": "f", "status": "failed", "usage_bytes": 0}, kind="store_file", parent=parent)
    assert sorted(await store.parents("store_file", "f")) == ["s1", "s2"]
    batch = Batch(store)
    batch.remove("store_file", "f", "s1")
    await batch.commit()
    assert list(await store.parents("store_file", "f")) == ["s2"]
    assert list(await store.parents("file", "f")) == []
    batch.clear("store_file", "s2")
    await batch.commit()
    assert list(await store.parents("store_file", "f")) == []


async def test_due_documents(store: Store) -> None:
    """The soonest first, until it is changed."""
    assert store.next_due("file") is None
    assert list(await store.due("file", 1e12)) == []
    files = [{"id": name, "purpose": "p", "expires_at": due} for name, due in (("a", 20), ("b", 10), ("c", None))]
    await commit(store, *files, kind="file")
    assert store.next_due("file") == 10
    assert list(await store.due("file", 9)) == []
    assert [key.id for key in await store.due("file", 10)] == ["b"]
    assert [key.id for key in await store.due("file", 30)] == ["b", "a"]
    batch = Batch(store)
    batch.save("file", {"id": "b", "purpose": "p", "expires_at": None})
    batch.save("file", {"id": "a", "purpose": "p", "expires_at": 50})
    await batch.commit()
    assert list(await store.due("file", 30)) == []
    assert list(await store.due("file", 50)) == [Key("file", "", "a")]
    batch.remove("file", "a")
    await batch.commit()
    assert list(await store.due("file", 50)) == []


async def test_blobs(store: Store) -> None:
    """Bytes are there once a commit keeps them, in their order, until one drops them."""
    blob = store.new_blob()
    await blob.write(b"ab" * 700_000)
    await blob.write(b"")
    await blob.write(b"c")
    assert blob.size == 1_400_001
    empty = store.new_blob()
    assert empty.id != blob.id
    batch = Batch(store)
    assert batch.keep(blob) == blob.id
    batch.keep(empty)
    await batch.commit()
    await blob.close()
    await empty.close()
    assert await content_of(store, blob.id) == b"ab" * 700_000 + b"c"
    assert await content_of(store, empty.id) == b""
    thrown = store.new_blob()
    await thrown.write(b"x")
    await thrown.close()
    batch.drop(blob.id)
    batch.drop(None)
    await batch.commit()
    for gone in (blob.id, thrown.id):
        with pytest.raises(ConflictError):
            await content_of(store, gone)


async def test_it_can_be_reached(store: Store) -> None:
    """An open store answers, and has a name without secrets."""
    await store.check()
    assert store.name
    assert store.size >= 0


async def test_pages_of_several_kinds(store: Store) -> None:
    """Each as a page of its own is, however long."""
    messages = [{"id": f"m{number}"} for number in range(150)]
    await commit(store, *messages, kind="message", parent="t")
    await commit(store, {"id": "s", "status": "completed", "run_id": "r"}, kind="step", parent="t")
    assert ((await store.tally("message", "t")).total, (await store.tally("message", "u")).total) == (150, 0)
    for query, count in ((PageQuery(), 150), (PageQuery(limit=2, ascending=False), 2)):
        first, second = await store.pages("t", {"message": query, "step": PageQuery()})
        alone = await store.page("message", "t", query)
        assert (list(first.rows), first.more, len(first.rows)) == (list(alone.rows), alone.more, count)
        assert [row.document["id"] for row in second.rows] == ["s"]


async def test_a_put_that_expects_a_version(store: Store) -> None:
    """It is made where the document has that version, or is not there where it must not be."""
    key = Key("thread", "", "a")

    async def put(expected: int) -> int:
        batch = Batch(store)
        batch.put("thread", {"id": "a"}, expected=expected)
        return (await batch.commit()).writes[key].version

    first = await put(0)
    with pytest.raises(ConflictError):
        await put(0)
    second = await put(first)
    with pytest.raises(ConflictError):
        await put(first)
    stored = await store.get(key)
    assert stored is not None
    assert stored.version == second
