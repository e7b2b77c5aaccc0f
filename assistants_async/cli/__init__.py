"""The commands: `demo` and `serve`."""
