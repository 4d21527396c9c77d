"""Which duties of partners block releases, as the follow-ups and answers of a log say: a part of step 8 of the verifier.

INVARIANT: instants are compared as bytes, in their one fixed width.
"""

from datetime import date
from typing import Final, NamedTuple

from gateway.core.days import midnight
from gateway.core.follow_ups.follow_up import Duty, meets
from gateway.tlog.entries import Ack, FollowUp, Release, instant
from gateway.tlog.findings import Code, Refused

NEVER: Final = b"~"  # after every instant


class _Duty(NamedTuple):
    partner: str
    agreement: str | None
    duty: Duty
    start: bytes


class Duties:
    """The duties that block from some day on and are not met yet, by their follow-up."""

    def __init__(self) -> None:
        self._open: dict[str, _Duty] = {}

    def take(self, index: int, entry: FollowUp | Ack) -> None:
        """Take a follow-up or an answer in. Raises Refused where what it says of governance is not so."""
        fits = self._opens(entry) if isinstance(entry, FollowUp) else self._answers(entry)
        if not fits:
            raise Refused(
                Code.FOLLOW_UP_OTHER,
                f"entry {index} opens or ends what blocks a partner otherwise than its follow-up says",
                index=index,
            )

    def overdue(self, like: Release, begun: bytes) -> bool:
        """Tell whether a duty blocks a release of the stretch of time that begins at `begun`."""
        return any(
            one.partner == like.partner and one.agreement in {None, like.agreement} and one.start <= begun
            for one in self._open.values()
        )

    def around(self, time: bytes) -> tuple[bytes, bytes]:
        """Return the stretch of time around an instant in which no duty begins to block."""
        starts = [one.start for one in self._open.values()]
        before = max((start for start in starts if start <= time), default=b"")
        return before, min((start for start in starts if start > time), default=NEVER)

    def _opens(self, entry: FollowUp) -> bool:
        if entry.blocks is None or entry.gov is None:
            return entry.blocks is None and entry.gov is None
        if entry.follow_up in self._open:
            return False
        start = instant(midnight(date.fromisoformat(entry.blocks))).encode()
        self._open[entry.follow_up] = _Duty(entry.partner, entry.agreement, entry.duty, start)
        return True

    def _answers(self, entry: Ack) -> bool:
        found = self._open.get(entry.follow_up)
        ends = found is not None and meets(found.duty, entry.event)
        if ends:
            del self._open[entry.follow_up]
        return (entry.gov is not None) is ends and (found is None or found.partner == entry.partner)
