"""Instants as the tables keep them: integers, milliseconds since 1970 UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def stored(instant: datetime) -> int:
    """Return an instant as a table keeps it, cut off."""
    return (instant - _EPOCH) // _MS


def stored_up(instant: datetime) -> int:
    """Return an instant as a table would keep the first that is not before it."""
    return -((_EPOCH - instant) // _MS)


def read(milliseconds: int) -> datetime:
    """Return the instant that a table keeps."""
    return _EPOCH + milliseconds * _MS


def read_if_any(milliseconds: int | None) -> datetime | None:
    """Return the instant that a table keeps, None where it keeps none."""
    return None if milliseconds is None else read(milliseconds)
