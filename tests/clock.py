"""A clock that stands until the test moves it."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
"""Noon in Japan."""


class SettableClock:
    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)
