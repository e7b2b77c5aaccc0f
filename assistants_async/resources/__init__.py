"""The namespaces of a client: one module per noun, one method per operation."""
