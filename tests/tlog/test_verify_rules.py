"""The verifier's steps 5 to 8: what may not be in a log however well it is signed, and a past that changed."""

from collections.abc import Callable

import pytest

from gateway.tlog.findings import Code
from gateway.tlog.tiles import bundle_path, encode_bundle
from tests.tlog.exported_log import (
    ENTRIES,
    LOG,
    NOON,
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

# Steps 5 to 7: what the gateway itself may not log, however well it is signed


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
        release(3).replace(b'"gov":-1', b'"gov":-1.5'),
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
def test_a_release_under_another_governance_entry_than_the_last(gov):
    logged = [publish(gov=-1), publish(gov=0), release(gov=1), denial(gov=gov)]
    assert check(export([*logged[:3], denial(gov=1)])).ok
    refused(check(export(logged)), Code.GOVERNANCE_STALE, 3)


@pytest.mark.parametrize("moves", [publish, partner, restrict])
def test_every_kind_of_governance_makes_earlier_decisions_stale(moves: Callable[..., bytes]):
    assert check(export([moves(gov=-1), release(gov=0)])).ok
    refused(check(export([moves(gov=-1), release(gov=-1)])), Code.GOVERNANCE_STALE, 1)
    refused(check(export([moves(gov=-1), moves(gov=-1)])), Code.GOVERNANCE_STALE, 1)


def test_a_release_before_any_policy_names_none():
    refused(check(export([release(gov=0)])), Code.GOVERNANCE_STALE, 0)


def test_a_release_at_the_instant_its_permit_ends():
    assert check(export([release(time="2026-11-22T11:59:59.999Z", until=NOON)])).ok
    refused(check(export([ENTRIES[0], release(1, until=NOON)])), Code.PERMIT_EXPIRED, 1)


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
    logged = [with_extra_key(ENTRIES[0]), *ENTRIES[1:]]
    files = export(logged) | {bundle_path(2, width=88): encode_bundle([*ENTRIES[512:599], release(9_999)])}
    refused(check(files), Code.ENTRY_ALTERED, 599)


# Step 8: the auditor's own earlier checkpoint


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
