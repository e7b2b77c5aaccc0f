"""Telemetry kept in memory: the SDK's own exporter and reader, and what a test asks of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from assistants_async import Telemetry


class Kept:
    """The spans and metrics of a test."""

    def __init__(self, *, content: bool = False) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader])
        self.telemetry = Telemetry(tracer_provider=self.tracers, meter_provider=self.meters, content=content)
        self.tracer = self.tracers.get_tracer("test")

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, in the order of their ends."""
        return list(self._exporter.get_finished_spans())

    def one(self, name: str) -> ReadableSpan:
        """The only span of a name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def names(self) -> list[str]:
        """The names of the spans, in the order of their ends."""
        return [span.name for span in self.spans]

    def parent(self, span: ReadableSpan) -> str | None:
        """The name of a span's parent; None for none."""
        if span.parent is None:
            return None
        return {each.context.span_id: each.name for each in self.spans if each.context}[span.parent.span_id]

    def text(self) -> str:
        """All that was written."""
        return "\n".join(span.to_json() for span in self.spans)

    def points(self, metric: str) -> list[tuple[Mapping[str, Any], Any]]:
        """The attributes and values of a metric: of a histogram its sum."""
        data = self._reader.get_metrics_data()
        found = [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for each in scope.metrics
            if each.name == metric
            for point in each.data.data_points
        ]
        return [(point.attributes or {}, getattr(point, "sum", getattr(point, "value", None))) for point in found]


def of(span: ReadableSpan) -> Mapping[str, Any]:
    """The attributes of a span."""
    return span.attributes or {}
