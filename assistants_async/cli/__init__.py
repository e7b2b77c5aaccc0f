"""The commands: `demo`, `serve`, `check` and `show`."""
