"""The verifier's step 10: what was signed of a period is what the log has of it, whoever signed the checkpoint."""

from typing import Any

import pytest
from msgspec.structs import replace

from gateway.jose import rfc4648
from gateway.tlog import entries
from gateway.tlog.findings import Code
from gateway.tlog.merkle import leaf_hash, root_of
from tests.tlog.exported_log import DIGEST, START, check, denial, export, refused, release

DAY, NEXT = "2026-11-21T15:00:00.000Z", "2026-11-22T15:00:00.000Z"
"""22 November in Japan."""
LATER = "2026-11-22T15:00:10.000Z"
BEFORE = [*START, *(release(number) for number in range(2, 300)), denial(gov=1)]
COUNTS = {"publish": 1, "partner": 1, "release": 298, "denial": 1}


def review(logged: list[bytes] = BEFORE, **changes: Any) -> bytes:
    """What is signed of the day, with all of these entries in it."""
    made = entries.Review(
        coop="kyoritsusha",
        time=LATER,
        review="review-20261122-20261122",
        digest=DIGEST,
        start=DAY,
        end=NEXT,
        size=len(logged),
        root=rfc4648.encode(root_of(map(leaf_hash, logged))),
        counts=COUNTS,
        by="homu",
        reason="all looked at",
    )
    return entries.encode(replace(made, **changes))


AFTER = [*BEFORE, release(301, time=LATER), denial(gov=1, time=LATER)]
"""Entries of the next day stand before the review."""
COUNTERSIGNED: dict[str, Any] = {"event": "countersigned", "by": "kansa"}


def test_a_review_and_its_countersignature_hold():
    logged = [*AFTER, review(), *(release(number, time=LATER) for number in range(302, 600)), review(**COUNTERSIGNED)]
    report = check(export(logged))
    assert report.ok, report.finding
    assert report.counts["review"] == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"counts": {**COUNTS, "release": 297}},
        {"counts": {**COUNTS, "release": 299}},
        {"counts": {"release": 298}},
        {"counts": {}},
        {"counts": {**COUNTS, "erase": 1}},
        {"counts": {**COUNTS, "erase": 0}},
        {"size": 300},
        {"size": 302},
        {"size": 304},
        {"size": 2**53 - 1},
        {"root": DIGEST},
        {"root": rfc4648.encode(bytes(32))},
        {"root": "*"},
        {"start": NEXT, "end": DAY},
        {"start": "2026-11-21T15:30:00.000Z"},
        {"end": "2026-11-22T14:00:00.000Z", "counts": {**COUNTS, "release": 297}},
        {"event": "countersigned"},
    ],
)
def test_a_review_that_says_anything_else_than_the_log(changes: dict[str, Any]):
    refused(check(export([*AFTER, review(**changes), release(900, time=LATER)])), Code.REVIEW_OTHER, len(AFTER))


def test_a_wrong_root_is_found_before_what_breaks_a_rule_later():
    logged = [*AFTER, review(root=DIGEST), release(301, time=LATER)]
    refused(check(export(logged)), Code.REVIEW_OTHER, len(AFTER))


@pytest.mark.parametrize(
    "changes",
    [
        {"by": "homu"},
        {"digest": "B" * 43},
        {"review": "review-20261123-20261123"},
        {"size": 300, "root": rfc4648.encode(root_of(map(leaf_hash, BEFORE[:300])))},
    ],
)
def test_a_countersignature_by_the_same_person_or_of_something_else(changes: dict[str, Any]):
    logged = [*AFTER, review(), review(**{**COUNTERSIGNED, **changes})]
    refused(check(export(logged)), Code.REVIEW_OTHER, len(AFTER) + 1)


def test_nothing_is_signed_or_countersigned_twice():
    once = [*AFTER, review(), review(**COUNTERSIGNED)]
    refused(check(export([*once, review(by="kansa")])), Code.REVIEW_OTHER, len(once))
    refused(check(export([*once, review(event="countersigned", by="third")])), Code.REVIEW_OTHER, len(once))


def test_an_entry_of_the_period_that_turns_up_between_the_signatures():
    late = release(500, time="2026-11-22T14:59:50.000Z")
    logged = [*AFTER, review(), late, review(**COUNTERSIGNED)]
    refused(check(export(logged)), Code.REVIEW_OTHER, len(AFTER) + 2)


def test_an_empty_period():
    nothing = review([], start="2026-10-31T15:00:00.000Z", end="2026-11-01T15:00:00.000Z", counts={})
    assert check(export([*AFTER, nothing])).ok
