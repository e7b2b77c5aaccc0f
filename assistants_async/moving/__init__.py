"""Whole accounts moved: exported from a server into a folder, and imported or converted from there.

report = await export_account(client, Path("account"))
"""

from __future__ import annotations

from .converter import convert_account
from .exporter import export_account
from .folder import FolderError
from .importer import import_account
from .report import MovingProblem, MovingProgress, MovingReport

__all__ = [
    "FolderError",
    "MovingProblem",
    "MovingProgress",
    "MovingReport",
    "convert_account",
    "export_account",
    "import_account",
]
