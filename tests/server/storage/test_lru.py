"""A cache drops the entry that was not used for longest."""

from __future__ import annotations

from assistants_async.server.storage.lru import Cache


def test_it_keeps_used_entries() -> None:
    """Up to its cost, and one entry at least."""
    cache = Cache[str, int](10)
    for name in ("a", "b", "c"):
        cache.put(name, ord(name), 4)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (None, 98, 99)
    assert cache.get("b") == 98
    cache.put("d", 1, 4)
    assert cache.get("c") is None
    cache.put("b", 2, 1)
    cache.put("e", 3, 5)
    assert [cache.get(name) for name in ("b", "d", "e")] == [2, 1, 3]
    cache.put("f", 4, 100)
    assert [cache.get(name) for name in ("b", "e", "f")] == [None, None, 4]
