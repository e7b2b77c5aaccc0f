"""One request to the server: access, body, arguments and pages."""
