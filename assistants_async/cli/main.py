"""The command line: arguments in, exit code out."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .._version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command: 0 if it did its work, 1 if it could not, 2 for arguments that make no sense, 130 for Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        code = _run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130  # as a shell counts a command that SIGINT ended
    except BrokenPipeError:
        # Who read the output has left, as `head` does; without this, the interpreter's own last flush would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(options: argparse.Namespace) -> int:
    if options.command == "demo":
        from .demo import run_demo, run_file_demo

        return run_demo(options.protocol) if options.files is None else run_file_demo(*options.files)
    from .serve import run_server

    return run_server(options.host, options.port, options.protocol, options.api_key, options.seed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="assistants-async", description="The Assistants protocol on this machine: no key, no network."
    )
    parser.add_argument("--version", action="version", version=f"assistants-async {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="start the embedded server and show what the client does with it")
    demo.add_argument("--protocol", choices=("v1", "v2"), default="v2", help="version to speak (default: v2)")
    demo.add_argument(
        "--files", nargs="?", const=(None,), type=_folder, metavar="FOLDER", help="show vector stores, on this folder"
    )

    serve = commands.add_parser("serve", help="run the embedded server until it is interrupted")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=_port, default=8000, help="port, 0 for a free one (default: 8000)")
    serve.add_argument(
        "--protocol", choices=("v1", "v2"), default="v2", help="version for requests that name none (default: v2)"
    )
    serve.add_argument(
        "--api-key", type=_key, help="key that requests must carry; needed for an address that is not loopback"
    )
    serve.add_argument("--seed", type=_seed, help="make ids the same in every run")
    return parser


def _folder(text: str) -> tuple[Path]:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no folder")
    return (path,)


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def _key(text: str) -> str:
    # An unset shell variable gives "", which would let everyone in. The text itself is never shown.
    words = text.split()
    if len(words) != 1 or not words[0].isprintable():
        raise argparse.ArgumentTypeError("a key is one word, and not empty")
    return words[0]


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
