"""The system clock, in the milliseconds that the log keeps."""

from datetime import UTC, datetime
from time import time_ns


def system_clock() -> datetime:
    """Return the current instant, aware UTC, cut to milliseconds."""
    return datetime.fromtimestamp(time_ns() // 1_000_000 / 1_000, UTC)
