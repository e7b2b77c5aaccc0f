"""Commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from .._version import __version__
from .arguments import add_key_file, count, folder, moment, port
from .environment import BASE_URL, CLIENT_KEY, FOUNDRY_KEY
from .serve_options import add_backend_connection, add_serve_options


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
    add_backend_connection(check)
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
    targets = command.add_mutually_exclusive_group(required=True)
    targets.add_argument(
        "--store", metavar="STORE", help="store of serve, which keeps ids and times: sqlite:PATH, or postgresql://…"
    )
    targets.add_argument("--to", metavar="URL", help="base URL of a server, which gives new ids")
    command.add_argument(
        "--on-conflict",
        choices=("fail", "skip"),
        help="with --store, for ids that it has with other content: fail imports nothing, skip leaves those as they "
        "are (default: fail)",
    )
    _add_other_server(command)
    command.add_argument(
        "--concurrency",
        metavar="NUMBER",
        type=count,
        help="with --to, threads written at the same time (default: 4)",
    )
    # No default, so that `import` can refuse it beside --store.
    command.set_defaults(protocol=None)


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


_COMMANDS: Mapping[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "demo": (
        "run the client against the embedded server, step by step",
        "Run the client against the embedded server, step by step, each with its code.",
        _add_demo_options,
    ),
    "serve": (
        "run the embedded server until it is interrupted",
        "Run the embedded server until it is interrupted, with its objects in memory or in a store.",
        add_serve_options,
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
        "make an exported account again in a store or at a server",
        "Make an exported account again: in a store as it was, or at a server with new ids. Run again, it goes on.",
        _add_import_options,
    ),
    "convert": (
        "convert an exported account for the Responses API",
        "Convert an exported account: assistants to parameters of responses.create, threads to conversation items.",
        _add_convert_options,
    ),
}
"""Summary, description and options of each command."""
