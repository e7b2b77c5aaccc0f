"""Commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from .._version import __version__
from .arguments import (
    add_key_file,
    count,
    folder,
    key,
    model_map,
    moment,
    port,
    positive_seconds,
    script,
    seconds,
    seed,
)

KEY = "ASSISTANTS_API_KEY"
"""Environment variable with the key that requests must carry."""
BACKEND_KEY = "ASSISTANTS_BACKEND_KEY"
"""Environment variable with the backend's own key."""
CLIENT_KEY = "OPENAI_API_KEY"
"""Environment variable with the key for another server, which clients read too."""
FOUNDRY_KEY = "AZURE_AI_TOKEN"
"""Environment variable with a bearer token for Foundry."""
BASE_URL = "OPENAI_BASE_URL"
"""Environment variable with the base URL of another server, which clients read too."""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="assistants-async", description="The Assistants protocol on this machine: no key, no network."
    )
    parser.add_argument("--version", action="version", version=f"assistants-async {__version__}")
    # Not required: without a command, `main` prints the help.
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, (summary, description, add_options) in _COMMANDS.items():
        add_options(commands.add_parser(name, help=summary, description=description))
    return parser


def _add_demo_options(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--protocol", choices=("v1", "v2"), default="v2", help="protocol version (default: v2)")
    demo.add_argument(
        "--files",
        nargs="?",
        const=(None,),
        type=folder,
        metavar="FOLDER",
        help="show vector stores, with the files of a folder or with samples",
    )


def _add_check_options(check: argparse.ArgumentParser) -> None:
    check.add_argument("--backend", metavar="URL", required=True, help="base URL of the server")
    check.add_argument("--model", metavar="NAME", help="model to test (default: the first that the server lists)")
    _add_backend_connection(check)
    # A model on a slow machine may be loaded for a minute before its first word.
    check.set_defaults(backend_timeout=120.0)


def _add_show_options(show: argparse.ArgumentParser) -> None:
    show.add_argument("thread", metavar="THREAD", help="id of the thread")
    show.add_argument("run", metavar="RUN", help="id of the run")
    show.add_argument("--base-url", metavar="URL", help=f"base URL of the server (default: ${BASE_URL})")
    add_key_file(
        show, "--api-key-file", CLIENT_KEY, help=f"file with the server's key, mode 0600 (default: ${CLIENT_KEY})"
    )
    show.add_argument(
        "--auth", choices=("bearer", "api-key"), default="bearer", help="header of the key (default: bearer)"
    )
    show.add_argument("--protocol", choices=("v1", "v2"), default="v2", help="protocol version (default: v2)")


def _add_export_options(export: argparse.ArgumentParser) -> None:
    export.add_argument("--from", dest="source", metavar="URL", required=True, help="base URL of the server")
    export.add_argument("--to", metavar="FOLDER", type=Path, required=True, help="folder, new or of an export before")
    _add_other_server(export)
    export.add_argument(
        "--threads", metavar="FILE", type=Path, help="file with ids of threads, one a line (default: the server's list)"
    )
    export.add_argument(
        "--since",
        metavar="TIME",
        type=moment,
        help="only threads with a message of then or later: 2026-05-01, 2026-05-01T12:00Z or seconds since 1970",
    )
    export.add_argument(
        "--concurrency", metavar="NUMBER", type=count, default=4, help="threads read at the same time (default: 4)"
    )
    export.add_argument("--no-files", dest="files", action="store_false", help="leave the contents of files out")


def _add_import_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--from", dest="source", metavar="FOLDER", type=Path, required=True, help="folder of an exported account"
    )
    command.add_argument("--to", metavar="URL", required=True, help="base URL of the server")
    _add_other_server(command)
    command.add_argument(
        "--concurrency", metavar="NUMBER", type=count, default=4, help="threads written at the same time (default: 4)"
    )


def _add_convert_options(convert: argparse.ArgumentParser) -> None:
    convert.add_argument(
        "--from", dest="source", metavar="FOLDER", type=Path, required=True, help="folder of an exported account"
    )
    convert.add_argument("--to", choices=("responses",), required=True, help="API to convert for")
    convert.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="folder to write")
    convert.add_argument(
        "--code-interpreter",
        choices=("note", "omit"),
        default="note",
        help="note: calls of code_interpreter become texts of the assistant; omit: they are left out (default: note)",
    )


def _add_other_server(command: argparse.ArgumentParser) -> None:
    """Add the form, the version and the key of another server."""
    forms = command.add_mutually_exclusive_group()
    forms.add_argument("--foundry", action="store_true", help="the URL is a Foundry project's endpoint")
    forms.add_argument("--azure", action="store_true", help="the URL is the endpoint of an Azure OpenAI resource")
    command.add_argument("--api-version", metavar="VERSION", help="version in every query, of --foundry and --azure")
    command.add_argument("--protocol", choices=("v1", "v2"), default="v2", help="protocol version (default: v2)")
    add_key_file(
        command,
        "--key-file",
        CLIENT_KEY,
        help=f"file with the server's key, mode 0600 (default: ${CLIENT_KEY}, or ${FOUNDRY_KEY} with --foundry)",
        also="--api-key",
    )


def _add_inspect_options(inspect: argparse.ArgumentParser) -> None:
    inspect.add_argument("--base-url", metavar="URL", help=f"base URL of the server (default: ${BASE_URL})")
    forms = inspect.add_mutually_exclusive_group()
    forms.add_argument("--foundry", action="store_true", help="the URL is a Foundry project's endpoint")
    forms.add_argument("--azure", action="store_true", help="the URL is the endpoint of an Azure OpenAI resource")
    inspect.add_argument("--api-version", metavar="VERSION", help="version in every query, of --foundry and --azure")
    add_key_file(
        inspect,
        "--api-key-file",
        CLIENT_KEY,
        help=f"file with the server's key, or Foundry's token, mode 0600 (default: ${CLIENT_KEY})",
    )
    # Beside `serve`, which takes 8000.
    inspect.add_argument("--port", type=port, default=8001, help="port, 0 for a free one (default: 8001)")


def _add_serve_options(serve: argparse.ArgumentParser) -> None:
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
    _add_backend_connection(serve)


def _add_backend_connection(command: argparse.ArgumentParser) -> None:
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


_COMMANDS: Mapping[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "demo": (
        "run the client against the embedded server, step by step",
        "Run the client against the embedded server, step by step, each with its code.",
        _add_demo_options,
    ),
    "serve": (
        "run the embedded server until it is interrupted",
        "Run the embedded server until it is interrupted, with its objects in memory or in a store.",
        _add_serve_options,
    ),
    "check": (
        "test the abilities of a chat-completions server",
        "Test a chat-completions server for models, streams, usage, tools, schemas, images and context.",
        _add_check_options,
    ),
    "inspect": (
        "show a server's threads and runs in a browser",
        "Serve a page for the browser in front of a server, until it is interrupted.",
        _add_inspect_options,
    ),
    "show": (
        "print a run of a server, with its steps and tokens",
        "Print a run of a server, with its steps and tokens.",
        _add_show_options,
    ),
    "export": (
        "write all objects of a server's account to a folder",
        "Write all objects of a server's account to a folder. Broken off and run again, it goes on where it stopped.",
        _add_export_options,
    ),
    "import": (
        "make an exported account again at a server",
        "Make an exported account again at a server, under new ids. Broken off and run again, it goes on.",
        _add_import_options,
    ),
    "convert": (
        "convert an exported account for the Responses API",
        "Convert an exported account: assistants to parameters of responses.create, threads to conversation items.",
        _add_convert_options,
    ),
}
"""Summary, description and options of each command."""
