"""Commands of the command line, run in this process."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess

from assistants_async.cli.main import main


def run_here(*arguments: str) -> CompletedProcess[str]:
    """Run a command as its script does, without the half second that another interpreter takes to start."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as ended:  # argparse refuses so
            code = ended.code if isinstance(ended.code, int) else 1
    return CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
