"""Which fields were released, by JST day, partner and purpose: written and read with the projection it is part of."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.adapters.search.writes import put
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.views import LogFieldTally
from gateway.core.days import jst_day
from gateway.ports.log_search import FieldTally, Row

_tally = metadata.tables[LogFieldTally.__tablename__]
_KEY = ("origin", "day", "partner", "purpose", "field")
_Key = tuple[str, str, str, str]
"""Day, partner, purpose, field."""


async def added(db: AsyncConnection, origin: str, rows: Sequence[Row]) -> None:
    """Count rows in, which come in the order of the log; in the transaction that adds them."""
    values: list[dict[str, Any]] = [
        dict(zip((*_KEY, "releases", "first_idx", "last_idx"), (origin, *key, *counted), strict=True))
        for key, counted in sorted(_counted(rows).items())
    ]
    await put(db, _tally, values, sums=("releases",))


async def forgotten(db: AsyncConnection, origin: str) -> None:
    """Delete all counts of a co-op."""
    await db.execute(delete(_tally).where(_tally.c.origin == origin))


async def read(
    db: AsyncConnection, origin: str, first: date, last: date, *, newer: Sequence[Row], by_day: bool
) -> list[FieldTally]:
    """Return the counts of the days from one to another, the oldest first; with what is not counted in yet."""
    table, days = _tally.c, _tally.c.day.between(first.isoformat(), last.isoformat())
    names = table.partner, table.purpose, table.field
    query = select(
        func.min(table.day).label("day"),
        *names,
        func.sum(table.releases).label("releases"),
        func.min(table.first_idx).label("begin"),
        func.max(table.last_idx).label("end"),
    ).where(table.origin == origin, days)
    found: dict[_Key, FieldTally] = {}
    for row in await db.execute(query.group_by(*names, *((table.day,) if by_day else ()))):
        _join(found, (row.day, row.partner, row.purpose, row.field), [int(row.releases), row.begin, row.end], by_day)
    for key, count in _counted(newer).items():
        if first.isoformat() <= key[0] <= last.isoformat():
            _join(found, key, count, by_day)
    return sorted(found.values(), key=lambda one: (one.day, one.partner, one.purpose, one.field))


def _join(found: dict[_Key, FieldTally], key: _Key, count: list[int], by_day: bool) -> None:  # noqa: FBT001 -- of `read`
    day, partner, purpose, field = key
    at = key if by_day else ("", partner, purpose, field)
    stored = found.get(at)
    found[at] = FieldTally(
        day=date.fromisoformat(day) if stored is None else min(stored.day, date.fromisoformat(day)),
        partner=partner,
        purpose=purpose,
        field=field,
        releases=count[0] + (0 if stored is None else stored.releases),
        first=count[1] if stored is None else min(stored.first, count[1]),
        last=count[2] if stored is None else max(stored.last, count[2]),
    )


def _counted(rows: Sequence[Row]) -> dict[_Key, list[int]]:
    """Return (releases, first index, last index) of each field; `rows` come in the order of the log."""
    counts: dict[_Key, list[int]] = {}
    for row in rows:
        if row.kind != "release" or row.partner is None or row.purpose is None:
            continue
        day = jst_day(row.time).isoformat()
        for field in row.fields:
            counted = counts.setdefault((day, row.partner, row.purpose, field), [0, row.index, row.index])
            counted[0] += 1
            counted[2] = row.index
    return counts
