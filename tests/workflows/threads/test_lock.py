"""`threads.lock`: a thread to oneself within a process."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Coroutine
from typing import Any

import pytest

from assistants_async import Assistant, AssistantsClient, Thread, ValidationError
from assistants_async.server import Say
from assistants_async.workflows.threads.lock import ThreadLock
from tests.support.embedded import drop, serving
from tests.support.steady_loop import MS

HERE, THERE = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"


def client(base_url: str = HERE) -> AssistantsClient:
    """A client that sends nothing."""
    return AssistantsClient(base_url=base_url, api_key="test")


def kept() -> int:
    """The number of locks in memory."""
    gc.collect()
    locks = [each for each in gc.get_objects() if isinstance(each, asyncio.Lock)]
    return sum(type(lock).__module__ == ThreadLock.__module__ for lock in locks)


async def test_one_at_a_time_in_order_of_arrival() -> None:
    """However they make the lock: from either of two clients, by id or by object, or one lock for all."""
    first, second = client(), client(HERE + "/")
    shared = first.threads.lock("thread_1")
    locks = [shared, second.threads.lock("thread_1"), first.threads.lock(Thread(id="thread_1")), shared, shared]
    reports: list[tuple[int, str]] = []

    async def work(number: int) -> None:
        async with locks[number]:
            reports.append((number, "in"))
            await asyncio.sleep(MS)
            reports.append((number, "out"))

    await asyncio.gather(*(work(number) for number in range(len(locks))))
    assert reports == [(number, end) for number in range(len(locks)) for end in ("in", "out")]
    assert kept() == 0


async def test_other_threads_and_servers_are_free() -> None:
    """A lock is for one thread of one base URL."""
    async with (
        client().threads.lock("thread_1"),
        client().threads.lock("thread_2"),
        client(THERE).threads.lock("thread_1"),
        client(HERE + "/other").threads.lock("thread_1"),
    ):
        assert kept() == 4
    assert kept() == 0


async def test_a_view_shares_the_lock() -> None:
    """`with_options` is the same server."""
    one = client()
    async with one.threads.lock("thread_1"):
        waiting = asyncio.ensure_future(enter(one.with_options(timeout=5).threads.lock("thread_1")))
        await asyncio.sleep(MS)
        assert not waiting.done()
    await waiting


async def enter(lock: Any) -> None:
    """Have it for a moment."""
    async with lock:
        await asyncio.sleep(0)


async def test_a_waiter_that_is_cancelled_gives_its_place_up() -> None:
    """Those behind it come sooner; nothing of it is kept."""
    lock = client().threads.lock("thread_1")
    async with lock:
        gone, next_one = (asyncio.ensure_future(enter(lock)) for _ in range(2))
        await asyncio.sleep(MS)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert not next_one.done()
    await next_one
    assert kept() == 0


async def test_a_waiter_that_is_cancelled_as_it_gets_the_lock() -> None:
    """It passes it on."""
    lock = client().threads.lock("thread_1")
    async with lock:
        gone, next_one = (asyncio.ensure_future(enter(lock)) for _ in range(2))
        await asyncio.sleep(MS)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await next_one
    assert kept() == 0


async def test_an_error_in_the_block_gives_the_lock_back() -> None:
    """It comes out as it is, and the same lock can be entered again."""
    lock = client().threads.lock("thread_1")
    for _ in range(2):
        with pytest.raises(KeyError, match="mine"):
            async with lock:
                raise KeyError("mine")
    await enter(lock)


async def test_a_task_cannot_wait_for_itself() -> None:
    """It would for ever; it still has the lock, which others wait for."""
    one = client()
    async with one.threads.lock("thread_1"):
        with pytest.raises(RuntimeError, match=r"threads\.lock: this task has the lock of thread thread_1 already"):
            await enter(one.threads.lock("thread_1"))
        other = asyncio.ensure_future(enter(one.threads.lock("thread_1")))
        await asyncio.sleep(MS)
        assert not other.done()
    await other
    await enter(one.threads.lock("thread_1"))


@pytest.mark.parametrize("bad", ["", "  ", "..", "a\nb"])
def test_a_bad_id_is_refused_at_once(bad: str) -> None:
    """Before there is a lock."""
    with pytest.raises(ValidationError, match=r"^threads\.lock\b"):
        drop(client().threads.lock(bad))


@pytest.mark.parametrize("bad", [None, 1, Assistant(id="asst_1")])
def test_a_bad_thread_is_refused_at_once(bad: Any) -> None:
    """With the right form."""
    with pytest.raises(TypeError, match=r"threads\.lock\(\): thread must be str or Thread, not "):
        drop(client().threads.lock(bad))


def test_one_event_loop_after_another() -> None:
    """A lock that was made outside of both works in each, and each forgets it."""
    lock = client().threads.lock("thread_1")

    async def contend() -> None:
        await asyncio.gather(*(enter(lock) for _ in range(3)))

    for _ in range(2):
        asyncio.run(contend())
    assert kept() == 0


def test_event_loops_side_by_side_do_not_meet() -> None:
    """One lock in two loops of two threads is two locks: each is left by who entered it."""
    lock = client().threads.lock("thread_1")
    both = threading.Barrier(2, timeout=240)
    ended: list[None] = []

    async def gate() -> None:
        async with lock:
            await asyncio.to_thread(both.wait)
        await enter(lock)
        ended.append(None)

    def run(work: Coroutine[Any, Any, None]) -> None:
        asyncio.run(work)

    threads = [threading.Thread(target=run, args=(gate(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(ended) == 2


async def test_turns_of_a_conversation_do_not_mix() -> None:
    """A question and its run are one turn, with any other task on the thread."""
    async with serving(*[Say("hello")] * 3) as served:

        async def ask(question: str) -> None:
            async with served.client.threads.lock(served.thread):
                await served.client.messages.create(served.thread, role="user", content=question)
                await served.start().poll()

        await asyncio.gather(*(ask(f"question {number}") for number in range(3)))
        texts = [message.text async for message in served.client.messages.list(served.thread, order="asc")]
        assert texts == ["hi", "question 0", "hello", "question 1", "hello", "question 2", "hello"]
