"""What a URL of the log asks for: read and written anew it is the same; the bars of a chart are all of its period."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, strategies as st
from starlette.datastructures import QueryParams

from gateway.console.transfers.asking import MOST_DAYS, NARROWINGS, PRESETS, Asked, between, preset, read
from gateway.console.transfers.charting import buckets_of, largest, per_of, place, step_of, sums
from gateway.core.days import jst_day, midnight, midnight_after
from tests.clock import NOON

HOUR = timedelta(hours=1)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9._:@/-]{0,30}", fullmatch=True)
HOURS = st.integers(1, 24 * MOST_DAYS)
STARTS = st.integers(0, 20_000).map(lambda hours: midnight(jst_day(NOON)) - hours * HOUR)
PERIODS = st.one_of(
    st.sampled_from(sorted(PRESETS)).map(lambda name: preset(name, NOON)),
    st.tuples(STARTS, HOURS).map(lambda both: between(both[0], both[0] + both[1] * HOUR)),
)
ASKED = st.builds(
    Asked,
    period=PERIODS,
    names=st.dictionaries(st.sampled_from(NARROWINGS), st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple)),
)


def again(query: str) -> Asked:
    return read(QueryParams(parse_qsl(query.removeprefix("?"))), NOON)


@given(ASKED, st.none() | st.integers(0, 10**12))
def test_a_query_read_again_asks_for_the_same(asked: Asked, before: int | None):
    found = again(asked.query(before=before))
    assert (found.period, dict(found.names), found.before, found.wrong) == (
        asked.period,
        dict(asked.names),
        before,
        (),
    )
    assert found.query(before=before) == asked.query(before=before)


@given(ASKED, st.sampled_from(NARROWINGS), NAMES)
def test_a_name_that_is_toggled_twice_is_as_it_was(asked: Asked, narrowing: Any, value: str):
    twice = asked.toggled(narrowing, value).toggled(narrowing, value)
    assert {name: sorted(values) for name, values in twice.names.items()} == {
        name: sorted(values) for name, values in asked.names.items()
    }


@given(PERIODS)
def test_bars_are_all_of_a_period_without_gap_or_overlap(period: Any):
    buckets = buckets_of(period)
    assert buckets[0].start == period.start
    assert buckets[-1].end == period.end
    assert all(one.end == two.start for one, two in pairwise(buckets))
    assert len(buckets) <= 24 * 100
    for at in (period.start, period.end - HOUR, buckets[len(buckets) // 2].start):
        number = place(buckets, at)
        assert number is not None
        assert buckets[number].start <= at < buckets[number].end
    assert place(buckets, period.end) is None
    assert place(buckets, period.start - HOUR) is None
    if per_of(period) == "day":
        assert step_of(period) != "hour"
        assert all(one == midnight(jst_day(one)) for one in (period.start, period.end))


def test_all_that_is_counted_is_drawn():
    period = preset("7d", NOON)
    buckets = buckets_of(period)
    counted = [(NOON - nth * timedelta(hours=7), f"p{nth % 9}", nth) for nth in range(20)]
    every = sums(buckets, counted)
    drawn = largest(every, others="~")
    assert len(drawn) == 6
    assert sum(map(sum, drawn.values())) == sum(count for _, _, count in counted)
    assert list(drawn)[-1] == "~"
    assert largest({"a": [1, 2]}, others="~") == {"a": [1, 2]}


@pytest.mark.parametrize(
    "query",
    ["from=2026-13-01", "from=x", "to=2026-11-22T10:00%2B09:00", "from=0001-01-01", "to=9999-12-31", "period=8d"],
)
def test_a_period_that_is_none_is_the_usual_one(query: str):
    found = again(query)
    assert found.period == preset("7d", NOON)
    assert found.wrong == ("transfers.wrong.period",)


def test_a_preset_of_days_is_whole_days_of_japan_up_to_today():
    period = preset("30d", NOON)
    assert period.end == midnight_after(jst_day(NOON))
    assert (period.last - period.first).days == 29
    late: datetime = NOON + timedelta(minutes=59)
    assert preset("24h", late).end == NOON + HOUR
    assert preset("24h", late).hours == 24
