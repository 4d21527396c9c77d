"""The system clock, in the milliseconds that the log keeps."""

from datetime import UTC, datetime


def system_clock() -> datetime:
    """Return the current instant, aware UTC, cut to milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
