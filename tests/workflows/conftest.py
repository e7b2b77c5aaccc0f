"""A server of bytes and a client of it, for each test."""

from tests.client.conftest import client, wire

__all__ = ["client", "wire"]
