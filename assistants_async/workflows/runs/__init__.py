"""Runs to their end: streamed, polled, or driven with tools."""
