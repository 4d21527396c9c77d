"""How the counts of a period are read: whole JST days from the counts of days, the hours beside them one by one."""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import FromClause, Select, and_, func, literal_column, null, or_, select

from gateway.adapters import instants
from gateway.adapters.search.folding import (
    DAY_MS,
    HOUR_MS,
    JST_MS,
    SHAPE,
    SUMS,
    Shape,
    Sums,
    day_of,
    hour_of,
    values_of,
)
from gateway.adapters.tables.log import metadata
from gateway.adapters.tables.search import LogShape, LogTally
from gateway.ports import Per, Tally, Wanted

_tally, _shape = (metadata.tables[str(of.__tablename__)] for of in (LogTally, LogShape))
_DAY: Final[Any] = literal_column(f"start - (start + {JST_MS}) % {DAY_MS}")

_SUMMED: Final = ("first", "last", *SUMS)
"""As Sums has them."""
_AFTER: Final = 1 + len(SHAPE)

Found = dict[tuple[int, Shape], Sums]
"""(beginning in milliseconds, shape) → counts."""


class Hours(NamedTuple):
    """The hours that begin in a period: the first one's beginning, and that of the first after them."""

    start: int
    end: int


def hours_of(wanted: Wanted) -> Hours:
    """Return the hours of a period."""
    start, end = (-(-instants.stored_up(one) // HOUR_MS) * HOUR_MS for one in (wanted.start, wanted.end))
    return Hours(start, max(start, end))


def begin_of(at: int, hours: Hours, per: Per) -> int:
    """Return under which beginning an instant is counted."""
    match per:
        case "hour":
            return hour_of(at)
        case "day":
            return day_of(at)
        case "period":
            return hours.start


def query(origin: str, wanted: Wanted, hours: Hours, per: Per, by: Collection[str]) -> Select[Any]:
    """Return the SELECT of the stored counts: their beginning, the shape's values, and the sums, as `read` takes them."""
    narrowed = [_shape.c[one].in_(values) for one in SHAPE if (values := values_of(wanted, one))]
    either = [
        and_(_tally.c.per == unit, _tally.c.start >= start, _tally.c.start < end)
        for unit, start, end in _pieces(hours, per)
    ]
    # The shapes first, which are few: of each the counts of a period lie together.
    joined = and_(_tally.c.origin == _shape.c.origin, _tally.c.shape == _shape.c.id)
    chosen = [_shape.c.origin == origin, or_(*either), *narrowed]
    begin: Any = _tally.c.start if per == "hour" else _DAY if per == "day" else literal_column(str(hours.start))
    if per == "hour" and set(by) == set(SHAPE):
        named = [begin, *(_shape.c[name] for name in SHAPE), *(_tally.c[name] for name in _SUMMED)]
        return select(*named).select_from(_shape).join(_tally, joined).where(*chosen)
    begin = begin.label("begin")
    if set(by) != set(SHAPE):
        apart = [_shape.c[name] for name in SHAPE if name in by]
        named = [begin, *(_shape.c[name] if name in by else null().label(name) for name in SHAPE)]
        summed = select(*named, *_summed(_tally)).select_from(_shape).join(_tally, joined)
        return summed.where(*chosen).group_by(literal_column("1"), *apart)
    # Summed up by numbers before the values are looked at: those are long, and the counts are many.
    numbered = (
        select(begin, _tally.c.shape, *_summed(_tally))
        .select_from(_shape)
        .join(_tally, joined)
        .where(*chosen)
        .group_by(literal_column("1"), _tally.c.shape)
        .subquery()
    )
    of = and_(_shape.c.origin == origin, _shape.c.id == numbered.c.shape)
    named = [numbered.c.begin, *(_shape.c[name] for name in SHAPE), *(numbered.c[name] for name in _SUMMED)]
    return select(*named).join(_shape, of)


def read(row: Sequence[Any]) -> tuple[tuple[int, Shape], Sums]:
    """Return what a row of the query says."""
    return (int(row[0]), Shape(*row[1:_AFTER])), Sums(*map(int, row[_AFTER:]))


def apart(shape: Shape, by: Collection[str]) -> Shape:
    """Return a shape with the dimensions alone that are counted by."""
    return Shape(shape.kind, *(value if name in by else None for name, value in zip(SHAPE[1:], shape[1:], strict=True)))


def join(found: Found, key: tuple[int, Shape], sums: Sums) -> None:
    """Add counts to those of the same beginning and shape; what is added is of later entries."""
    mine = found.setdefault(key, sums)
    if mine is not sums:
        mine.join(sums)


def shown(found: Found) -> list[Tally]:
    """Return counts, the oldest first, in one order for the same counts."""
    order = sorted(found.items(), key=_order)
    return [
        Tally(
            hour=instants.read(begin),
            **shape._asdict(),
            entries=sums.entries,
            asked=sums.asked,
            released=sums.released,
            not_available=sums.not_available,
            refused=sums.refused,
            fields=sums.fields,
            first=sums.first,
            last=sums.last,
        )
        for (begin, shape), sums in order
    ]


def _order(one: tuple[tuple[int, Shape], Sums]) -> tuple[int, int, int]:
    (begin, _), sums = one
    return begin, sums.first, sums.last


def _summed(of: FromClause) -> list[Any]:
    """Return the counts of many in one, in the order of Sums."""
    how: dict[str, Any] = {"first": func.min, "last": func.max}
    return [how.get(name, func.sum)(of.c[name]).label(name) for name in _SUMMED]


def _pieces(hours: Hours, per: Per) -> list[tuple[str, int, int]]:
    """Return which counts cover the hours, each once."""
    first = -(-(hours.start + JST_MS) // DAY_MS) * DAY_MS - JST_MS
    last = day_of(hours.end)
    if per == "hour" or first >= last:
        return [("hour", hours.start, hours.end)]
    pieces = [("hour", hours.start, first), ("day", first, last), ("hour", last, hours.end)]
    return [one for one in pieces if one[1] < one[2]]
