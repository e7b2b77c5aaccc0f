"""The decisions of the client, as pure functions: no I/O, no clock, no randomness, no event loop."""
