"""The commands: `demo`, `serve` and `check`."""
