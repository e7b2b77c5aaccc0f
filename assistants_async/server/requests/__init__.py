"""One request to the server: its body read, its arguments checked, its page cut."""
