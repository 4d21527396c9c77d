"""漏えい対応: the words of one incident that rules are about, and what its scope found; no member in any of it.

An incident is received (受付), its scope asked of the log, the triggers of Rule 7 confirmed by a person or the report
decided not to be due (報告不要), and the nine matters of Rule 8 drafted and sent: 速報, 続報, 確報.
"""

from datetime import date
from typing import Final, Literal, get_args

import msgspec

from gateway.core.policy import FieldClass

Source = Literal["own", "partner"]
"""Where it happened."""
SOURCES: Final[tuple[Source, ...]] = get_args(Source)
Party = Literal["undecided", "own", "joint_user", "jointly", "processor"]
"""Who reports: the co-op, the joint user it happened at, both in one report, or a processor that tells the co-op (Rule 9)."""
PARTIES: Final[tuple[Party, ...]] = get_args(Party)
Known = Literal["yes", "no", "unknown"]
KNOWN: Final[tuple[Known, ...]] = get_args(Known)
State = Literal["received", "report", "first_sent", "final_sent", "not_required", "closed"]
STATES: Final[tuple[State, ...]] = get_args(State)
OPEN: Final[frozenset[State]] = frozenset({"received", "report", "first_sent"})
"""States in which a report may still be due."""

Report = Literal["first", "follow_up", "final"]
"""速報, 続報, 確報."""
REPORTS: Final[tuple[Report, ...]] = get_args(Report)

Matter = Literal[
    "outline", "items", "persons", "cause", "secondary", "response", "publication", "prevention", "reference"
]
"""The nine matters of Rule 8(1), in its order."""
MATTERS: Final[tuple[Matter, ...]] = get_args(Matter)
TO_PERSONS: Final[tuple[Matter, ...]] = ("outline", "items", "cause", "secondary", "reference")
"""What a person is told (Rule 10: 8条1項1号・2号・4号・5号・9号)."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which releases: those of JST days `first` to `last`, both inclusive, that have all that is named; None: any."""

    first: date
    last: date
    partner: str | None = None
    client: str | None = None
    key: str | None = None
    """Thumbprint of the key that was encrypted to or that the request was proven with, or `kid` of the former."""
    agreement: str | None = None
    purpose: str | None = None
    field: str | None = None
    first_index: int | None = None
    last_index: int | None = None
    """The log's own numbers, both inclusive."""


class FieldReached(msgspec.Struct, frozen=True, kw_only=True):
    """A field that was released: of how many persons, and how it was classed by the policy of the release."""

    field: str
    ja: str
    en: str
    cls: FieldClass
    subject: str = "member"
    entries: int
    members: int


class PartyReached(msgspec.Struct, frozen=True, kw_only=True):
    """What one partner was provided with for one purpose under one agreement."""

    partner: str
    agreement: str
    purpose: str
    entries: int
    members: int
    erased: int = 0


class Others(msgspec.Struct, frozen=True, kw_only=True):
    """Other persons in released fields: `once` if each member has one, `most` if each release named another one."""

    subject: str
    once: int
    most: int


class Encryption(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """How releases were encrypted, and how many."""

    alg: str
    enc: str
    entries: int


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What releases reached, counted as of a size of the log; persons, never who."""

    wanted: Wanted
    size: int
    counted: str
    entries: int
    first_index: int | None = None
    last_index: int | None = None
    members: int
    """Different members whose side rows are there."""
    erased: int = 0
    """At most so many more: members of releases whose side rows are erased, who cannot be told apart."""
    erased_entries: int = 0
    fields: tuple[FieldReached, ...] = ()
    parties: tuple[PartyReached, ...] = ()
    others: tuple[Others, ...] = ()
    encryptions: tuple[Encryption, ...] = ()
    unknown_fields: tuple[str, ...] = ()
    """Fields whose class no published version tells."""

    @property
    def most_members(self) -> int:
        """At most so many members."""
        return self.members + self.erased

    @property
    def most_persons(self) -> int:
        """At most so many persons: members, and other persons if each release named others."""
        return self.most_members + sum(one.most for one in self.others)

    @property
    def classes(self) -> frozenset[str]:
        """The classes of the fields that were released."""
        return frozenset(one.cls for one in self.fields)
