"""`serve`: the embedded server as a process of its own, for clients in any language."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ..core.requests.endpoint import ProtocolVersion
from ..server import AssistantsServer


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """Options of `serve`, as they were given."""

    host: str
    port: int
    protocol: ProtocolVersion
    api_key: str | None
    seed: int | None
    allow_hosts: Sequence[str] = ()
    cors: Sequence[str] = ()


def run_server(options: ServeOptions) -> int:
    """Serve until SIGINT or SIGTERM; the first line on standard output is the base URL."""
    code = 0
    with contextlib.suppress(KeyboardInterrupt):  # where signals cannot be handled by the loop
        code = asyncio.run(_serve(options))
    return code


async def _serve(options: ServeOptions) -> int:
    host, port = options.host, options.port
    try:
        server = AssistantsServer(
            protocol=options.protocol,
            api_key=options.api_key,
            seed=options.seed,
            allow_hosts=options.allow_hosts,
            cors=options.cors,
        )
        await server.start(host, port)
    except ValueError as error:
        print(f"assistants-async serve: {error} (--api-key-file, --allow-host, --cors)", file=sys.stderr)
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
