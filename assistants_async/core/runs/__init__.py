"""Runs: what a status asks for, pauses between polls, deltas added up, events that were missed."""
