"""What was unusual in a period, from the counts of the log; and since when a person has looked at all of it."""

import asyncio
from datetime import date, datetime, timedelta

from gateway.core.days import midnight, midnight_after
from gateway.core.detection.anomalies import Anomaly, anomalies, since
from gateway.core.detection.thresholds import threshold
from gateway.ports import Log, LogSearch, Wanted
from gateway.tlog.entries import Review, decode


async def unusual(search: LogSearch, coop: str, *, first: date, last: date) -> list[Anomaly]:
    """Return what was unusual on the JST days from one to another, the newest day first. Raises Unavailable."""
    remembered = first - timedelta(days=threshold("field_days", first).value)
    wanted = Wanted(start=midnight(since(first)), end=midnight_after(last), kind=("release", "denial"))
    hours = await search.tallies(coop, wanted)
    fields = await search.fields(coop, remembered, last, per="period")
    return await asyncio.to_thread(anomalies, hours, fields, first=first, last=last)


async def reviewed_until(log: Log, coop: str) -> datetime | None:
    """Return the end of the latest period that was signed off; None before the first. Raises Unavailable."""
    signed = (decode(entry) for entry in await log.of_kind(coop, "review"))
    return max((datetime.fromisoformat(one.end) for one in signed if isinstance(one, Review)), default=None)
