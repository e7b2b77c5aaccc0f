"""Tokens added up, from any counts that a server gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistants_async import Run, RunStep, Usage, sum_usage
from assistants_async.workflows.runs.result import total


def usage(prompt: int | None, completion: int | None, both: int | None) -> Usage:
    """Tokens."""
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=both)


def test_runs_and_steps_are_added_up() -> None:
    """Those that say nothing of tokens count nothing."""
    runs = [Run(id="run_1", usage=usage(5, 2, 7)), Run(id="run_2"), Run(id="run_3", usage=usage(1, 1, 3))]
    assert sum_usage(runs) == usage(6, 3, 10)
    assert sum_usage(RunStep(id=f"step_{n}", usage=usage(n, 1, n + 1)) for n in range(3)) == usage(3, 3, 6)
    assert sum_usage([]) == sum_usage([Run(id="run_1")]) == usage(0, 0, 0)


def test_a_total_that_was_left_out_is_made() -> None:
    """Of prompt and completion tokens, as far as they are known."""
    parts = [usage(5, 2, None), usage(None, 3, None), usage(None, None, 4), usage(None, None, None)]
    assert sum_usage(Run(id="run_1", usage=part) for part in parts) == usage(5, 5, 14)


def test_the_total_of_runs_that_say_nothing_is_none() -> None:
    """And the total of one run is the server's."""
    assert total(()) is None
    assert total((usage(5, None, None),)) == usage(5, None, None)
    assert total((usage(5, None, None), usage(1, 2, 3))) == usage(6, 2, 8)


COUNTS = st.integers(0, 10**9)


@given(st.lists(st.tuples(COUNTS, COUNTS), max_size=9), st.integers(0, 9))
def test_the_sum_of_parts_is_the_sum(pairs: list[tuple[int, int]], cut: int) -> None:
    """However the runs are parted."""
    runs = [Run(id="run", usage=usage(read, written, read + written)) for read, written in pairs]
    halves = [Run(id="half", usage=sum_usage(half)) for half in (runs[:cut], runs[cut:])]
    assert sum_usage(halves) == sum_usage(runs)
