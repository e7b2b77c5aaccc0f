"""`serve`: the embedded server as its own process, for clients in any language."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from typing import TypeVar
from urllib.parse import urljoin

from ..server import AssistantsServer, ChatCompletions, Responder, ScriptedResponder
from ..server.engine.script import read_script
from ..server.storage.interface import Store
from ..server.storage.locations import store_at
from .environment import BACKEND_KEY

ValueT = TypeVar("ValueT")

# Refusals of the server name its keywords; a caller of the command knows options.
_OPTIONS = {"api_key": "--api-key-file", "allow_hosts": "--allow-host", "cors": "--cors", "base_url": "--backend"}
_BACKEND = ("model", "model_map", "context", "file_search", "tools", "code_interpreter", "limit_name")
_CONNECTION = ("backend_key_file", "backend_timeout")


def run_server(options: argparse.Namespace, api_key: str | None, backend_key: str | None) -> int:
    """Serve until SIGINT or SIGTERM, after a first line on standard output: the base URL."""
    code = 0
    if options.log:
        # On standard error, so that a script can read the URL from standard output.
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt):  # on Windows, where the loop handles no signals
        code = asyncio.run(_serve(options, api_key, backend_key))
    return code


async def _serve(options: argparse.Namespace, api_key: str | None, backend_key: str | None) -> int:
    host, port = options.host, options.port
    try:
        responder = _responder(options, backend_key)
        store = _store(options)
    except ValueError as error:
        return _refuse(error)
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
            store=store,
            concurrency=_by_backend(options, "concurrency", None, 8),
            grace=_by_backend(options, "grace", 0.0, 30.0),
            allow_hosts=options.allow_host,
            cors=options.cors,
            page=options.page,
            strict=options.strict,
        )
        await server.start(host, port)
    except ValueError as error:
        return _refuse(error)
    except OSError as error:
        print(f"assistants-async serve: cannot listen on {host}:{port}: {reason_of(error)}", file=sys.stderr)
        return 1
    try:
        # Before the URL is printed: a program that reads the URL may send the signal at once.
        stop = stop_signal()
        # A variable may be there for other commands; an option that does nothing is refused.
        await _announce(server, options, store, has_unused_key=options.backend is None and backend_key is not None)
        await stop.wait()
    finally:
        # The server may give its runs time to end: a second signal ends them at once.
        _restore_signals()
        await server.close()
    return 0


def _refuse(error: ValueError) -> int:
    """Print an error of the settings with the option that it is about; return 2."""
    used = ", ".join(option for keyword, option in _OPTIONS.items() if keyword in str(error))
    print(f"assistants-async serve: {error}{used and f' ({used})'}", file=sys.stderr)
    return 2


def _responder(options: argparse.Namespace, backend_key: str | None) -> Responder | None:
    """Make the responder of the options; None for the echo. Raises `ValueError` for options that exclude each other."""
    if options.backend is None:
        wrong = next((name for name in _BACKEND + _CONNECTION if getattr(options, name) is not None), None)
        if wrong is not None:
            raise ValueError(f"--{wrong.replace('_', '-')} needs --backend")
        return None if options.script is None else ScriptedResponder(read_script(options.script))
    if options.script is not None:
        raise ValueError("--script and --backend both answer runs: give one of them")
    settings = {name: value for name in _BACKEND if (value := getattr(options, name)) is not None}
    if options.backend_timeout is not None:
        settings["timeout"] = options.backend_timeout
    return ChatCompletions(options.backend, api_key=backend_key, **settings)


def _store(options: argparse.Namespace) -> Store:
    """Make the store of the options; raises `ValueError` where it is none."""
    location: str | None = options.store
    if location is None:
        location = "memory" if options.backend is None else "sqlite:assistants.db"
    return store_at(location)


def _by_backend(options: argparse.Namespace, name: str, without: ValueT, behind: ValueT) -> ValueT:
    """Return an option, or its default, which differs for a server in front of a backend."""
    given: ValueT | None = getattr(options, name)
    if given is not None:
        return given
    return without if options.backend is None else behind


async def _announce(
    server: AssistantsServer, options: argparse.Namespace, store: Store, *, has_unused_key: bool
) -> None:
    """Print the base URL and the page's address; with a backend the variable for clients too, and the model."""
    # Flushed, since a pipe would otherwise keep the line until the server ends.
    print(server.base_url, flush=True)
    if options.backend is not None:
        model = options.model or "the run's own model"
        print(f"export OPENAI_BASE_URL={server.base_url}", flush=True)
        print(f"runs are answered by {model} at {options.backend}; all other objects are in {store.name}", flush=True)
    if options.page:
        print(f"the page is at {urljoin(server.base_url, '/')}", flush=True)
    if has_unused_key:
        print(
            f"assistants-async serve: warning: {BACKEND_KEY} is not used without --backend", file=sys.stderr, flush=True
        )
    problem = await server.problem()
    if problem is not None:
        print(f"assistants-async serve: warning: {problem}; runs fail for as long", file=sys.stderr, flush=True)


def reason_of(error: OSError) -> str:
    """Return the reason of an error of listening, without the address."""
    # asyncio repeats the address in its text, and a resolver's numbers are not those of the operating system.
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _restore_signals() -> None:
    """Let SIGINT and SIGTERM end the process, as they do without a handler."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().remove_signal_handler(number)


def stop_signal() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers: there Ctrl-C arrives as KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    return stop
