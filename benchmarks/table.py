"""Every work there is."""

from __future__ import annotations

from benchmarks.work import Work
from benchmarks.works import calls, extras, paging, streams, tools, transfers

WORKS: tuple[Work, ...] = (*calls.WORKS, *extras.WORKS, *paging.WORKS, *streams.WORKS, *tools.WORKS, *transfers.WORKS)
BY_NAME = {work.name: work for work in WORKS}
