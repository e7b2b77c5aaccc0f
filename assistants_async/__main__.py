"""`python -m assistants_async`, and the console script `assistants-async`."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from .cli.main import main  # inside, so that Ctrl-C while it loads ends quietly too

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
