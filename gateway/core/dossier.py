"""A dossier (案件): what compliance keeps of one matter from its receipt to its end.

A request of a person (case), a leak that may be one (incident), a period that is reviewed (review) and what was found in
it (finding), a measure that the co-op declares (measure), an urgent provision by two people (emergency), a daily limit
that is not raised although a partner asked for more (quota). What is written in it is sealed at rest; the columns beside it are what lists are made of, and say nothing of a person.
"""

from datetime import date, datetime
from typing import Literal, get_args

import msgspec

Matter = Literal["case", "incident", "review", "finding", "measure", "emergency", "quota"]
MATTERS: tuple[Matter, ...] = get_args(Matter)
Event = Literal["opened", "changed", "decided", "signed", "countersigned", "closed"]


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """One dossier as stored; `body` is sealed, and `revision` counts what was written."""

    id: str
    coop: str
    matter: Matter
    state: str
    revision: int
    partner: str | None = None
    due: date | None = None
    tag: bytes | None = None
    """The member it is about, as side rows name them."""
    body: bytes
    author: str
    editor: str
    opened: datetime
    changed: datetime

    def __repr__(self) -> str:
        """What a dossier says does not print itself."""
        return f"<Dossier {self.matter} {self.id} {self.state}>"
