"""`serve`: the embedded server as a process of its own, for clients in any language."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys

from ..server import AssistantsServer, ChatCompletions, Responder, ScriptedResponder
from ..server.engine.script import read_script

_BACKEND = ("model", "model_map", "context", "file_search", "tools", "code_interpreter", "limit_name")


def run_server(options: argparse.Namespace, api_key: str | None, backend_key: str | None) -> int:
    """Serve until SIGINT or SIGTERM; the first line on standard output is the base URL."""
    code = 0
    if options.log:
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt):  # where signals cannot be handled by the loop
        code = asyncio.run(_serve(options, api_key, backend_key))
    return code


async def _serve(options: argparse.Namespace, api_key: str | None, backend_key: str | None) -> int:
    host, port = options.host, options.port
    try:
        responder = _responder(options, backend_key)
    except ValueError as error:
        print(f"assistants-async serve: {error}", file=sys.stderr)
        return 2
    try:
        server = AssistantsServer(
            responder=responder,
            protocol=options.protocol,
            dialect=options.dialect,
            api_key=api_key,
            seed=options.seed,
            pace=options.pace,
            speed=options.speed,
            chunk=options.chunk,
            run_expiry=options.run_expiry,
            allow_hosts=options.allow_host,
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
        await _tell(server, options)
        await stop.wait()
    finally:
        await server.close()
    return 0


def _responder(options: argparse.Namespace, backend_key: str | None) -> Responder | None:
    """Make what answers runs; None for the echo. Raises `ValueError` for options that do not go together."""
    if options.backend is None:
        wrong = next((name for name in ("model", "model_map", "context") if getattr(options, name) is not None), None)
        if wrong is not None:
            raise ValueError(f"--{wrong.replace('_', '-')} wants a --backend")
        return None if options.script is None else ScriptedResponder(read_script(options.script))
    if options.script is not None:
        raise ValueError("--script and --backend both say what runs do: give one of them")
    settings = {name: getattr(options, name) for name in _BACKEND}
    return ChatCompletions(options.backend, api_key=backend_key, timeout=options.backend_timeout or 120.0, **settings)


async def _tell(server: AssistantsServer, options: argparse.Namespace) -> None:
    """Print the base URL, and for whom a terminal is: how a client gets there, and who answers."""
    print(server.base_url, flush=True)
    if options.backend is None:
        return
    model = options.model or "the run's own model"
    print(f"export OPENAI_BASE_URL={server.base_url}", flush=True)
    print(f"runs are answered by {model} at {options.backend}; all else is kept in memory", flush=True)
    problem = await server.problem()
    if problem is not None:
        print(f"assistants-async serve: warning: {problem}; runs will fail until it does", file=sys.stderr, flush=True)


def _reason(error: OSError) -> str:
    # asyncio puts the address into its own text, which has been said already; a resolver has numbers of its own.
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _stop_signal() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers: there Ctrl-C arrives as KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    return stop
