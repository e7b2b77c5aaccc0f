"""The choice of a command's function; importing this module loads client, server and aiohttp."""

from __future__ import annotations

import argparse

from .check import run_check
from .demo import run_demo, run_file_demo
from .inspector import run_inspector
from .moving import run_convert, run_export, run_import
from .run_report import show_run
from .serve import run_server


def run_command(options: argparse.Namespace, api_key: str | None, backend_key: str | None) -> int:
    """Run the command of the arguments, and return its exit status."""
    match options.command:
        case "demo":
            return run_demo(options.protocol) if options.files is None else run_file_demo(*options.files)
        case "inspect":
            return run_inspector(options, api_key)
        case "show":
            return show_run(options, api_key)
        case "export":
            return run_export(options, api_key)
        case "import":
            return run_import(options, api_key)
        case "convert":
            return run_convert(options)
        case "check":
            return run_check(options.backend, backend_key, options.model, options.backend_timeout)
        case _:
            return run_server(options, api_key, backend_key)
