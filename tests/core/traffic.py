"""Months of a co-op's ordinary traffic, by a seed: days of the week, a campaign, a batch each night, one each month."""

import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from gateway.core.days import JST

START = date(2026, 4, 1)
CLOSED = {date(2026, 5, one) for one in (3, 4, 5)} | {date(2026, 8, one) for one in (13, 14, 15)}


@dataclass(frozen=True)
class Count:
    """Entries of an hour, as the tallies have them."""

    hour: datetime
    kind: str
    partner: str | None
    client: str | None
    purpose: str | None
    entries: int
    released: int = 0
    not_available: int = 0
    refused: int = 0
    reason: str | None = None


@dataclass(frozen=True)
class Given:
    """A field released on a day."""

    day: date
    partner: str
    purpose: str
    field: str
    releases: int


@dataclass
class Traffic:
    """What the rules are given."""

    hours: list[Count] = field(default_factory=list)
    fields: list[Given] = field(default_factory=list)


def ordinary(seed: int, days: int) -> Traffic:
    """Traffic as it is where nothing is wrong: it grows, it has good and bad days, and people make mistakes."""
    chance, made = random.Random(seed), Traffic()
    for nth in range(days):
        day = START + timedelta(days=nth)
        grown = 1 + nth / 900
        for one in (*_desk(chance, day, grown), *_batch(chance, day, grown), *_month(chance, day), *_rare(chance, day)):
            made.hours.append(one)
        made.fields += _fields(chance, day, made.hours)
    return made


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=JST)


def pulls(chance: random.Random, entries: int, members: int, rate: float = 0.04, **names: Any) -> Count:
    """An hour of pulls, of which some members are not available."""
    missed = _some(chance, members * rate * chance.uniform(0.6, 1.6))
    missed = min(missed, members)
    return Count(kind="release", entries=entries, released=members - missed, not_available=missed, **names)


def _desk(chance: random.Random, day: date, grown: float) -> Iterator[Count]:
    """Deliveries are looked up by hand from eight to nine in the evening; on Wednesdays a campaign goes out."""
    if day.weekday() == 6 or day in CLOSED:
        return
    names: dict[str, Any] = {"partner": "sunnet", "client": "sunnet-1", "purpose": "P4"}
    for hour in range(8, 21):
        entries = _some(chance, 5 * grown * (1.6 if hour in {9, 10, 16} else 1))
        if entries:
            yield pulls(
                chance, entries, sum(chance.randint(1, 12) for _ in range(entries)), hour=at(day, hour), **names
            )
    if day.weekday() == 2:
        members = int(2_400 * grown * chance.uniform(0.7, 1.3))
        yield pulls(chance, 3, members, hour=at(day, 10), partner="sunnet", client="sunnet-1", purpose="P3")
    wrong = _some(chance, 0.8)
    if wrong:
        yield Count(hour=at(day, chance.randint(9, 18)), kind="denial", entries=wrong, **names)


def _batch(chance: random.Random, day: date, grown: float) -> Iterator[Count]:
    """The insurer pulls everybody at two at night, an hour later when its own system is slow."""
    hour = 3 if chance.random() < 0.1 else 2
    names: dict[str, Any] = {"partner": "jccu", "client": "jccu-batch", "purpose": "P12"}
    yield pulls(chance, 12, int(11_000 * grown * chance.uniform(0.97, 1.03)), 0.02, hour=at(day, hour), **names)
    if chance.random() < 0.03:  # a batch that stopped and is begun anew
        yield Count(hour=at(day, hour), kind="denial", entries=chance.randint(1, 8), **names)


def _month(chance: random.Random, day: date) -> Iterator[Count]:
    """The federation takes a list once a month, on the first day of work."""
    first = day.replace(day=1)
    while first.weekday() >= 5 or first in CLOSED:
        first += timedelta(days=1)
    if day == first:
        members = int(8_000 * chance.uniform(0.9, 1.15))
        yield pulls(chance, 8, members, hour=at(day, 11), partner="rengo", client="rengo-1", purpose="P9")


def _rare(chance: random.Random, day: date) -> Iterator[Count]:
    """A small partner asks now and then, and not always rightly."""
    if day.weekday() >= 5:
        return
    names: dict[str, Any] = {"partner": "bunka", "client": "bunka-1", "purpose": "P6"}
    entries = _some(chance, 1.2)
    if entries:
        yield pulls(chance, entries, entries * chance.randint(1, 30), 0.1, hour=at(day, chance.randint(9, 17)), **names)
    if chance.random() < 0.15:
        yield Count(hour=at(day, 13), kind="denial", entries=chance.randint(1, 6), **names)


def _fields(chance: random.Random, day: date, hours: list[Count]) -> Iterator[Given]:
    """Name and address always; an e-mail address for deliveries now and then, from the first days on."""
    today = Counter[tuple[str, str]]()
    for one in reversed(hours):
        if one.hour.astimezone(JST).date() != day:
            break
        if one.kind == "release":
            today[one.partner or "", one.purpose or ""] += one.entries
    for (partner, purpose), releases in sorted(today.items()):
        usual = ["name", "address"]
        if partner == "sunnet" and (day == START or chance.random() < 0.05):
            usual.append("email")
        yield from (Given(day, partner, purpose, each, releases) for each in usual)


def _some(chance: random.Random, mean: float) -> int:
    """How often something happens that happens so often on the average (Poisson; near enough for many)."""
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        count += 1
        product *= chance.random()
    return count


def more(traffic: Traffic, *hours: Count, fields: tuple[Given, ...] = ()) -> Traffic:
    """The same traffic with something in it that was not there."""
    return replace(traffic, hours=[*traffic.hours, *hours], fields=[*traffic.fields, *fields])
