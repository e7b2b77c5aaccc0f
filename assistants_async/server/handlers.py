"""Every handler by its operationId, collected from one module for each noun."""

from __future__ import annotations

from collections.abc import Mapping

from . import assistants, files, messages, runs, steps, store_files, threads, uploads, vector_stores
from .context import Handler

HANDLERS: Mapping[str, Handler] = {
    **assistants.HANDLERS,
    **threads.HANDLERS,
    **messages.HANDLERS,
    **runs.HANDLERS,
    **steps.HANDLERS,
    **files.HANDLERS,
    **vector_stores.HANDLERS,
    **store_files.HANDLERS,
    **uploads.HANDLERS,
}
"""What serves each row of the table."""
