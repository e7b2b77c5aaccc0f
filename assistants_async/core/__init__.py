"""What the client decides, without doing any of it: no I/O, no clock, no randomness, no event loop."""
