"""The verifier's steps 5 to 9: what may not be in a log however well it is signed, and a past that changed."""

from collections.abc import Callable

import pytest

from gateway.tlog.findings import Code
from gateway.tlog.tiles import bundle_path, encode_bundle
from tests.tlog.exported_log import (
    DIGEST,
    ENTRIES,
    LOG,
    NOON,
    START,
    check,
    denial,
    export,
    make_signer,
    partner,
    publish,
    refused,
    release,
    restrict,
    signed_head,
    with_extra_key,
)

OTHER = "1" * 64
THIRD = "2" * 64
BEFORE_NOON = "2026-11-22T11:59:59.999Z"

# Steps 7 to 9: what the gateway itself may not log, however well it is signed


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"{}",
        b"null",
        b"\xff",
        b"[" * 10_000,
        b'{"kind":"gossip"}',
        with_extra_key(release(3)),
        release(3).replace(b'"gov":1', b'"gov":1.5'),
        release(3)[:-1],
        release(3) + b"x",
        release(3).replace(NOON.encode(), b"2026-11-22T12:00:00Z"),
        release(3).replace(NOON.encode(), b"2026-11-22T12:00:00.000000Z"),
        release(3).replace(NOON.encode(), b"2026-11-22T21:00:00.0+09:00"),
        release(3).replace(NOON.encode(), b"2026-02-30T12:00:00.000Z"),
        release(3).replace(NOON.encode(), b"2026-W47-7T12:00:00.000Z"),
        release(3).replace(NOON.encode(), b"2026-11-22 12:00:00.000Z"),
        release(3).replace(NOON.encode(), b"2026-11-22T12:00:00,000Z"),
        release(3, until="tomorrow"),
    ],
)
def test_an_entry_that_no_schema_allows(entry):
    refused(check(export([*ENTRIES[:300], entry, *ENTRIES[301:]])), Code.ENTRY_UNKNOWN, 300)


@pytest.mark.parametrize("gov", [-1, 0, 2, 3, 5])
def test_a_decision_under_another_governance_entry_than_the_last(gov):
    logged = [*START, release(), denial(gov=1)]
    assert check(export(logged)).ok
    refused(check(export([*logged[:3], denial(gov=gov)])), Code.GOVERNANCE_STALE, 3)


@pytest.mark.parametrize("moves", [publish, partner, restrict])
def test_every_kind_of_governance_makes_earlier_decisions_stale(moves: Callable[..., bytes]):
    assert check(export([*START, moves(gov=1), release(gov=2)])).ok
    refused(check(export([*START, moves(gov=1), release(gov=1)])), Code.GOVERNANCE_STALE, 3)
    refused(check(export([moves(gov=-1), moves(gov=-1)])), Code.GOVERNANCE_STALE, 1)


def test_a_decision_before_any_policy_names_none():
    refused(check(export([denial(gov=0)])), Code.GOVERNANCE_STALE, 0)


# The version in force


def test_a_release_before_any_version_was_published():
    refused(check(export([partner(gov=-1), release(gov=0)])), Code.POLICY_OTHER, 1)


def test_a_release_under_a_version_that_was_never_published():
    refused(check(export([*START, release(), release(1, policy=OTHER)])), Code.POLICY_OTHER, 3)


AT_ONE = "2026-11-22T13:00:00.000Z"
BEFORE_ONE = "2026-11-22T12:59:59.999Z"


def test_a_version_takes_effect_at_its_instant_and_not_before():
    begun = [*START, publish(gov=1, policy=OTHER, effective=AT_ONE)]
    assert check(export([*begun, release(0, gov=2, time=BEFORE_ONE), release(1, gov=2, time=AT_ONE, policy=OTHER)])).ok
    refused(check(export([*begun, release(gov=2, time=BEFORE_ONE, policy=OTHER)])), Code.POLICY_OTHER, 3)
    refused(check(export([*begun, release(gov=2, time=AT_ONE)])), Code.POLICY_OTHER, 3)


def test_of_two_versions_that_take_effect_at_once_the_later_published_holds():
    begun = [*START, publish(gov=1, policy=OTHER)]
    assert check(export([*begun, release(gov=2, policy=OTHER)])).ok
    refused(check(export([*begun, release(gov=2)])), Code.POLICY_OTHER, 3)


