"""Vector stores, their files, batches and uploads, as servers answer them."""

from __future__ import annotations

from typing import Any

STORE_FILE: dict[str, Any] = {"id": "file_1", "object": "vector_store.file", "status": "in_progress"}

CHUNKING = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}
