"""The commands: `demo`, `serve`, `check`, `inspect`, `show` and `export`."""
