"""The operations of the server: one module per noun, one handler per operation."""
