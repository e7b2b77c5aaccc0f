"""The commands: `demo`, `serve`, `check`, `inspect` and `show`."""
