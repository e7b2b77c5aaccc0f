"""Active runs that an import ends."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async.moving.expired_runs import expired_message, expired_run, expired_step, expiry_of, is_active

USAGE = {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}


@pytest.mark.parametrize("status", ["queued", "in_progress", "requires_action", "cancelling"])
def test_an_active_run_waits_for_nothing(status: str) -> None:
    """It has the tokens of its steps, and loses its time."""
    run: dict[str, Any] = {"status": status, "created_at": 1, "expires_at": 9, "required_action": {"type": "x"}}
    assert is_active(run)
    assert expired_run(run, [{"usage": USAGE}, {"usage": None}, {"usage": USAGE}]) == {
        "status": "expired",
        "created_at": 1,
        "expires_at": None,
        "required_action": None,
        "usage": {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10},
    }
    assert expired_run({**run, "usage": USAGE}, [])["usage"] == USAGE


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "expired", "incomplete", "novel"])
def test_a_run_that_has_ended(status: str) -> None:
    """It is left alone."""
    assert not is_active({"status": status})


def test_the_time_of_the_end() -> None:
    """The run's own, or ten minutes after it was made."""
    assert expiry_of({"created_at": 100, "expires_at": 110}) == 110
    assert expiry_of({"created_at": 100, "expires_at": None}) == 700


def test_what_is_open_in_it() -> None:
    """A step expires, and a message is incomplete; what is finished stays."""
    step: dict[str, Any] = {"status": "in_progress", "usage": None}
    none = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert expired_step(step, 7) == {"status": "expired", "expired_at": 7, "usage": none}
    assert expired_step({**step, "usage": USAGE}, 7)["usage"] == USAGE
    assert expired_message({"status": "in_progress"}, 7) == {
        "status": "incomplete",
        "incomplete_at": 7,
        "incomplete_details": {"reason": "run_expired"},
    }
    done = {"status": "completed"}
    assert expired_step(done, 7) is done
    assert expired_message(done, 7) is done
