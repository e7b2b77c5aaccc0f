"""Streams: framers that cut bytes into items, and decoders that make values of the items."""
