"""訂正・停止等の通知 (follow-up): what a partner that holds members' data must do with it, and by when.

It follows from a restriction, from a correction or erasure that compliance entered, from a grant's retention that passed
or from an agreement that ended. Its duty is met by an acknowledgement; that data is erased, by a certificate alone.
Sources: APPI Arts. 22, 34, 35; the joint users' agreement (domain.md D-04a).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Final, Literal, get_args

import msgspec

from gateway.core.days import midnight
from gateway.core.legal_parameters import FOLLOW_UP_DAYS, on
from gateway.core.state import PartnerDutyMet, PartnerDutyOpened, RestrictionKind

Duty = Literal["correct", "stop_using", "delete"]
DUTIES: Final[tuple[Duty, ...]] = get_args(Duty)
State = Literal["open", "acknowledged", "certified"]
STATES: Final[tuple[State, ...]] = get_args(State)
"""In the order in which they are passed and listed."""
Answer = Literal["acknowledged", "certified"]
Cause = Literal["restriction", "withdrawal", "correction", "erasure", "retention", "ended"]

_ID: Final = "23456789abcdefghjkmnpqrstuvwxyz"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a co-op chose for its follow-ups."""

    duties: Mapping[RestrictionKind, Duty] = MappingProxyType(
        {"stop_use": "stop_using", "stop_provide": "stop_using", "protected": "stop_using"}
    )
    """What a partner must do where such a restriction is set; a kind that is not named leads to nothing."""
    days: Mapping[Duty, int] = MappingProxyType({})
    """Calendar days for a duty, where they are not those of core/legal_parameters.py."""
    blocking: Mapping[str, int] = MappingProxyType({})
    """Agreement → whole days after the due day from which nothing is provided under it while the duty is not met."""

    removal: Literal["delete", "stop_using"] = "stop_using"
    """What a partner must do with whom it was given and is not given any more."""

    def due(self, duty: Duty, today: date) -> date:
        """Return the last day that is in time for what is notified today."""
        found = on(FOLLOW_UP_DAYS[duty], today) or FOLLOW_UP_DAYS[duty][0]
        return today + timedelta(days=self.days.get(duty, found.value))

    def blocks(self, agreement: str, due: date) -> date | None:
        """Return the day from which nothing is provided, None where the co-op did not choose so."""
        after = self.blocking.get(agreement)
        return None if after is None else due + timedelta(days=1 + after)


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """One follow-up as stored. Whom it is about stands in erasable side rows beside it (`FollowUps.codes`)."""

    id: str
    coop: str
    entry: int
    """The index of the entry that opened it."""
    source: int | None = None
    """The index of the entry that it follows from."""
    cause: Cause
    partner: str
    agreement: str
    purpose: str | None = None
    duty: Duty
    due: date
    blocks: date | None = None
    period: str | None = None
    """The month (`2026-11`) in which retention passed, or the day on which the agreement ended."""
    state: State = "open"
    members: int
    opened: datetime
    acknowledged: datetime | None = None
    certified: datetime | None = None
    answered_by: str | None = None
    """The partner's client, or who of the staff took its certificate in."""
    answer: bytes | None = None
    """What the partner signed last, or what the staff wrote of the paper that it sent; sealed."""

    @property
    def met(self) -> bool:
        """Whether the duty is met."""
        return meets(self.duty, self.state)

    def overdue(self, today: date) -> bool:
        """Tell whether the due day has passed and the duty is not met."""
        return not self.met and self.due < today

    def blocking(self, today: date) -> bool:
        """Tell whether nothing is provided because of it."""
        return not self.met and self.blocks is not None and self.blocks <= today


def meets(duty: Duty, state: State) -> bool:
    """Tell whether a state meets a duty: what is to be erased, by the certificate of its erasure alone."""
    return state == "certified" or (state == "acknowledged" and duty != "delete")


def allowed(state: State, answer: Answer) -> bool:
    """Tell whether an answer takes a follow-up on: each state once, in their order."""
    return STATES.index(answer) > STATES.index(state)


def answer_named(text: str) -> Answer | None:
    """Return the answer that a text names, as the one object of that name: an entry leaves a default out by identity."""
    return "acknowledged" if text == "acknowledged" else "certified" if text == "certified" else None


def ends_block(found: FollowUp, answer: Answer) -> bool:
    """Tell whether an answer ends what a follow-up blocks, or would block."""
    return found.blocks is not None and not found.met and meets(found.duty, answer)


def opening(found: FollowUp) -> tuple[PartnerDutyOpened, ...]:
    """Return what opening a follow-up puts in force: nothing, unless it blocks."""
    if found.blocks is None:
        return ()
    start = midnight(found.blocks)
    return (PartnerDutyOpened(partner=found.partner, follow_up=found.id, agreement=found.agreement, start=start),)


def ending(found: FollowUp, answer: Answer) -> tuple[PartnerDutyMet, ...]:
    """Return what an answer puts in force."""
    return (PartnerDutyMet(partner=found.partner, follow_up=found.id),) if ends_block(found, answer) else ()


def derived_id(*parts: str) -> str:
    """Return the one identifier of what follows from a source: two processes that come to it open the same one."""
    number = int.from_bytes(sha256("\0".join(parts).encode()).digest()[:16])
    letters = []
    for _ in range(16):
        number, at = divmod(number, len(_ID))
        letters.append(_ID[at])
    return "fu-" + "".join(letters)
