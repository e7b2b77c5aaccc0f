"""The commands: `demo`, `serve`, `check`, `inspect`, `show`, `export`, `import` and `convert`."""
