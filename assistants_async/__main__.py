"""`python -m assistants_async`, and the console script `assistants-async`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run a command of the command line, and return its exit status."""
    try:
        from .cli.main import main as run  # inside, so that Ctrl-C while it loads ends quietly too

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
