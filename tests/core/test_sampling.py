"""What is looked at in a review: nobody picks it, everybody can make it again, and what deserves a look is in it."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from hypothesis import given, settings, strategies as st

from gateway.core.policy import FieldClass
from gateway.core.reviews.sampling import PLAN, Plan, Sampler, Seen, Taken

ROOT = bytes(range(32))
NOON = datetime(2026, 10, 5, 3, 0, tzinfo=UTC)
"""Noon in Japan."""
CLASSES: dict[str, FieldClass] = {"name": "ordinary", "account": "financial", "diagnosis": "special_care"}


def seen(index: int, **changes: Any) -> Seen:
    values: dict[str, Any] = {
        "kind": "release",
        "time": NOON,
        "partner": "sunnet",
        "purpose": "P4",
        "fields": ("name",),
        "released": 10,
    }
    return Seen(index=index, **{**values, **changes})


def sampled(*entries: Seen, root: bytes = ROOT, before: tuple[Seen, ...] = (seen(0),), **more: Any) -> list[Taken]:
    sampler = Sampler(root=root, classes=CLASSES, **more)
    for one in before:
        sampler.before(one)
    for one in entries:
        sampler.see(one)
    return list(sampler.taken())


def groups(taken: list[Taken]) -> dict[int, tuple[str, ...]]:
    return {one.index: one.groups for one in taken if one.groups != ("random",)}


def test_the_random_ones_are_those_with_the_lowest_hash_of_root_and_index():
    entries = [seen(index) for index in range(1, 400)]
    lowest = sorted(range(1, 400), key=lambda index: sha256(ROOT + index.to_bytes(8)).digest())[: PLAN.releases]
    assert [one.index for one in sampled(*entries)] == sorted(lowest)
    other = {one.index for one in sampled(*entries, root=bytes(32))}
    assert other != set(lowest)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(1, 5_000), max_size=120), st.binary(min_size=32, max_size=32))
def test_a_sample_is_as_large_as_planned_or_as_there_is(indexes: set[int], root: bytes):
    taken = sampled(*(seen(index) for index in sorted(indexes)), root=root)
    assert len(taken) == min(len(indexes), PLAN.releases)
    assert {one.index for one in taken} <= indexes


def test_refusals_have_a_share_of_their_own():
    entries = [seen(index) for index in range(1, 300)]
    refused = [seen(index, kind="denial", fields=("email",)) for index in range(300, 320)]
    taken = sampled(*entries, *refused)
    assert sum(one.kind == "denial" for one in taken) == PLAN.denials
    assert sum(one.kind == "release" for one in taken) == PLAN.releases


def test_special_care_and_financial_fields_are_always_looked_at():
    entries = [seen(index) for index in range(1, 300)]
    entries += [seen(300, fields=("diagnosis",)), seen(301, fields=("name", "account"))]
    found = groups(sampled(*entries, before=(seen(0, fields=("name", "diagnosis", "account")),)))
    assert "special_care" in found[300]
    assert "financial" in found[301]


def test_a_field_that_a_partner_had_not_had_for_a_purpose_is_new_once():
    entries = [
        seen(1),
        seen(2, fields=("phone",)),
        seen(3, fields=("phone",)),
        seen(4, purpose="P3"),
        seen(5, partner="jccu"),
    ]
    found = groups(sampled(*entries))
    assert [index for index, its in found.items() if "new_field" in its] == [2, 4, 5]


def test_the_largest_release_of_a_day_beyond_the_usual_is_looked_at():
    usual = [seen(day, time=NOON + timedelta(days=day), released=200) for day in range(1, 10)]
    burst = [seen(20 + at, time=NOON + timedelta(days=4), released=150 + at) for at in range(5)]
    found = groups(sampled(*usual, *burst))
    assert [index for index, its in found.items() if "volume" in its] == [4]
    few = [seen(day, time=NOON + timedelta(days=day), released=5) for day in range(1, 10)]
    small = seen(30, time=NOON + timedelta(days=4), released=40)
    assert all("volume" not in its for its in groups(sampled(*few, small)).values())


def test_night_is_by_the_clock_of_japan():
    def at(hour: int, index: int) -> Seen:
        return seen(index, time=NOON.replace(hour=(hour - 9) % 24))

    found = groups(sampled(at(21, 1), at(22, 2), at(5, 3), at(6, 4), plan=Plan(releases=0)))
    assert found == {2: ("off_hours",), 3: ("off_hours",)}


def test_what_left_within_a_day_of_a_new_version():
    entries = [seen(at, time=NOON + timedelta(hours=6 * at)) for at in range(1, 8)]
    found = groups(
        sampled(
            *entries, changes=[NOON + timedelta(hours=12)], plan=Plan(releases=0, each=9, night_from=24, night_until=0)
        )
    )
    assert found == dict.fromkeys((2, 3, 4, 5), ("after_change",))


def test_an_entry_of_several_groups_stands_once_with_all_of_them():
    one = seen(7, fields=("diagnosis", "account"), time=NOON.replace(hour=20))
    [taken] = sampled(one)
    assert taken.groups == ("random", "special_care", "financial", "new_field", "off_hours")
