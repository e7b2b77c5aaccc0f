"""Pushing into a channel of the caller's, and reading it."""

from __future__ import annotations

LINES = "application/x-ndjson"
JSON = "application/json"
