"""The options of `serve`, and those of the connection to a backend."""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import add_key_file, count, key, model_map, port, positive_seconds, script, seconds, seed
from .environment import BACKEND_KEY, KEY


def add_serve_options(serve: argparse.ArgumentParser) -> None:
    """Add the options of `serve`."""
    _add_access_options(serve)
    _add_store_options(serve)
    _add_answer_options(serve)
    _add_backend_options(serve)


def _add_access_options(serve: argparse.ArgumentParser) -> None:
    # Loopback alone unless wanted otherwise: without a key everyone in the network could use it.
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=port, default=8000, help="port, 0 for a free one (default: 8000)")
    serve.add_argument(
        "--protocol", choices=("v1", "v2"), default="v2", help="version of requests that name none (default: v2)"
    )
    serve.add_argument("--dialect", choices=("foundry",), help="serve Microsoft Foundry's form of the protocol")
    # With two keys, no one could say which of them requests must carry.
    serve.add_argument(
        "--strict", action="store_true", help="refuse words that no document has, such as misspelt types"
    )
    keys = serve.add_mutually_exclusive_group()
    keys.add_argument(
        "--api-key",
        type=key,
        help=f"key that requests must carry (default: ${KEY}); other users of this machine can see it here",
    )
    keys.add_argument("--api-key-file", metavar="FILE", type=Path, help="file with that key, mode 0600")
    serve.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="host name, besides localhost, that clients may use without a key; may be repeated",
    )
    serve.add_argument(
        "--cors",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="origin of web pages that may send requests, such as http://localhost:3000; may be repeated",
    )
    serve.add_argument("--no-page", dest="page", action="store_false", help="answer GET / with no page for a browser")
    serve.add_argument("--log", action="store_true", help="log each request on standard error")


def _add_store_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--store",
        metavar="STORE",
        help="place of all objects: memory, sqlite:PATH, or postgresql://… (default: memory; with --backend "
        "sqlite:assistants.db)",
    )
    serve.add_argument(
        "--concurrency",
        type=count,
        metavar="RUNS",
        help="runs that are answered at the same time (default: all; with --backend 8)",
    )
    serve.add_argument(
        "--grace",
        type=seconds,
        metavar="SECONDS",
        help="time that runs have for their end after SIGTERM (default: 0; with --backend 30)",
    )


def _add_answer_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--seed", type=seed, help="whole number that makes all ids the same in every run")
    serve.add_argument("--script", metavar="FILE", type=script, help="JSON file with the answers of runs, in order")
    serve.add_argument(
        "--pace", type=seconds, default=0.005, metavar="SECONDS", help="time in each state of a run (default: 0.005)"
    )
    serve.add_argument(
        "--speed",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="time between two tokens of an echoed or scripted answer (default: 0)",
    )
    serve.add_argument("--chunk", type=count, metavar="BYTES", help="size of each write of a stream, even mid-event")
    serve.add_argument(
        "--run-expiry",
        type=positive_seconds,
        default=600.0,
        metavar="SECONDS",
        help="time until a run expires, above 0 (default: 600)",
    )


def _add_backend_options(serve: argparse.ArgumentParser) -> None:
    # No defaults here: without --backend, `serve` refuses each of these that was given, even where it is the default.
    serve.add_argument("--backend", metavar="URL", help="base URL of a chat-completions server that answers runs")
    serve.add_argument("--model", metavar="NAME", help="model of every run (default: the run's own)")
    serve.add_argument(
        "--model-map", type=model_map, metavar="A=B,*=C", help="the backend's model for each model name of a run"
    )
    serve.add_argument("--context", type=count, metavar="TOKENS", help="context size, where the backend names none")
    serve.add_argument(
        "--file-search",
        choices=("auto", "tool", "inject"),
        help="tool: the model calls the search; inject: one search before the answer; "
        "auto: tool with --tools native, inject with --tools schema (default: auto)",
    )
    serve.add_argument(
        "--tools",
        choices=("native", "schema"),
        help="native: the backend's own tool calls; schema: calls by a JSON schema, for backends without tools "
        "(default: native)",
    )
    serve.add_argument(
        "--code-interpreter",
        choices=("refuse", "ignore"),
        help="refuse: runs with code_interpreter fail; ignore: they go on without it (default: refuse)",
    )
    serve.add_argument(
        "--limit-name",
        choices=("max_tokens", "max_completion_tokens"),
        help="the backend's name for the token limit of an answer (default: max_tokens)",
    )
    add_backend_connection(serve)


def add_backend_connection(command: argparse.ArgumentParser) -> None:
    """Add the key of a backend, and its time-out."""
    add_key_file(
        command,
        "--backend-key-file",
        BACKEND_KEY,
        help=f"file with the backend's key, mode 0600 (default: ${BACKEND_KEY})",
    )
    command.add_argument(
        "--backend-timeout",
        type=positive_seconds,
        metavar="SECONDS",
        help="silence after which a request to the backend fails, above 0 (default: 120)",
    )
