"""The command line: arguments in, exit code out."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .._version import __version__

_KEY_VARIABLE = "ASSISTANTS_API_KEY"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command: 0 if it did its work, 1 if it could not, 2 for arguments that make no sense, 130 for Ctrl-C."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        # A second Ctrl-C would interrupt Python's own end, which complains of it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return 130  # as a shell counts a command that SIGINT ended
    except BrokenPipeError:
        # Who read the output has left, as `head` does; without this, the interpreter's own last flush would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    if options.command == "demo":
        from .demo import run_demo, run_file_demo  # on use: a command loads what it needs

        return run_demo(options.protocol) if options.files is None else run_file_demo(*options.files)
    try:
        api_key = _api_key(options)
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    from .serve import ServeOptions, run_server  # on use

    return run_server(
        ServeOptions(
            host=options.host,
            port=options.port,
            protocol=options.protocol,
            api_key=api_key,
            seed=options.seed,
            allow_hosts=options.allow_host,
            cors=options.cors,
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="assistants-async", description="The Assistants protocol on this machine: no key, no network."
    )
    parser.add_argument("--version", action="version", version=f"assistants-async {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_demo_options(
        commands.add_parser("demo", help="start the embedded server and show what the client does with it")
    )
    _add_serve_options(
        commands.add_parser(
            "serve",
            help="run the embedded server until it is interrupted",
            description="Run the embedded server until it is interrupted. All that it keeps is in memory.",
        )
    )
    return parser


def _add_demo_options(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--protocol", choices=("v1", "v2"), default="v2", help="version to speak (default: v2)")
    demo.add_argument(
        "--files", nargs="?", const=(None,), type=_folder, metavar="FOLDER", help="show vector stores, on this folder"
    )


def _add_serve_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=_port, default=8000, help="port, 0 for a free one (default: 8000)")
    serve.add_argument(
        "--protocol", choices=("v1", "v2"), default="v2", help="version for requests that name none (default: v2)"
    )
    key = serve.add_mutually_exclusive_group()
    key.add_argument(
        "--api-key",
        type=_key,
        help=f"key that requests must carry (default: ${_KEY_VARIABLE}); others on this machine can read arguments",
    )
    key.add_argument("--api-key-file", metavar="FILE", type=Path, help="file with that key")
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
    serve.add_argument("--seed", type=_seed, help="make ids the same in every run")


def _api_key(options: argparse.Namespace) -> str | None:
    """Return the key by its option, by its file, or from the environment."""
    if options.api_key is not None:
        return str(options.api_key)
    if options.api_key_file is not None:
        try:
            return _key(options.api_key_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise argparse.ArgumentTypeError(f"cannot read {str(options.api_key_file)!r}: {reason}") from None
    text = os.environ.get(_KEY_VARIABLE)
    return None if text is None else _key(text)


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
