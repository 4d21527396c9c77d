"""Requests beyond daily limits, counted from the denials of the log, in the background.

A projection: what is counted is a function of the entries (I8), so nothing is lost with a process, no request waits for
it, and it can be made again from the first entry. Denials beyond 60 a minute of one client are summed up without their
reason (transfer-log.md "Entries"): they are not among these, so the number of requests is the least there were.
"""

from collections.abc import Iterable
from typing import Final

from gateway.core.changes.overrun import REASON, Counted, grant_of
from gateway.core.days import FOREVER, jst_day
from gateway.core.state import Snapshot
from gateway.ports import LogSearch, Overruns, Row, Wanted
from gateway.tlog.content import TOLERANCE

EVERY_S: Final = 5.0
AT_ONCE: Final = 200
"""Denials read at a time."""
MANY: Final = 50_000
"""Entries whose denials are counted in one transaction."""


async def advance(search: LogSearch, overruns: Overruns, snapshot: Snapshot) -> int:
    """Count the denials that the log's index holds by now; return the index of the first entry not counted.

    Raises Unavailable.
    """
    coop = snapshot.coop
    reasons = frozenset(
        f"grant:{grant.id}:{REASON}"
        for version in snapshot.versions
        for agreement in version.policy.agreements.values()
        for grant in agreement.grants
        if grant.members_per_day is not None
    )
    # An index that is being made again holds less than was counted: there is nothing to do until it is whole.
    first, come = await overruns.come(coop), await search.come(coop)
    while first < come:
        last = min(first + MANY, come)
        rows = await _denials(search, coop, reasons, first=first, last=last) if reasons else []
        added = await overruns.add(coop, counted(rows), first=first, last=last)
        # Where another process was faster, what it left is where to go on.
        first = last if added else await overruns.come(coop)
    return first


async def advance_all(search: LogSearch, overruns: Overruns, snapshots: Iterable[Snapshot]) -> None:
    """Count what every co-op has denied. Raises Unavailable."""
    for snapshot in snapshots:
        await advance(search, overruns, snapshot)


async def rebuild(search: LogSearch, overruns: Overruns, snapshot: Snapshot) -> int:
    """Count again from the first entry on; what was decided stays. Raises Unavailable."""
    await overruns.forget(snapshot.coop)
    return await advance(search, overruns, snapshot)


def counted(rows: Iterable[Row]) -> list[Counted]:
    """Return what denials count, by grant, client and JST day; in whatever order they come."""
    found: dict[tuple[str, str, str], Counted] = {}
    for row in rows:
        grants = {grant for one in row.reasons if (grant := grant_of(one)) is not None}
        day = jst_day(row.time)
        for grant in grants:
            key = grant, row.client or "", day.isoformat()
            asked = row.over or row.asked
            known = found.get(key)
            found[key] = Counted(
                grant=grant,
                client=key[1],
                day=day,
                asked=asked if known is None else max(known.asked, asked),
                requests=1 if known is None else known.requests + 1,
                first=row.time if known is None else min(known.first, row.time),
                last=row.time if known is None else max(known.last, row.time),
            )
    return [one for _, one in sorted(found.items())]


async def _denials(search: LogSearch, coop: str, reasons: frozenset[str], *, first: int, last: int) -> list[Row]:
    """Return the denials first ≤ index < last that name one of the reasons."""
    [oldest] = await search.rows(coop, first, first + 1)
    # No entry is dated more than so much before an earlier one.
    wanted = Wanted(start=oldest.time - TOLERANCE, end=FOREVER, kind=("denial",), reason=reasons)
    found: list[Row] = []
    before = last
    while True:
        page = await search.page(coop, wanted, before=before, most=AT_ONCE)
        found += [row for row in page if row.index >= first]
        if len(page) < AT_ONCE or page[-1].index <= first:
            return found
        before = page[-1].index
