"""Commands and their options."""

from __future__ import annotations

import argparse
from pathlib import Path

from .._version import __version__
from .arguments import count, folder, key, model_map, port, script, seconds, seed

KEY = "ASSISTANTS_API_KEY"
"""Variable with the key that requests must carry."""
BACKEND_KEY = "ASSISTANTS_BACKEND_KEY"
"""Variable with the key that the backend wants."""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="assistants-async", description="The Assistants protocol on this machine: no key, no network."
    )
    parser.add_argument("--version", action="version", version=f"assistants-async {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_demo_options(
        commands.add_parser("demo", help="start the embedded server and show what the client does with it")
    )
    serve = commands.add_parser(
        "serve",
        help="run the embedded server until it is interrupted",
        description="Run the embedded server until it is interrupted. All that it keeps is in memory, and gone then.",
    )
    _add_access_options(serve)
    _add_answer_options(serve)
    _add_backend_options(serve)
    check = commands.add_parser(
        "check",
        help="ask a chat-completions server what runs can rely on",
        description="Ask a chat-completions server for models, streams, usage, tools, schemas, images and context.",
    )
    check.add_argument("--backend", metavar="URL", required=True, help="its base URL")
    check.add_argument("--model", metavar="NAME", help="model to ask (default: the first that it lists)")
    _add_backend_connection(check)
    return parser


def _add_demo_options(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--protocol", choices=("v1", "v2"), default="v2", help="version to speak (default: v2)")
    demo.add_argument(
        "--files", nargs="?", const=(None,), type=folder, metavar="FOLDER", help="show vector stores, on this folder"
    )


def _add_access_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=port, default=8000, help="port, 0 for a free one (default: 8000)")
    serve.add_argument(
        "--protocol", choices=("v1", "v2"), default="v2", help="version for requests that name none (default: v2)"
    )
    serve.add_argument("--dialect", choices=("foundry",), help="serve Microsoft Foundry's form of the protocol")
    keys = serve.add_mutually_exclusive_group()
    keys.add_argument(
        "--api-key",
        type=key,
        help=f"key that requests must carry (default: ${KEY}); others on this machine can read arguments",
    )
    keys.add_argument("--api-key-file", metavar="FILE", type=Path, help="file with that key, mode 0600")
    serve.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="name by which a server without a key may be reached besides localhost; may be repeated",
    )
    serve.add_argument(
        "--cors",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="origin whose web pages may ask, such as http://localhost:3000; may be repeated",
    )
    serve.add_argument("--log", action="store_true", help="log each request on standard error")


def _add_answer_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--seed", type=seed, help="make ids the same in every run")
    serve.add_argument("--script", metavar="FILE", type=script, help="JSON script of what runs do, an entry a turn")
    serve.add_argument(
        "--pace", type=seconds, default=0.005, metavar="SECONDS", help="time in each state of a run (default: 0.005)"
    )
    serve.add_argument(
        "--speed", type=seconds, default=0.0, metavar="SECONDS", help="time between tokens of the echo and of scripts"
    )
    serve.add_argument("--chunk", type=count, metavar="BYTES", help="size of each write of a stream, mid-event too")
    serve.add_argument(
        "--run-expiry", type=seconds, default=600.0, metavar="SECONDS", help="time until a run expires (default: 600)"
    )


def _add_backend_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--backend", metavar="URL", help="base URL of a chat-completions server, which answers runs")
    serve.add_argument("--model", metavar="NAME", help="model of every run (default: the run's own)")
    serve.add_argument(
        "--model-map", type=model_map, metavar="A=B,*=C", help="models of the backend by the names of runs"
    )
    serve.add_argument("--context", type=count, metavar="TOKENS", help="what fits into the model, if it does not say")
    serve.add_argument(
        "--file-search",
        choices=("auto", "tool", "inject"),
        default="auto",
        help="let the model search, or search once before it (default: auto, which goes by --tools)",
    )
    serve.add_argument(
        "--tools",
        choices=("native", "schema"),
        default="native",
        help="schema: hold calls by a JSON schema, for backends without tools (default: native)",
    )
    serve.add_argument(
        "--code-interpreter",
        choices=("refuse", "ignore"),
        default="refuse",
        help="runs with code_interpreter fail, or go on without it (default: refuse)",
    )
    serve.add_argument(
        "--limit-name",
        choices=("max_tokens", "max_completion_tokens"),
        default="max_tokens",
        help="the backend's name for the limit of an answer (default: max_tokens)",
    )
    _add_backend_connection(serve)


def _add_backend_connection(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--backend-key-file",
        metavar="FILE",
        type=Path,
        help=f"file with the backend's key, mode 0600 (default: ${BACKEND_KEY})",
    )
    command.add_argument(
        "--backend-timeout",
        type=seconds,
        default=120.0,
        metavar="SECONDS",
        help="silence after which the backend is given up (default: 120)",
    )
