"""Every handler by its operationId, collected from one module for each noun."""

from __future__ import annotations

from collections.abc import Mapping

from ..requests.context import Handler
from . import assistants, files, messages, runs, steps, threads, uploads, vector_store_files, vector_stores

HANDLERS: Mapping[str, Handler] = {
    **assistants.HANDLERS,
    **threads.HANDLERS,
    **messages.HANDLERS,
    **runs.HANDLERS,
    **steps.HANDLERS,
    **files.HANDLERS,
    **vector_stores.HANDLERS,
    **vector_store_files.HANDLERS,
    **uploads.HANDLERS,
}
"""The handler of each row of the table of operations."""
