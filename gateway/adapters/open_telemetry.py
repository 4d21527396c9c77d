"""OpenTelemetry traces and metrics; what is counted and traced has closed names, never a member's value."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Counter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from gateway.adapters.telemetry import Diagnostics

SERVICE = "joint-use-gateway"


class OpenTelemetry(Diagnostics):
    """The Telemetry port over the OpenTelemetry SDK; what it collects goes to the given reader and processor."""

    def __init__(self, *, metrics: MetricReader | None = None, spans: SpanProcessor | None = None) -> None:
        super().__init__()
        resource = Resource.create({"service.name": SERVICE})
        # Without arguments the exporters read the standard OTEL_EXPORTER_OTLP_… variables.
        reader = metrics or PeriodicExportingMetricReader(OTLPMetricExporter())
        self._meters = MeterProvider([reader], resource=resource)
        self._traces = TracerProvider(resource=resource)
        self._traces.add_span_processor(spans or BatchSpanProcessor(OTLPSpanExporter()))
        self._meter = self._meters.get_meter(SERVICE)
        self._tracer = self._traces.get_tracer(SERVICE)
        self._counters: dict[str, Counter] = {}
        self._durations = self._meter.create_histogram("gateway.duration", unit="s")

    def count(self, name: str, **attributes: str | int) -> None:
        """Add one to a counter."""
        counter = self._counters.get(name)
        if counter is None:
            counter = self._counters[name] = self._meter.create_counter(f"gateway.{name}")
        counter.add(1, attributes)

    def span(self, name: str) -> AbstractContextManager[None]:
        """Trace what runs inside."""
        return self._span(name)

    @contextmanager
    def _span(self, name: str) -> Iterator[None]:
        began = perf_counter()
        try:
            # An exception's text could hold anything: only that there was one is recorded.
            with self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False):
                yield
        finally:
            self._durations.record(perf_counter() - began, {"span": name})

    def close(self) -> None:
        """Send what is buffered."""
        self._traces.shutdown()
        self._meters.shutdown()
