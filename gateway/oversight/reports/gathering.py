"""Everything that an audit pack is made of, read once: what a period's log, its versions and its dossiers say."""

from datetime import timedelta
from typing import Final

import msgspec

from gateway.core.dossier import MATTERS, Dossier, Matter
from gateway.core.refused import Refused
from gateway.core.staff import RoleHeld
from gateway.core.state import Snapshot
from gateway.oversight import measures
from gateway.oversight.desk import OversightDesk
from gateway.oversight.measures import Measure
from gateway.oversight.reports.checked import Checked, check
from gateway.oversight.reports.counting import Counting, count
from gateway.oversight.reports.ledger import Ledger, ledger
from gateway.oversight.reports.month import Month, Standing, month, reviews_of, standing
from gateway.oversight.reports.papers import Published, published, version_at
from gateway.oversight.reports.provisions import Provisions, provisions
from gateway.oversight.reviews import findings
from gateway.oversight.reviews.findings import Finding
from gateway.oversight.reviews.periods import Period, month_of
from gateway.ports import Person
from gateway.tlog.entries import Ack, Dossier as Step, Entry, FollowUp, Publish, Review, decode, instant

MOST_MONTHS: Final = 24


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier as it stood at the end of the period, by the log."""

    id: str
    matter: Matter
    state: str
    opened: str
    changed: str
    by: str
    due: str | None


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What was read."""

    coop: str
    period: Period
    snapshot: Snapshot
    versions: tuple[Published, ...]
    """Those that decided at some instant of the period, in the order of publication."""
    publications: tuple[tuple[int, Publish], ...]
    """(number of the version from 1, what published it), up to the end of the period."""
    counting: Counting
    ledger: Ledger
    months: tuple[Month, ...]
    provisions: Provisions
    dossiers: tuple[Kept, ...]
    findings: tuple[tuple[Kept, Finding], ...]
    measures: tuple[tuple[Kept, Measure], ...]
    reviews: tuple[Review, ...]
    follow_ups: tuple[tuple[FollowUp, str], ...]
    """With how each stood at the end."""
    standing: Standing
    people: dict[str, Person]
    roles: tuple[RoleHeld, ...]
    checked: Checked


async def gather(desk: OversightDesk, coop: str, period: Period) -> Gathered:
    """Read what a pack over a period of days says. Raises Refused for a period that is not over or too long, Unavailable."""
    if not period.over(desk.clock()):
        raise Refused(
            "period",
            "期間がまだ終わっていません。昨日までの日を終わりに指定してください",
            "the period is not over; let it end yesterday or before",
        )
    months = _months(period)
    if len(months) > MOST_MONTHS:
        raise Refused(
            "period",
            f"期間は {MOST_MONTHS} か月までです。分けて作成してください",
            f"a pack covers {MOST_MONTHS} months at most; make several",
        )
    snapshot = desk.current(coop)
    counting = await count(desk, coop, period.start, period.end)
    kept = await _kept(desk, coop, period)
    by_id = {one.id: one for one in kept}
    papers = await published(desk, coop)
    publishes = [one for one in await _of_kind(desk, coop, "publish") if isinstance(one, Publish)]
    return Gathered(
        coop=coop,
        period=period,
        snapshot=snapshot,
        versions=tuple(papers[index] for index in _deciding(snapshot, period) if index in papers),
        publications=tuple((number, one) for number, one in enumerate(publishes, 1) if one.time < instant(period.end)),
        counting=counting,
        ledger=await ledger(desk, coop, period.last),
        months=tuple([await month(desk, coop, one) for one in months]),
        provisions=await provisions(desk, coop, period, counting=counting),
        dossiers=kept,
        findings=tuple(
            (by_id[one.id], findings.read(desk, one)) for one in await _all(desk, coop, "finding") if one.id in by_id
        ),
        measures=tuple(
            (by_id[one.id], measures.read(desk, one)) for one in await _all(desk, coop, "measure") if one.id in by_id
        ),
        reviews=tuple(await reviews_of(desk, coop, period)),
        follow_ups=await _follow_ups(desk, coop, period),
        standing=await standing(desk, coop, period.start, period.end),
        people={one.id: one for one in await desk.staff.people(coop)},
        roles=tuple(
            sorted(
                (one for one in await desk.staff.roles(coop) if _overlaps(one, period)),
                key=lambda one: (one.person, one.role, one.department or "", one.id),
            )
        ),
        checked=await check(desk, coop, first=counting.first, size=counting.size),
    )


def _months(period: Period) -> list[Period]:
    """Return the calendar months that a period touches."""
    found = [month_of(period.first)]
    while found[-1].last < period.last and len(found) <= MOST_MONTHS:
        found.append(month_of(found[-1].last + timedelta(days=1)))
    return found


def _deciding(snapshot: Snapshot, period: Period) -> list[int]:
    """Return the indexes of the versions that decided at some instant of a period."""
    edges = [period.start, *(one.effective for one in snapshot.versions if period.start < one.effective < period.end)]
    found = (version_at(snapshot, edge) for edge in edges)
    return sorted({one.index for one in found if one is not None})


def _overlaps(one: RoleHeld, period: Period) -> bool:
    return (one.span.start is None or one.span.start < period.end) and (
        one.span.end is None or period.start < one.span.end
    )


async def _of_kind(desk: OversightDesk, coop: str, kind: str) -> list[Entry]:
    return [decode(data) for data in await desk.log.of_kind(coop, kind)]


async def _kept(desk: OversightDesk, coop: str, period: Period) -> tuple[Kept, ...]:
    """Return every dossier that had been opened by the end of a period, as it stood then."""
    found: dict[str, Kept] = {}
    for one in await _of_kind(desk, coop, "dossier"):
        if isinstance(one, Step) and one.time < instant(period.end):
            before = found.get(one.dossier)
            found[one.dossier] = Kept(
                id=one.dossier,
                matter=one.matter,
                state=one.state,
                opened=one.time if before is None else before.opened,
                changed=one.time,
                by=one.by,
                due=one.due,
            )
    return tuple(sorted(found.values(), key=lambda one: (MATTERS.index(one.matter), one.opened, one.id)))


async def _all(desk: OversightDesk, coop: str, matter: Matter) -> list[Dossier]:
    return sorted(await desk.dossiers.all(coop, matter), key=lambda one: (one.opened, one.id))


async def _follow_ups(desk: OversightDesk, coop: str, period: Period) -> tuple[tuple[FollowUp, str], ...]:
    """Return the notices to partners that were open at some instant of a period, with how they stood at its end."""
    states: dict[str, str] = {}
    before: set[str] = set()
    for one in await _of_kind(desk, coop, "ack"):
        if isinstance(one, Ack) and one.time < instant(period.end):
            states[one.follow_up] = one.event
            if one.time < instant(period.start):
                before.add(one.follow_up)
    return tuple(
        (one, states.get(one.follow_up, "open"))
        for one in await _of_kind(desk, coop, "follow_up")
        if isinstance(one, FollowUp)
        and one.time < instant(period.end)
        and (one.time >= instant(period.start) or one.follow_up not in before)
    )
