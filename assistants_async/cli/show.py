"""Code on the screen: coloured where rich is installed and the output is a terminal, plain elsewhere."""

from __future__ import annotations

import sys
import textwrap
from importlib import import_module


def show_code(code: str) -> None:
    """Print lines of Python, indented by four."""
    if sys.stdout.isatty():
        # By name: rich is no dependency, and type checkers would ask for it.
        try:
            console = import_module("rich.console").Console()
            syntax = import_module("rich.syntax").Syntax
            padding = import_module("rich.padding").Padding
        except ImportError:
            pass
        else:
            coloured = syntax(code, "python", theme="ansi_dark", background_color="default", word_wrap=True)
            console.print(padding(coloured, (0, 0, 0, 4)))
            return
    print(textwrap.indent(code, "    "))
