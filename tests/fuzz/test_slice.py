"""A short slice of the fuzzing that `python -m tests.fuzz.drive` does at length, the same in every run."""

from __future__ import annotations

import sys
from random import Random

import pytest

from tests.fuzz import drive
from tests.fuzz.corpus import Corpus, recorded
from tests.fuzz.mutations import LONGEST, mutated
from tests.fuzz.targets import TARGETS, Target

INPUTS = 2000


@pytest.mark.parametrize("target", TARGETS)
async def test_a_slice(target: str) -> None:
    """Every input is a value or a documented error; inputs of several kinds come up."""
    outcomes, failures = drive.run(target, range(INPUTS), 0, await recorded())
    assert [(failure.number, failure.data, failure.error) for failure in failures] == []
    assert outcomes.total() == INPUTS
    assert len(outcomes) > 1


async def test_the_corpus_is_the_same_each_time() -> None:
    """Otherwise a number would not select its input."""
    assert await recorded() == await recorded()


def test_an_input_depends_on_its_number_only() -> None:
    """Damage is drawn from the one source, and never makes more than the limit."""
    corpus = [b"data: a\n\n", b"x" * LONGEST]
    inputs = [mutated(Random(number), corpus, [b"\n", b"data"]) for number in range(500)]
    assert inputs == [mutated(Random(number), corpus, [b"\n", b"data"]) for number in range(500)]
    assert len(set(inputs)) > 300
    assert max(map(len, inputs)) == LONGEST


def test_a_failure_is_shown_once_a_place(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the number and the bytes to run it again by."""

    def check(random: Random, data: bytes) -> str:
        if data == b"bad":
            raise KeyError("boom")
        return "fine"

    monkeypatch.setitem(TARGETS, "toy", Target(lambda random, corpus: random.choice((b"good", b"bad")), check))
    outcomes, (failure,) = drive.run("toy", range(100), 0, Corpus((), (), ()))
    assert outcomes["fine"] + outcomes[failure.place] == 100
    assert failure.data == b"bad"
    for arguments, code in (["--inputs", "50"], 1), (["--only", str(failure.number)], 1):
        monkeypatch.setattr(sys, "argv", ["drive", "--target", "toy", *arguments])
        assert drive.main() == code
        assert f"input {failure.number}: b'bad'" in capsys.readouterr().out
