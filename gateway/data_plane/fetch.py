"""Step 3: Permit → member records, asking the source only for permitted fields and what the member gate reads."""

import msgspec

from gateway.core.decide import deny
from gateway.core.outcome import Denial, Permit
from gateway.core.reasons import reason
from gateway.core.request import DataRequest
from gateway.data_plane.desk import Desk
from gateway.data_plane.passing import Asking, Fetched
from gateway.ports import Query, Unavailable


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
    if isinstance(earlier, Fetched) and earlier.records.raw is not None and _covers(earlier.query, query):
        rows, refused = decision.rows.read(earlier.records.raw)
        records = msgspec.structs.replace(earlier.records, rows=rows, refused=refused)
        return Fetched(permit=decision, query=earlier.query, records=records)
    try:
        with desk.telemetry.span("source"):
            records = await desk.coops[asking.coop].source.read(query, deadline=asking.deadline)
    except Unavailable as fault:
        desk.telemetry.note("source unavailable", coop=asking.coop, fault=str(fault))
        return deny("unavailable", [reason("fault", "source", "unavailable")], gov=decision.gov)
    except Exception as fault:  # noqa: BLE001  # whatever a source may raise, its text holds members' values
        desk.telemetry.note("source failed", coop=asking.coop, fault=type(fault).__name__)
        return deny("internal", [reason("fault", "source", "failed")], gov=decision.gov)
    return Fetched(permit=decision, query=query, records=records)


def _query(asking: Asking, permit: Permit) -> Query:
    request = asking.request
    assert isinstance(request, DataRequest)
    page = request.page
    return Query(
        rows=permit.rows,
        product=permit.product,
        filters=permit.grant.filters,
        codes=request.members,
        limit=page.limit if page else 0,
        after=asking.mark.after if asking.mark else None,
        population=permit.grant.population if page else (),
    )


def _covers(earlier: Query, query: Query) -> bool:
    """Tell whether records read for one query answer another: the same members, and no further column."""
    same = msgspec.structs.replace(earlier, rows=query.rows) == query
    return same and set(query.rows.columns) <= set(earlier.rows.columns)
