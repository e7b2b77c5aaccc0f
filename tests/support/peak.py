"""The number of tasks that are in one place at the same time."""

from __future__ import annotations


class Peak:
    """Enter where a task begins and leave where it ends: `most` is the greatest number of tasks inside at once."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    def __enter__(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        self.now -= 1
