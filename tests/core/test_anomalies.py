"""Anomalies: each kind is listed once where it is put in, next to nothing is listed where nothing is wrong."""

import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from gateway.core.detection.anomalies import RULES, Anomaly, anomalies, since
from gateway.core.detection.enumeration import TOLD
from gateway.core.detection.thresholds import NAMES, THRESHOLDS, threshold
from tests.core.traffic import START, Count, Given, Traffic, at, more, ordinary, pulls

MONTHS, DAYS = 6, 35 + 6 * 30
FIRST = START + timedelta(days=35)
LAST = START + timedelta(days=DAYS - 1)
SEEDS = (1, 2, 3, 5, 8)


def listed(traffic: Traffic, first: date = FIRST, last: date = LAST) -> list[Anomaly]:
    return anomalies(traffic.hours, traffic.fields, first=first, last=last)


def day(nth: int) -> date:
    """The nth day of the second month, a Thursday or later in the week where it matters."""
    return FIRST + timedelta(days=30 + nth)


def each_kind(seed: int) -> tuple[list[Count], tuple[Given, ...], set[tuple[str, date, str | None]]]:
    """One anomaly of each kind, each on a day of its own."""
    chance = random.Random(seed)
    sunnet: dict[str, Any] = {"partner": "sunnet", "client": "sunnet-1", "purpose": "P4"}
    hours = [
        pulls(chance, 4, 3_000, hour=at(day(1), 10), **sunnet),
        pulls(chance, 2, 5, hour=at(day(4), 2), **sunnet),
        Count(hour=at(day(10), 11), kind="denial", entries=45, **sunnet),
        Count(hour=at(day(13), 15), kind="release", entries=3, released=60, not_available=240, **sunnet),
        pulls(chance, 130, 130, hour=at(day(17), 14), **sunnet),
        Count(hour=at(day(20), 9), kind="denial", entries=1, reason=TOLD["alert"], **sunnet),
        Count(hour=at(day(20), 10), kind="denial", entries=1, reason=TOLD["stop"], **sunnet),
    ]
    fields = (Given(day(7), "jccu", "P12", "phone", 1),)
    put_in: set[tuple[str, date, str | None]] = {
        ("volume", day(1), "sunnet"),
        ("off_hours", day(4), "sunnet"),
        ("new_field", day(7), "jccu"),
        ("refusals", day(10), "sunnet"),
        ("not_available", day(13), "sunnet"),
        ("repeat_pulls", day(17), "sunnet"),
        ("enumeration", day(20), "sunnet"),
    }
    return hours, fields, put_in


@pytest.mark.parametrize("seed", SEEDS)
def test_every_kind_is_listed_and_at_most_one_false_one_a_month(seed: int):
    hours, fields, put_in = each_kind(seed)
    found = listed(more(ordinary(seed, DAYS), *hours, fields=fields))
    assert {(one.rule, one.day, one.partner) for one in found} >= put_in
    assert {rule for rule, _, _ in put_in} == set(RULES)
    false = [one for one in found if (one.rule, one.day, one.partner) not in put_in]
    by_month = Counter((one.day - FIRST).days // 30 for one in false)
    assert max(by_month.values(), default=0) <= 1, false


@pytest.mark.parametrize("seed", SEEDS)
def test_months_of_ordinary_traffic_list_at_most_one_each(seed: int):
    false = listed(ordinary(seed, DAYS))
    by_month = Counter((one.day - FIRST).days // 30 for one in false)
    assert max(by_month.values(), default=0) <= 1, false


def test_the_list_is_a_function_of_the_counts_and_not_of_their_order_or_of_the_period_around_a_day():
    hours, fields, _ = each_kind(1)
    traffic = more(ordinary(1, DAYS), *hours, fields=fields)
    whole = listed(traffic)
    mixed = Traffic(random.Random(9).sample(traffic.hours, len(traffic.hours)), traffic.fields[::-1])
    assert listed(mixed) == whole
    late = [one for one in traffic.hours if one.hour >= at(since(day(17)), 0)]
    [one] = anomalies(late, traffic.fields, first=day(17), last=day(17))
    assert (one.rule, one.partner, one.client, one.purpose) == ("repeat_pulls", "sunnet", "sunnet-1", "P4")
    assert (one.start, one.end) == (at(day(17), 14), at(day(17), 15))
    assert one in whole


def test_who_is_new_is_not_judged():
    new: dict[str, Any] = {"partner": "new", "client": "new-1", "purpose": "P1"}
    young = Traffic(
        [pulls(random.Random(1), 1, 50 * 4**nth, hour=at(FIRST + timedelta(days=nth), 1), **new) for nth in range(7)]
    )
    assert listed(young) == []


def test_what_goes_on_is_told_three_times_and_is_usual_then():
    names: dict[str, Any] = {"partner": "p", "client": "c", "purpose": "P1"}
    flat = [
        Count(at(START + timedelta(days=n), 10), "release", entries=1, released=100 if n < 60 else 2_000, **names)
        for n in range(90)
    ]
    told = [one.day for one in listed(Traffic(flat)) if one.rule == "volume"]
    assert told == [START + timedelta(days=n) for n in (62, 61, 60)]


def test_every_threshold_has_a_day_and_a_reason_in_both_languages():
    assert set(THRESHOLDS) == set(NAMES)
    for name in NAMES:
        for one in THRESHOLDS[name]:
            assert one.ja
            assert one.en.isascii()
        assert threshold(name, date(1990, 1, 1)) == THRESHOLDS[name][0]
        assert threshold(name, LAST) == THRESHOLDS[name][-1]
