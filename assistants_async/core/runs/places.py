"""Parts of a message or step by their indexes, as servers really give them: absent, negative, huge or given twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from ..._typing import Generic, override
from ...models.unions import Unknown

P = TypeVar("P")


def index_of(member: Any) -> int:
    """Read the index of a part; 0 where it has none, as servers with one part leave it out, or a negative one."""
    index = member.raw.get("index") if isinstance(member, Unknown) else member.index
    return index if type(index) is int and index > 0 else 0


class Places(dict[int, P], Generic[P]):
    """The last part of each index; those that had the index before it stay in front of it."""

    # Made when two parts have one index, which hardly any message has: each stream makes some of these.
    earlier: dict[int, list[P]] | None = None
    """Parts whose index another one has taken."""

    def put(self, index: int, part: P, before: P | None = None) -> None:
        """Put a part behind those of the same index; `before` is one that had it and was not put here."""
        before = self.get(index, before)
        if before is not None:
            self.earlier = {} if self.earlier is None else self.earlier
            self.earlier.setdefault(index, []).append(before)
        self[index] = part

    def all_of(self, index: int) -> list[P]:
        """The parts of one index, in the order they came."""
        return [*(self.earlier.get(index, ()) if self.earlier else ()), self[index]]

    @override
    def clear(self) -> None:
        """Forget all parts."""
        super().clear()
        self.earlier = None

    def ordered(self) -> Iterator[P]:
        """Yield the parts by their indexes; of one index, in the order they came."""
        for index in sorted(self):
            yield from self.all_of(index)
