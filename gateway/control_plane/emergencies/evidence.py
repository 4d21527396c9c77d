"""Which facts an urgent provision must show, by its basis, and which bases are there for a co-op's notice at all."""

from typing import Final

from gateway.core.bases import REQUIRED, Basis
from gateway.core.days import Moment
from gateway.core.notice_gate import decided, governing
from gateway.core.policy import Policy

BASES: Final = (Basis.LIFE, Basis.PUBLIC_HEALTH, Basis.LAW, Basis.GOV_COOPERATION)
"""Bases without the person's consent and without a standing contract: what is urgent rides one of these."""

MORE: Final[dict[Basis, tuple[str, ...]]] = {
    Basis.LIFE: ("protects",),
    Basis.PUBLIC_HEALTH: ("protects",),
    Basis.LAW: ("decided_by", "subjects"),
    Basis.GOV_COOPERATION: ("decided_by", "subjects"),
}
"""What is asked for beyond what the basis demands of every agreement: whoever approves within minutes reads it here."""


def facts_of(basis: Basis) -> tuple[str, ...]:
    """Return the facts that the form asks for, in its order; who approves is not asked, for the log says it."""
    facts = dict.fromkeys((*MORE[basis], *REQUIRED[basis].facts))
    return tuple(one for one in facts if one != "approved_by")


def offered(policy: Policy, moment: Moment) -> dict[Basis, bool]:
    """Return each basis, and whether the notice in force states a ground of it that needs no further decision."""
    notice = governing(policy, None, moment)
    grounds = [] if notice is None else list(notice.grounds.values())
    usable = {one.basis for one in grounds if not one.review or decided(policy, "ground", moment, ground=one.id)}
    return {basis: basis in usable for basis in BASES}
