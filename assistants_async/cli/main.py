"""The command line: arguments in, exit code out."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from .arguments import key_from
from .environment import BACKEND_KEY, BASE_URL, CLIENT_KEY, FOUNDRY_KEY, KEY
from .options import make_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 for success, 1 for a failure, 2 for wrong arguments, 3 for a part, 130 after Ctrl-C."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        # A second Ctrl-C would interrupt Python's own shutdown, which prints a traceback then.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return 130  # as shells report a command that SIGINT ended: 128 + 2
    except BrokenPipeError:
        # The reader of the output has left, as `head` does. The interpreter flushes standard output once more at its
        # end, and would print a traceback for the broken pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(arguments: Sequence[str] | None) -> int:
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    api_key = backend_key = None
    try:
        api_key, backend_key = _keys(options)
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    # Imported here: `--help` and wrong arguments answer without loading client, server and aiohttp.
    from .commands import run_command

    return run_command(options, api_key, backend_key)


def _keys(options: argparse.Namespace) -> tuple[str | None, str | None]:
    """Read the API key and the backend's that a command takes; raises `ArgumentTypeError` for what cannot work."""
    command = options.command
    if command in ("inspect", "show") and not (options.base_url or os.environ.get(BASE_URL)):
        raise argparse.ArgumentTypeError(f"{command} needs --base-url, or {BASE_URL}")
    # The keys of the commands that call a server are the client's, and never on the command line, which others can see.
    backend_key = key_from(None, options.backend_key_file, BACKEND_KEY) if command in ("serve", "check") else None
    match command:
        case "inspect" | "show":
            return key_from(None, options.api_key_file, CLIENT_KEY), None
        case "import" if options.store is not None:
            return None, None
        case "export" | "import":
            return key_from(None, options.key_file, FOUNDRY_KEY if options.foundry else CLIENT_KEY), None
        case "serve":
            return key_from(options.api_key, options.api_key_file, KEY), backend_key
        case _:
            return None, backend_key
