"""The world as a process needs it: time, faults, what is told of the work."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Return the current instant, aware UTC, cut to milliseconds."""
        ...


class Unavailable(Exception):
    """A port cannot do its work now; the text says what and never holds a member's value."""


class Telemetry(Protocol):
    """Counts and measures; attributes are closed names, never a member's value."""

    def count(self, name: str, **attributes: str | int) -> None:
        """Add one to a counter."""
        ...

    def note(self, event: str, **attributes: str | int) -> None:
        """Write one diagnostic line; attributes are closed names and fault texts, never a member's value."""
        ...

    def span(self, name: str) -> AbstractContextManager[None]:
        """Return a context that measures what runs inside it; nothing where telemetry is off."""
        ...
