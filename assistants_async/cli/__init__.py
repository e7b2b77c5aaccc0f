"""The commands: `demo`, `serve`, `check`, `inspect`, `show`, `export` and `convert`."""
