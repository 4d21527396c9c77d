"""Telemetry with OpenTelemetry off: diagnostics as JSON lines on standard error, nothing counted or traced."""

import sys
from contextlib import AbstractContextManager, nullcontext

import structlog
from structlog.typing import FilteringBoundLogger

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
