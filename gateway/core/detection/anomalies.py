"""異常: what of the traffic is unlike the weeks before it, by rules over counts alone.

Each day of a period is held against the days before it (`baseline_days`), partner by partner; who has been served for
less than `history_days` is not judged. INVARIANT: the same counts give the same list, whenever it is made.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal, Protocol, get_args

import msgspec

from gateway.core.days import JST, jst_day, midnight, midnight_after
from gateway.core.detection.enumeration import TOLD, Verdict, weightier
from gateway.core.detection.thresholds import Name, threshold

Rule = Literal["volume", "off_hours", "new_field", "refusals", "not_available", "repeat_pulls", "enumeration"]
RULES: Final[tuple[Rule, ...]] = get_args(Rule)
_HOUR: Final = timedelta(hours=1)
_BUDGETS: Final[Mapping[str | None, Verdict]] = {why: verdict for verdict, why in TOLD.items()}


class Hourly(Protocol):
    """Entries of one hour that agree in kind, partner, client and purpose: how many, of how many members."""

    @property
    def hour(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def partner(self) -> str | None: ...
    @property
    def client(self) -> str | None: ...
    @property
    def purpose(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def entries(self) -> int: ...
    @property
    def released(self) -> int: ...
    @property
    def not_available(self) -> int: ...
    @property
    def refused(self) -> int: ...


class Released(Protocol):
    """A field that a partner was given for a purpose on a JST day."""

    @property
    def day(self) -> date: ...
    @property
    def partner(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def releases(self) -> int: ...


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is unusual: `value` against `usual`, in what the rule counts."""

    rule: Rule
    day: date
    start: datetime
    end: datetime
    """Half-open: where to look for it."""
    partner: str | None = None
    client: str | None = None
    purpose: str | None = None
    field: str | None = None
    value: int
    usual: int


Whose = tuple[str | None, str | None, str | None]
"""Partner, client, purpose; what a rule does not tell apart is None."""
Daily = Mapping[Whose, Mapping[date, int]]


def anomalies(hours: Iterable[Hourly], fields: Iterable[Released], *, first: date, last: date) -> list[Anomaly]:
    """Return what was unusual on the JST days from one to another, both inclusive, the newest day first.

    `hours` begin at least `baseline_days` before the first day, `fields` as early as a field shall be remembered.
    """
    counted = _Counted(hours)
    found = [
        *_volume(counted.released, first, last),
        *_off_hours(counted.nights, counted.seen, first, last),
        *_new_fields(fields, first, last),
        *_refusals(counted.denials, counted.seen, first, last),
        *_not_available(counted.rates, first, last),
        *_repeat_pulls(counted.pulls, first, last),
        *_enumeration(counted.budgets, first, last),
    ]
    return sorted(found, key=lambda one: (-one.day.toordinal(), RULES.index(one.rule), *_named(one)))


def since(first: date) -> date:
    """Return the day from which counts are needed to judge a period that begins on `first`."""
    return first - timedelta(days=_of("baseline_days", first))


