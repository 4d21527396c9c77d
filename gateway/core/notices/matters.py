"""What a change of the notice is told as, and the published words that it is read from.

The gates decide without words (core/policy.py); that a purpose or an address is said otherwise only the words tell.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal

import msgspec

from gateway.core.legal_parameters import Grade

Kind = Literal[
    "items_widened",
    "items_reworded",
    "users_widened",
    "user_renamed",
    "purposes_changed",
    "purposes_removed",
    "mapping_widened",
    "responsible_party_changed",
    "responsible_party_details",
]
Task = Literal[
    "cohort",
    "confirm_cohort",
    "announce_before",
    "announce_without_delay",
    "new_version",
    "judge_wording",
    "update_name",
    "same_text",
]
"""What is to be done, or was; in words: control_plane/notices/change_words.py."""
State = Literal["open", "done", "kept_out"]
"""`kept_out`: nothing is to be done, the members acquired before are simply not released."""


class DatedWord(msgspec.Struct, frozen=True, kw_only=True):
    """A published text and its first day."""

    text: str
    start: date


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Who is published as responsible; None for what is not published."""

    name: DatedWord | None = None
    address: DatedWord | None = None
    representative: DatedWord | None = None
    corporate_number: str | None = None


class NoticeWords(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one version of the notice."""

    text: str | None = None
    """Digest of the archived text that they are quoted from; None where it is not known."""
    joint_purpose: str = ""
    purposes: Mapping[str, str] = {}
    """Purpose → its text, a use (`P2.guide`) → its label."""
    items: Mapping[str, str] = {}
    users: Mapping[str, str] = {}
    """Partner → the name that it is published by; members of a class have none of their own."""
    parties: tuple[Party, ...] = ()


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """A cohort decision that stands, and for which of the earlier versions."""

    decision: str
    versions: tuple[str, ...]
    ground: str
    partly: bool
    """Whether it holds for members that its selectors choose only."""
    fits: bool
    """Whether a decision on this ground can carry a change of this kind."""
    earlier: bool
    """Whether it began before the change was published, and so cannot have been made with it in mind."""


class NoticeChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a notice, and what the law asks for because of it."""

    kind: Kind
    notice: str
    """The version that says it."""
    earlier: str
    """The version that said otherwise; the same one where a published version was edited."""
    subjects: tuple[str, ...]
    """Ids of items, partners or purposes (`J1` is the joint purpose); of a party `name`, `address`, `representative`."""
    labels: tuple[str, ...] = ()
    """Each subject as it is published, or its id where the words are not known."""
    before: str = ""
    after: str = ""
    """What a single text said before and says now; empty where several are told of at once."""
    source: str
    grade: Grade
    task: Task
    state: State
    until: date | None = None
    """The last day that is in time; None where the law knows none."""
    days: int | None = None
    """Calendar days from the change to its publication, for what is to be announced without delay."""
    late: bool = False
    presumed: bool = False
    """Whether another legal person is only presumed: the names differ and no corporate number tells."""
    covered: tuple[Covered, ...] = ()
    uncovered: tuple[str, ...] = ()
    """Earlier versions under which no member is covered: gate 4 does not release them."""

    @property
    def in_place(self) -> bool:
        """Whether a version that had been published was edited, instead of a new one being made."""
        return self.notice == self.earlier
