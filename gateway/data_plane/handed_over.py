"""Which releases this process has handed to the connection to their last byte, until that is noted (送信完了).

Noted together once a second, so that no request waits for it. What a process that dies had not noted yet stays 送信未確認:
the entry, which is the evidence, stands all the same.
"""

from typing import Final

from gateway.ports import Deliveries, Unavailable

EVERY_S: Final = 1.0
MOST: Final = 200_000
"""Indexes kept for one co-op where noting them fails; of what is beyond, nobody knows whether it was sent."""


class HandedOver:
    """The marks of one process that are not noted yet, up to so many of a co-op."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._marks: dict[str, list[int]] = {}

    def add(self, coop: str, index: int) -> None:
        """Mark a release, by the index of its entry."""
        self._marks.setdefault(coop, []).append(index)

    async def note(self, deliveries: Deliveries) -> None:
        """Note what is marked. What cannot be noted now is kept for the next time. Raises Unavailable."""
        for coop in list(self._marks):
            marks = self._marks.pop(coop)
            try:
                await deliveries.add(coop, marks)
            except Unavailable:
                self._marks[coop] = [*marks, *self._marks.get(coop, ())][-self._most :]
                raise