def test_a_version_published_later_takes_the_place_of_one_that_was_to_begin():
    begun = [*START, publish(gov=1, policy=OTHER, effective=AT_ONE), publish(gov=2, policy=THIRD)]
    assert check(export([*begun, release(0, gov=3, policy=THIRD), release(1, gov=3, time=AT_ONE, policy=THIRD)])).ok
    refused(check(export([*begun, release(gov=3, time=AT_ONE, policy=OTHER)])), Code.POLICY_OTHER, 4)


def test_a_denial_names_a_version_that_was_published():
    assert check(export([*START, denial(gov=1, policy=DIGEST)])).ok
    refused(check(export([*START, denial(gov=1, policy=OTHER)])), Code.POLICY_OTHER, 2)


def test_a_release_to_a_partner_that_is_suspended_or_was_never_active():
    suspended = [*START, partner(gov=1, event="suspended")]
    refused(check(export([*suspended, release(gov=2)])), Code.PARTNER_INACTIVE, 3)
    refused(check(export([publish(gov=-1), release(gov=0)])), Code.PARTNER_INACTIVE, 1)
    assert check(export([*suspended, partner(gov=2), release(gov=3)])).ok


def test_an_entry_of_another_coop():
    foreign = release(1).replace(b'"coop":"kyoritsusha"', b'"coop":"coopdeli"')
    refused(check(export([*START, release(), foreign])), Code.COOP_OTHER, 3)


def test_a_transfer_that_is_logged_twice():
    refused(check(export([*ENTRIES, release(7)])), Code.TRANSFER_TWICE, 600)


def test_a_transfer_is_remembered_over_thousands_of_others():
    refused(check(export([*START, *map(release, range(9_000)), release(900)])), Code.TRANSFER_TWICE, 9_002)


def test_a_release_at_the_instant_its_permit_ends():
    begun = [publish(gov=-1, time=BEFORE_NOON), partner(gov=0, time=BEFORE_NOON)]
    assert check(export([*begun, release(time=BEFORE_NOON, until=NOON)])).ok
    refused(check(export([*begun, release(0), release(1, until=NOON)])), Code.PERMIT_EXPIRED, 3)


def test_time_may_fall_back_by_thirty_seconds_and_no_more():
    times = ["12:00:30.000", "12:00:00.000", "12:00:10.000", "11:59:59.999"]
    logged = [denial(time=f"2026-11-22T{time}Z") for time in times]
    assert check(export(logged[:3])).ok
    refused(check(export(logged)), Code.TIME_BACKWARDS, 3)


def test_the_first_breach_is_the_one_reported():
    logged = [*ENTRIES[:7], release(7, until=NOON), with_extra_key(release(8)), release(9, gov=3)]
    report = check(export(logged))
    refused(report, Code.PERMIT_EXPIRED, 7)
    assert report.size == 10


def test_what_entries_say_counts_only_once_they_are_proved():
    logged = [*ENTRIES[:2], with_extra_key(ENTRIES[2]), *ENTRIES[3:]]
    files = export(logged) | {bundle_path(2, width=88): encode_bundle([*ENTRIES[512:599], release(9_999)])}
    refused(check(files), Code.ENTRY_ALTERED, 599)


# Step 5: the auditor's own earlier checkpoint


@pytest.mark.parametrize("size", [0, 1, 256, 300, 512, 599, 600])
def test_a_log_that_only_grew_since_the_auditor_last_looked(size):
    assert check(LOG, since=signed_head(ENTRIES[:size])).ok


def test_a_log_shorter_than_the_auditor_saw():
    refused(check(LOG, since=signed_head([*ENTRIES, release(600)])), Code.ROLLED_BACK, 600)


@pytest.mark.parametrize("size", [1, 256, 300, 600])
def test_a_past_other_than_the_auditor_saw(size):
    refused(check(LOG, since=signed_head([release(9_999), *ENTRIES[1:size]])), Code.HISTORY_REWRITTEN)


@pytest.mark.parametrize(
    "since",
    [
        b"",
        signed_head(ENTRIES[:5], signer=make_signer(2)),
        signed_head(ENTRIES[:5], origin="gateway.example/other"),
        signed_head(ENTRIES[:5]).replace(b"\n5\n", b"\n4\n"),
    ],
)
def test_an_earlier_checkpoint_that_proves_nothing(since):
    refused(check(LOG, since=since), Code.EARLIER_UNUSABLE)
