"""Threads: waiting for a busy one, keeping one to oneself, adding up its tokens."""
