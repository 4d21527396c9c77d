"""期限: which reports of an incident are due when, which were sent, and how many days are left."""

from datetime import date
from typing import Final, Literal

import msgspec

from gateway.core.incidents.deadlines import Deadline, Name, deadlines
from gateway.core.incidents.incident import Report

Tone = Literal["good", "note", "wait", "bad", "plain"]
SOON_DAYS: Final = 3
"""From so few days on, a term is shown as near."""
OF: Final[dict[Name, Report]] = {"first": "first", "first_latest": "first", "final": "final"}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One deadline of an incident as of a day."""

    deadline: Deadline
    sent: date | None
    left: int | None
    """Days left, today being 0; negative where it is past; None where it is met, or cannot be told."""
    waived: bool = False
    """No report is due."""

    @property
    def late(self) -> bool:
        """Whether the day passed without a report, or one was sent after it."""
        by = self.deadline.due
        # Day 3 is where the guide begins; the first report is late after the last of its days.
        if self.waived or by is None or self.deadline.name == "first":
            return False
        return self.sent > by if self.sent is not None else self.left is not None and self.left < 0

    @property
    def tone(self) -> Tone:
        """The tone of its badge."""
        if self.waived:
            return "plain"
        if self.late:
            return "bad"
        if self.sent is not None:
            return "good"
        if self.left is None:
            return "bad"
        return "wait" if self.left <= SOON_DAYS else "note"


def standings(
    known: date, *, wrongful: bool, first: date | None, final: date | None, today: date, waived: bool = False
) -> tuple[Standing, ...]:
    """Return the deadlines in the order of their days. Raises NotCovered for a day before the duty began."""
    made = []
    for one in deadlines(known, wrongful=wrongful):
        sent = {"first": first, "final": final}[OF[one.name]]
        open_ = sent is None and not waived and one.due is not None
        left = (one.due - today).days if open_ and one.due is not None else None
        made.append(Standing(deadline=one, sent=sent, left=left, waived=waived))
    return tuple(made)


def next_due(known: date, *, wrongful: bool, first: date | None, final: date | None) -> date | None:
    """Return the last day for what is to be reported next; None where all is, or where the table of holidays ends."""
    of: dict[Name, Deadline] = {one.name: one for one in deadlines(known, wrongful=wrongful)}
    if final is not None:
        return None
    return of["final"].due if first is not None else of["first_latest"].due
