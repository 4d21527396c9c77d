"""The question for the releases of a range, which both projections over them ask."""

from typing import Any

from sqlalchemy import Select, select

from gateway.adapters.tables.log import metadata

_entry = metadata.tables["log_entry"]


def releases_of(origin: str, first: int, last: int, *, partner: str | None, purpose: str | None) -> Select[Any]:
    """Return the SELECT of index and entry of all releases in [first, last), in order; of one partner or purpose where named."""
    of = select(_entry.c.idx, _entry.c.entry).where(
        _entry.c.origin == origin,
        _entry.c.idx >= first,
        _entry.c.idx < last,
        _entry.c.kind == "release",
    )
    for column, value in ((_entry.c.partner, partner), (_entry.c.purpose, purpose)):
        of = of if value is None else of.where(column == value)
    return of.order_by(_entry.c.idx)
