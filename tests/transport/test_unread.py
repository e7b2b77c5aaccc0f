"""Bytes that come to an idle connection while the event loop is busy with other work."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from assistants_async import AssistantsClient
from assistants_async.transport.unread import PAUSE, has_unread
from tests.support.http_server import KEY, TransportName, failure, head
from tests.support.retries import BODY

LATE = {
    "another answer": head(200, [("content-length", "17")]) + b'{"id":"poisoned"}',
    "late 408": failure(408),
    "garbage": b"\x16\x03\x01 garbage",
    "end": b"",
}


class Busy:
    """A server in a thread of its own, which answers also while the event loop of the test does not run."""

    def __init__(self, late: bytes) -> None:
        self._late = late
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self.connections = 0
        """The number of all connections so far."""
        self.done = threading.Event()
        """Set when the late bytes have been sent."""

    def run(self) -> None:
        """Serve until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            while b"\r\n\r\n" in peer.recv(65536):
                peer.sendall(BODY)
                if not self.done.is_set():
                    time.sleep(20 * PAUSE)
                    peer.sendall(self._late)
                    if not self._late:
                        peer.shutdown(socket.SHUT_WR)
                    self.done.set()

    def close(self) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def busy(late: bytes) -> Iterator[Busy]:
    """Serve until the test is over."""
    server = Busy(late)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.close()
    thread.join()


@pytest.mark.both_transports
@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
def test_bytes_that_no_loop_has_read_are_no_answer(busy: Busy, transport: TransportName) -> None:
    """The next request finds them before it is sent, and goes over a new connection."""

    async def two_calls() -> tuple[str, str]:
        async with AssistantsClient(base_url=busy.base_url, api_key=KEY, retry=None, transport=transport) as client:
            first = await client.assistants.retrieve("asst_1")
            assert busy.done.wait(60)  # in place of work that keeps the loop busy
            return first.id, (await client.assistants.retrieve("asst_1")).id

    # The clock of the other tests' loop stands still while the loop is busy.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        assert runner.run(two_calls()) == ("asst_1", "asst_1")
    assert busy.connections == 2


async def test_a_silent_connection_has_nothing_unread() -> None:
    """Nor has one of a loop that shows no socket."""
    ours, theirs = socket.socketpair()
    with theirs:
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
        assert not has_unread(transport)
        transport.pause_reading()
        theirs.send(b"x")
        assert has_unread(transport)
        transport.close()
    assert not has_unread(asyncio.Transport())
