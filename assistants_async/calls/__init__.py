"""Calls before they are sent, and the readers of their answers: lists, streams, downloads, pipes."""
