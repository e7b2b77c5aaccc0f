"""Stores by their location in words, as a command line gives it."""

from __future__ import annotations

from .interface import Store
from .memory import MemoryStore
from .postgres import PostgresStore
from .sqlite import SqliteStore


def store_at(location: str) -> Store:
    """Make the store of a location; raises `ValueError` for anything else, without repeating a URL's password."""
    scheme, _, rest = location.partition(":")
    if location == "memory":
        return MemoryStore()
    if scheme == "sqlite" and rest and not rest.startswith("//"):
        return SqliteStore(rest)
    if scheme in {"postgresql", "postgres"} and rest.startswith("//"):
        return PostgresStore(location)
    shown = f"{scheme}:…" if "@" in rest else location
    raise ValueError(f"{shown!r} is not a store: give memory, sqlite:PATH, or postgresql://…")
