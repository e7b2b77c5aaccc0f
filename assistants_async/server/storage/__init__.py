"""The documents that the server keeps, and the search through their text."""
