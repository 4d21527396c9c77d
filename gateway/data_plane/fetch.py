"""Step 3: Permit → member records, asking the source only for permitted fields and what the member gate reads."""

import msgspec

from gateway.core.decide import deny
from gateway.core.outcome import Denial, Permit
from gateway.core.reasons import reason
from gateway.core.request import DataRequest
from gateway.core.walk import Earlier, ascending
from gateway.data_plane.cursors import SINCE, Mark
from gateway.data_plane.desk import DEADLINE, Desk
from gateway.data_plane.passing import Asking, Fetched, Part
from gateway.data_plane.walks import (
    MOST_PAGES,
    earlier_of,
    last_code,
    page_size,
    pages_of,
    removed_in,
    still_so,
    upper_end,
)
from gateway.ports import Query, Records, Source, Unavailable


async def fetch(
    desk: Desk, asking: Asking, decision: Permit | Denial, earlier: Fetched | Denial | None
) -> Fetched | Denial:
    """Return the records a permit is about; those of an earlier try are used again where the question is the same.

    A source that does not answer in time, or fails as none should, is a Denial with a fault. So is a log that nobody
    outside has vouched for in time, where the co-op chose to stop for it: then the source is not even asked.
    """
    if isinstance(decision, Denial):
        return decision
    if asking.coop in desk.held_back:
        return deny("unavailable", [reason("fault", "anchor", "overdue")], gov=decision.gov)
    query = _query(asking, decision)
    again = _again(earlier, query) if isinstance(earlier, Fetched) else None
    if isinstance(earlier, Fetched) and again is not None and not earlier.unchanged:
        return msgspec.structs.replace(earlier, permit=decision, query=query, pages=again)
    try:
        with desk.telemetry.span("source"):
            pages = again or await _pages(desk, asking, query, desk.coops[asking.coop].source)
        fetched = Fetched(permit=decision, query=query, pages=pages)
        return fetched if asking.mark is None else await _laid_against(desk, asking, asking.mark, fetched)
    except Unavailable as fault:
        desk.telemetry.note("source unavailable", coop=asking.coop, fault=str(fault))
        return deny("unavailable", [reason("fault", "source", "unavailable")], gov=decision.gov)
    except Exception as fault:  # noqa: BLE001  # whatever a source may raise, its text holds members' values
        desk.telemetry.note("source failed", coop=asking.coop, fault=type(fault).__name__)
        return deny("internal", [reason("fault", "source", "failed")], gov=decision.gov)


def _query(asking: Asking, permit: Permit) -> Query:
    request = asking.request
    assert isinstance(request, DataRequest)
    mark = asking.mark
    return Query(
        rows=permit.rows,
        product=permit.product,
        filters=permit.grant.filters,
        codes=request.members,
        limit=page_size(asking.limit) if mark else 0,
        after=mark.after if mark else None,
        population=permit.grant.population if mark else (),
    )


async def _pages(desk: Desk, asking: Asking, query: Query, source: Source) -> tuple[Records, ...]:
    """Read as many of the source's pages as make an answer; no more of them than half of the time is there for."""
    pages = [await source.read(query, deadline=asking.deadline)]
    if asking.part is not None and asking.part.again:
        return await _same_again(asking, asking.part, query, source, pages)
    most = pages_of(asking.limit, asking.mark) if asking.mark else 1
    enough = asking.deadline - DEADLINE / 2
    while len(pages) < most and pages[-1].next is not None and desk.clock() < enough:
        onward = msgspec.structs.replace(query, after=pages[-1].next)
        pages.append(await source.read(onward, deadline=asking.deadline))
    return tuple(pages)


async def _same_again(
    asking: Asking, part: Part, query: Query, source: Source, pages: list[Records]
) -> tuple[Records, ...]:
    """Read on to the end of what a part went through before, and cut off what is beyond. Raises Unavailable."""
    upto = part.upto
    while pages[-1].next is not None and (upto is None or last_code(pages, "") < upto):
        if len(pages) >= 2 * MOST_PAGES:
            raise Unavailable("a part of an export has grown beyond all bounds")
        onward = msgspec.structs.replace(query, after=pages[-1].next)
        pages.append(await source.read(onward, deadline=asking.deadline))
    if upto is None:
        return tuple(pages)
    inside = [
        msgspec.structs.replace(
            page,
            rows=[row for row in page.rows if row.code <= upto],
            refused=[code for code in page.refused if code is None or code <= upto],
            raw=None,
        )
        for page in pages
    ]
    # Wherever the source ends by now: the walk goes on after this part.
    return (*inside[:-1], msgspec.structs.replace(inside[-1], next=upto))


async def _laid_against(desk: Desk, asking: Asking, mark: Mark, fetched: Fetched) -> Fetched | Denial:
    """Add to a page what an earlier walk gave of its part of the population. Raises Unavailable."""
    pages = fetched.pages
    ordered = mark.ordered and ascending([row.code for page in pages for row in page.rows], after=mark.last)
    ends = pages[-1].next is None
    before: Earlier | None = None
    if mark.since is not None and not mark.resync:
        if asking.part is None and still_so(mark, pages[0].high_water, fetched.permit, desk.clock()):
            return msgspec.structs.replace(fetched, unchanged=True)
        upto = None if ends else upper_end(asking, pages, mark)
        before = await earlier_of(desk, asking.coop, mark.since, first=mark.read, upto=upto)
        if (before.lost or not ordered) and mark.nth > 0:
            # What came before left out whom that walk had given: only from the beginning can all be given.
            which, pointer = ("cursor", "/page/cursor") if asking.part is None else ("since", SINCE)
            return deny("malformed", [reason("request", which, "malformed")], pointer=pointer, gov=fetched.permit.gov)
        if not ordered:
            before = msgspec.structs.replace(before, lost=True)
    if asking.part is not None:
        return msgspec.structs.replace(fetched, ordered=ordered, before=before)
    removed = await removed_in(desk, asking.coop, mark) if ends else []
    return msgspec.structs.replace(fetched, ordered=ordered, before=before, removed=tuple(removed))


def _again(earlier: Fetched, query: Query) -> tuple[Records, ...] | None:
    """Return the records of an earlier try as another plan reads them; None where they do not answer the question."""
    if earlier.query == query:
        return earlier.pages
    same = msgspec.structs.replace(earlier.query, rows=query.rows) == query
    # What the source was asked by, and how its values were read, stands in the source map too.
    if (
        not same
        or query.rows.source != earlier.query.rows.source
        or not set(query.rows.columns) <= set(earlier.query.rows.columns)
    ):
        return None
    pages: list[Records] = []
    for page in earlier.pages:
        if page.raw is None:
            return None
        rows, refused = query.rows.read(page.raw)
        pages.append(msgspec.structs.replace(page, rows=rows, refused=refused))
    return tuple(pages)
