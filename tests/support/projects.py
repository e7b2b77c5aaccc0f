"""A user's project with its own pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Plugins of other packages that are installed here: loading them takes half of what a small project takes.
_OTHERS = ("-p", "no:hypothesispytest", "-p", "no:faker", "-p", "no:xdist", "-p", "no:xdist.looponfail")


def run_pytest(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a folder in an interpreter of their own."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *_OTHERS, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, **environment},
    )
