"""The command line: arguments in, exit code out."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from .arguments import key_from
from .options import BACKEND_KEY, BASE_URL, CLIENT_KEY, FOUNDRY_KEY, KEY, make_parser


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
    if options.command == "demo":
        # Imported here and below: `--help` and wrong arguments answer without loading client, server and aiohttp.
        from .demo import run_demo, run_file_demo

        return run_demo(options.protocol) if options.files is None else run_file_demo(*options.files)
    try:
        if options.command == "inspect":
            if not (options.base_url or os.environ.get(BASE_URL)):
                parser.error(f"inspect needs --base-url, or {BASE_URL}")
            from .inspector import run_inspector

            return run_inspector(options, key_from(None, options.api_key_file, CLIENT_KEY))
        if options.command == "show":
            if not (options.base_url or os.environ.get(BASE_URL)):
                parser.error(f"show needs --base-url, or {BASE_URL}")
            from .run_report import show_run

            return show_run(options, key_from(None, options.api_key_file, CLIENT_KEY))
        if options.command == "export":
            from .moving import run_export

            return run_export(options, key_from(None, options.key_file, FOUNDRY_KEY if options.foundry else CLIENT_KEY))
        backend_key = key_from(None, options.backend_key_file, BACKEND_KEY)
        if options.command == "check":
            from .check import run_check

            return run_check(options.backend, backend_key, options.model, options.backend_timeout)
        api_key = key_from(options.api_key, options.api_key_file, KEY)
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    from .serve import run_server

    return run_server(options, api_key, backend_key)
