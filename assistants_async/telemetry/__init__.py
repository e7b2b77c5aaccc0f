"""Spans and metrics of OpenTelemetry: named by its conventions for generative AI, and made on use alone."""
