"""`python -m assistants_async`, and the console script `assistants-async`."""

from __future__ import annotations

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main())
