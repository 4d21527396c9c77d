"""ホーム: the months that nobody reviewed, signatures that are awaited, findings that are overdue."""

import msgspec

from gateway.console.navigation import OVERSIGHT, POLICY
from gateway.console.reviews import findings, reviews
from gateway.console.visit import Visit


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for whoever reviews, or mends what was found."""

    reviews: bool
    """Whether the person reviews."""
    unreviewed: int
    awaiting: int
    """Reviews that are signed and not countersigned."""
    overdue: int
    findings: int
    """Findings that are not closed: of all, or of those that the person owns."""


async def waiting(visit: Visit) -> Waiting | None:
    """Return what waits for this person; None for whom nothing can. Raises Unavailable."""
    if visit.desk.oversight is None or not any(visit.holds(role) for role in POLICY):
        return None
    oversees = any(visit.holds(role) for role in OVERSIGHT)
    found = [one for one in await findings.lines(visit) if one.dossier.state != "closed"]
    if not oversees and not found:
        return None
    missing, known = await reviews.standing(visit) if oversees else ([], [])
    return Waiting(
        reviews=oversees,
        unreviewed=len(missing),
        awaiting=sum(one.state == "signed" for one, _ in known),
        overdue=sum(one.overdue for one in found),
        findings=len(found),
    )
