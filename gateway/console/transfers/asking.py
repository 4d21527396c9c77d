"""Which entries a URL asks for: `?period=7d` or `?from=2026-11-01&to=2026-11-22`, and names that narrow them down.

INVARIANT: a query made here holds a period and names of the log's vocabulary, never anything else that was typed; what
cannot be read is told, and what is shown instead is said.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, get_args
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from gateway.core.days import JST, jst_day, midnight, midnight_after
from gateway.ports import Wanted

Narrowing = Literal["kind", "partner", "purpose", "agreement", "client", "product", "reason", "field"]
NARROWINGS: Final[tuple[Narrowing, ...]] = get_args(Narrowing)
PRESETS: Final[Mapping[str, int]] = {"24h": 1, "7d": 7, "30d": 30, "90d": 90, "365d": 365}
"""Name → days; the first is the last 24 hours, the others whole JST days up to today."""
USUAL: Final = "7d"
MOST_DAYS: Final = 400
MOST_VALUES: Final = 20

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._:@/-]{0,119}", re.ASCII)
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_HOUR: Final = timedelta(hours=1)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of whole hours [start, end), and how the URL says it."""

    start: datetime
    end: datetime
    said: tuple[tuple[str, str], ...]
    """Pairs of the query; none for the usual period."""
    preset: str = ""

    @property
    def first(self) -> date:
        """Its first JST day."""
        return jst_day(self.start)

    @property
    def last(self) -> date:
        """Its last JST day."""
        return jst_day(self.end - timedelta(milliseconds=1))

    @property
    def hours(self) -> int:
        """How long it is."""
        return int((self.end - self.start) / _HOUR)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is asked for."""

    period: Period
    names: Mapping[Narrowing, tuple[str, ...]] = {}
    before: int | None = None
    """Only entries with a smaller index: where the page before ended."""
    wrong: tuple[str, ...] = ()
    """What of the URL could not be read: keys of texts."""

    @property
    def wanted(self) -> Wanted:
        """The same in the words of the search."""
        names: dict[str, Any] = {str(name): values for name, values in self.names.items()}
        return Wanted(start=self.period.start, end=self.period.end, **names)

    def of(self, narrowing: Narrowing) -> tuple[str, ...]:
        """Return the names asked for; none: any."""
        return self.names.get(narrowing, ())

    def query(self, *, before: int | None = None, **more: str) -> str:
        """Return the query of the same entries, `?…` or nothing; of those before an index where one is given."""
        pairs = [*self.period.said, *((name, one) for name in NARROWINGS for one in self.of(name))]
        pairs += [(name, value) for name, value in more.items() if value]
        if before is not None:
            pairs.append(("before", str(before)))
        return f"?{urlencode(pairs)}" if pairs else ""

    def with_names(self, **names: Iterable[str]) -> "Asked":
        """Return the same period with these names in place of those there were."""
        changed: dict[str, tuple[str, ...]] = {str(name): values for name, values in self.names.items()}
        changed |= {name: tuple(values) for name, values in names.items()}
        kept = {name: changed[name] for name in NARROWINGS if changed.get(name)}
        return msgspec.structs.replace(self, names=kept, before=None)

    def toggled(self, narrowing: Narrowing, value: str) -> "Asked":
        """Return the same with one name more, or without it where it was there."""
        now = self.of(narrowing)
        return self.with_names(
            **{narrowing: tuple(one for one in now if one != value) if value in now else (*now, value)}
        )

    def with_no_names(self) -> "Asked":
        """Return the same period, narrowed by nothing."""
        return msgspec.structs.replace(self, names={}, before=None)

    def with_preset(self, name: str, now: datetime) -> "Asked":
        """Return the same of the last so many days."""
        return msgspec.structs.replace(self, period=preset(name, now), before=None)

    def over(self, start: datetime, end: datetime) -> "Asked":
        """Return the same of another period."""
        return msgspec.structs.replace(self, period=between(start, end), before=None)


def read(query: QueryParams, now: datetime) -> Asked:
    """Return what a URL asks for at an instant."""
    period, wrong = _period(query, now)
    told = [wrong] if wrong else []
    names: dict[Narrowing, tuple[str, ...]] = {}
    for name in NARROWINGS:
        values = tuple(dict.fromkeys(one.strip() for one in query.getlist(name) if one.strip()))
        good = tuple(one for one in values if _NAME.fullmatch(one))[:MOST_VALUES]
        if good != values:
            told.append("transfers.wrong.name")
        if good:
            names[name] = good
    before = query.get("before", "")
    if before and not _INDEX.fullmatch(before):
        told.append("transfers.wrong.before")
        before = ""
    return Asked(period=period, names=names, before=int(before) if before else None, wrong=tuple(dict.fromkeys(told)))


def preset(name: str, now: datetime) -> Period:
    """Return the last so many days."""
    days = PRESETS[name]
    said = () if name == USUAL else (("period", name),)
    if name == "24h":
        end = now.replace(minute=0, second=0, microsecond=0) + _HOUR
        return Period(start=end - timedelta(days=1), end=end, said=said, preset=name)
    today = jst_day(now)
    return Period(start=midnight(today - timedelta(days=days - 1)), end=midnight_after(today), said=said, preset=name)


def between(start: datetime, end: datetime) -> Period:
    """Return a period that the URL names by its ends: by days where it is made of whole ones, else by hours."""
    if all(one == midnight(jst_day(one)) for one in (start, end)):
        last = jst_day(end - timedelta(milliseconds=1))
        return Period(start=start, end=end, said=(("from", jst_day(start).isoformat()), ("to", last.isoformat())))
    said = tuple((name, f"{one.astimezone(JST):%Y-%m-%dT%H:00}") for name, one in (("from", start), ("to", end)))
    return Period(start=start, end=end, said=said)


def _period(query: QueryParams, now: datetime) -> tuple[Period, str]:
    """Return the period that a URL names, and what is wrong with it: then it is the usual one."""
    first, last, named = query.get("from", "").strip(), query.get("to", "").strip(), query.get("period", "").strip()
    if not first and not last:
        return (
            (preset(named or USUAL, now), "")
            if named in {"", *PRESETS}
            else (preset(USUAL, now), "transfers.wrong.period")
        )
    start, end = _instant(first, last=False), _instant(last, last=True)
    if (first and start is None) or (last and end is None):
        return preset(USUAL, now), "transfers.wrong.period"
    end = end or midnight_after(jst_day(now))
    start = start or end - timedelta(days=PRESETS[USUAL])
    if not timedelta(0) < end - start <= timedelta(days=MOST_DAYS):
        return preset(USUAL, now), "transfers.wrong.period"
    return between(start, end), ""


def _instant(text: str, *, last: bool) -> datetime | None:
    """Return a day's begin (or end) or the begin of an hour, by the clock of Japan; None for anything else."""
    try:
        if len(text) == len("2026-11-22"):
            day = date.fromisoformat(text)
            found = midnight_after(day) if last else midnight(day)
        else:
            local = datetime.fromisoformat(text)
            if local.tzinfo is not None:
                return None
            found = local.replace(minute=0, second=0, microsecond=0, tzinfo=JST).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if 2000 <= found.year < 2100 else None
