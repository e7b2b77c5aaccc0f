"""Answers after they were read: decoded to values and errors, and the cursor of the next page."""
