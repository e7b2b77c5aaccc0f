"""The engine of runs: when each step happens, what it changes, and the events that tell of it."""
