"""Calls before they are sent, and what reads their answers: lists, streams, downloads, pipes."""
