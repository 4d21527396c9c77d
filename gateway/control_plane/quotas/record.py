"""What is kept of a limit that is not raised."""

from typing import Protocol

import msgspec


class Dismissed(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for and is left at that, as it stood when it was decided."""

    grant: str
    partner: str
    department: str
    most: int | None
    """The limit in force."""
    asked: int
    requests: int
    days: tuple[str, ...]
    """JST days, the newest first."""
    said: str


class Dismiss(Protocol):
    """Made by app/ of the dossiers, which stand in another room."""

    async def __call__(self, coop: str, said: Dismissed, *, by: str, reason: str) -> None:
        """Keep it and settle what was asked for, in one transaction. Raises Refused, Unavailable."""
        ...