class _Counted:
    """The sums that the rules compare."""

    def __init__(self, hours: Iterable[Hourly]) -> None:
        self.released: dict[Whose, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        self.nights: dict[Whose, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        self.denials: dict[Whose, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        self.seen: dict[Whose, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        """Requests of each partner's client, by day: since when it has been served."""
        self.rates: dict[Whose, dict[date, tuple[int, int]]] = defaultdict(dict)
        """(not available, all) of the members asked for."""
        self.pulls: dict[Whose, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
        self.budgets: dict[Whose, dict[date, Verdict]] = defaultdict(dict)
        """What each partner's client was told of its enumeration budget."""
        for one in hours:
            if one.kind not in {"release", "denial"}:
                continue
            day, client = jst_day(one.hour), (one.partner, one.client, None)
            if (told := _BUDGETS.get(one.reason)) is not None:  # of a minute of the gateway's own, no request
                self.budgets[client][day] = weightier(told, self.budgets[client].get(day, "none"))
                continue
            self.seen[client][day] += one.entries
            if _night(one.hour, day):
                self.nights[client][day] += one.entries
            if one.kind == "denial":
                self.denials[client][day] += one.entries
                continue
            purpose = (one.partner, None, one.purpose)
            self.released[purpose][day] += one.released
            missed, every = self.rates[purpose].get(day, (0, 0))
            asked = one.released + one.not_available + one.refused
            self.rates[purpose][day] = missed + one.not_available, every + asked
            self.pulls[one.partner, one.client, one.purpose][one.hour] += one.entries


def _volume(released: Daily, first: date, last: date) -> Iterator[Anomaly]:
    """More members in a day than twice the busiest day before it."""
    for whose, by_day in released.items():
        told: set[date] = set()
        for day in _days(by_day, first, last):
            usual = _most(by_day, by_day, day, told)
            if usual is None or by_day[day] < max(usual * _of("volume_times", day), usual + _of("volume_least", day)):
                continue
            told.add(day)
            yield _told("volume", whose, day, by_day[day], usual)


def _off_hours(nights: Daily, seen: Daily, first: date, last: date) -> Iterator[Anomaly]:
    """Requests in the night of a client that never asked at night."""
    for whose, by_day in nights.items():
        told: set[date] = set()
        for day in _days(by_day, first, last):
            if _most(by_day, seen[whose], day, told) == 0:
                told.add(day)
                yield _told("off_hours", whose, day, by_day[day], 0)


def _new_fields(fields: Iterable[Released], first: date, last: date) -> Iterator[Anomaly]:
    """A field that a partner was never given for a purpose for which it has been served before."""
    began: dict[tuple[str, str], date] = {}
    known: set[tuple[str, str, str]] = set()
    for one in sorted(fields, key=lambda one: (one.day, one.partner, one.purpose, one.field)):
        begin = began.setdefault((one.partner, one.purpose), one.day)
        if (one.partner, one.purpose, one.field) in known:
            continue
        known.add((one.partner, one.purpose, one.field))
        if first <= one.day <= last and (one.day - begin).days >= _of("history_days", one.day):
            whose = one.partner, None, one.purpose
            yield _told("new_field", whose, one.day, one.releases, 0, field=one.field)


def _refusals(denials: Daily, seen: Daily, first: date, last: date) -> Iterator[Anomaly]:
    """More refusals in a day than three times the worst day before it."""
    for whose, by_day in denials.items():
        told: set[date] = set()
        for day in _days(by_day, first, last):
            usual = _most(by_day, seen[whose], day, told)
            if usual is None or by_day[day] < max(usual * _of("refusals_times", day), _of("refusals_least", day)):
                continue
            told.add(day)
            yield _told("refusals", whose, day, by_day[day], usual)


def _not_available(rates: Mapping[Whose, Mapping[date, tuple[int, int]]], first: date, last: date) -> Iterator[Anomaly]:
    """Of a hundred members asked for, so many more were not available than in the weeks before; both in per cent."""
    for whose, by_day in rates.items():
        for day in _days(by_day, first, last):
            before = [by_day[one] for one in _before(by_day, day)]
            missed, every = by_day[day]
            asked_before = sum(each for _, each in before)
            if not _judged(by_day, day) or not asked_before or every < _of("unavailable_least", day):
                continue
            usual = 100 * sum(one for one, _ in before) // asked_before
            if 100 * missed // every >= usual + _of("unavailable_points", day):
                yield _told("not_available", whose, day, 100 * missed // every, usual)


def _repeat_pulls(pulls: Mapping[Whose, Mapping[datetime, int]], first: date, last: date) -> Iterator[Anomaly]:
    """More pulls in an hour than three times the busiest hour before that day."""
    for whose, by_hour in pulls.items():
        busiest: dict[date, tuple[int, datetime]] = {}
        for hour, count in sorted(by_hour.items()):
            day = jst_day(hour)
            if day not in busiest or count > busiest[day][0]:
                busiest[day] = count, hour
        by_day = {day: count for day, (count, _) in busiest.items()}
        told: set[date] = set()
        for day in _days(by_day, first, last):
            usual = _most(by_day, by_day, day, told)
            if usual is None or by_day[day] < max(usual * _of("pulls_times", day), _of("pulls_least", day)):
                continue
            told.add(day)
            hour = busiest[day][1]
            yield msgspec.structs.replace(
                _told("repeat_pulls", whose, day, by_day[day], usual), start=hour, end=hour + _HOUR
            )


def _enumeration(budgets: Mapping[Whose, Mapping[date, Verdict]], first: date, last: date) -> Iterator[Anomaly]:
    """A client that asked for more members whom it could not know than its budget holds; the limit reached, in per cent."""
    for whose, by_day in budgets.items():
        for day in _days(by_day, first, last):
            reached = _of("enumeration_stop" if by_day[day] == "stop" else "enumeration_alert", day)
            yield _told("enumeration", whose, day, reached, 0)


def _most(by_day: Mapping[date, int], seen: Mapping[date, int], day: date, told: set[date]) -> int | None:
    """Return the highest count of the days before; None where too little is known of them.

    Days that were told already are left out, until there are so many of them that they are the new usual.
    """
    if not _judged(seen, day):
        return None
    before = _before(by_day, day)
    unusual = told.intersection(before)
    if len(unusual) < _of("forgiven_days", day):
        before = [one for one in before if one not in unusual]
    return max((by_day[one] for one in before), default=0)


def _judged(seen: Mapping[date, object], day: date) -> bool:
    before = _before(seen, day)
    return bool(before) and (day - min(before)).days >= _of("history_days", day)


def _before(by_day: Mapping[date, object], day: date) -> list[date]:
    earliest = since(day)
    return [one for one in by_day if earliest <= one < day]


def _days(by_day: Mapping[date, object], first: date, last: date) -> Sequence[date]:
    return sorted(one for one in by_day if first <= one <= last)


def _night(hour: datetime, day: date) -> bool:
    local = hour.astimezone(JST).hour
    return local >= _of("night_from", day) or local < _of("night_until", day)


def _told(rule: Rule, whose: Whose, day: date, value: int, usual: int, *, field: str | None = None) -> Anomaly:
    partner, client, purpose = whose
    return Anomaly(
        rule=rule,
        day=day,
        start=midnight(day),
        end=midnight_after(day),
        partner=partner,
        client=client,
        purpose=purpose,
        field=field,
        value=value,
        usual=usual,
    )


def _of(name: Name, day: date) -> int:
    return threshold(name, day).value


def _named(one: Anomaly) -> tuple[str, ...]:
    return tuple(text or "" for text in (one.partner, one.client, one.purpose, one.field))
