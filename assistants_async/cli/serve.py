"""`serve`: the embedded server as a process of its own, for clients in any language."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys

from ..core.requests.endpoint import ProtocolVersion
from ..server import AssistantsServer


def run_server(host: str, port: int, protocol: ProtocolVersion, api_key: str | None, seed: int | None) -> int:
    """Serve until SIGINT or SIGTERM; the first line on standard output is the base URL."""
    code = 0
    with contextlib.suppress(KeyboardInterrupt):  # where signals cannot be handled by the loop
        code = asyncio.run(_serve(host, port, protocol, api_key, seed))
    return code


async def _serve(host: str, port: int, protocol: ProtocolVersion, api_key: str | None, seed: int | None) -> int:
    server = AssistantsServer(protocol=protocol, api_key=api_key, seed=seed)
    try:
        await server.start(host, port)
    except ValueError as error:
        print(f"assistants-async serve: {error} (--api-key)", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"assistants-async serve: cannot listen on {host}:{port}: {_reason(error)}", file=sys.stderr)
        return 1
    try:
        # Before the line that says it is up: whoever reads that may stop it at once.
        stop = _stop_signal()
        print(server.base_url, flush=True)
        await stop.wait()
    finally:
        await server.close()
    return 0


def _reason(error: OSError) -> str:
    # asyncio puts the address into its own text, which has been said already; a resolver has numbers of its own.
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _stop_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers: there Ctrl-C arrives as KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    return stop
