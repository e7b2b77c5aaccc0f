"""The server of bytes and its client, as the tests of the client have them."""

from __future__ import annotations

from tests.client.conftest import client, wire

__all__ = ["client", "wire"]
