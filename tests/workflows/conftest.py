"""A server of bytes and a client of it for each test, and a look at what each test left behind."""

from __future__ import annotations

from tests.streams.conftest import client, wire

__all__ = ["client", "wire"]
