"""Whole accounts moved: out of a server into a folder, and from there into a store, a server, or another API.

report = await export_account(client, Path("account"))
"""

from __future__ import annotations

from .converter import convert_account
from .exporter import export_account
from .folder import FolderError
from .importer import import_account
from .report import ImportConflictError, MovingProblem, MovingProgress, MovingReport

__all__ = [
    "FolderError",
    "ImportConflictError",
    "MovingProblem",
    "MovingProgress",
    "MovingReport",
    "convert_account",
    "export_account",
    "import_account",
]
