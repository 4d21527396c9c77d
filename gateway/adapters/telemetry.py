"""OpenTelemetry traces and metrics, off by default; diagnostics as JSON lines on standard error.

What is counted and noted has closed names and fault texts; a member's value never comes here.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter

import structlog
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Counter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from structlog.typing import FilteringBoundLogger

SERVICE = "joint-use-gateway"
_OFF: AbstractContextManager[None] = nullcontext()


def diagnostics() -> FilteringBoundLogger:
    """Return the logger of diagnostic lines: JSON on standard error."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(file=sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(0),
        processors=[structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.JSONRenderer()],
    )
    return logger


class Diagnostics:
    """The Telemetry port with OpenTelemetry off: diagnostics alone."""

    def __init__(self) -> None:
        self._log = diagnostics()

    def count(self, name: str, **attributes: str | int) -> None:
        """Count nothing."""

    def note(self, event: str, **attributes: str | int) -> None:
        """Write one line."""
        self._log.info(event, **attributes)

    def span(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002  # the port's signature
        """Measure nothing."""
        return _OFF

    def close(self) -> None:
        """Nothing is buffered."""


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
