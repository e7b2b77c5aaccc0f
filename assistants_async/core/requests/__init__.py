"""Requests before they are sent: the row of the table, checked arguments, options, retry rules."""
