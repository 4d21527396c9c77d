"""Attackers who recompute every hash: without a key, with an older one, with the log's own; and what each is told."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings, strategies as st

from gateway.tlog import checkpoint
from gateway.tlog.findings import Code
from gateway.tlog.note import sign_note
from gateway.tlog.tiles import bundle_path, tile_path
from gateway.tlog.verify import Report, verify
from tests.tlog.exported_log import (
    LOG as SHORT,
    ORIGIN,
    SIGNER,
    START,
    check,
    denial,
    export,
    make_signer,
    release,
    signed_head,
)

ENTRIES = [*START, *(release(number) for number in range(2, 700))]
LOG = export(ENTRIES)
KEPT = signed_head(ENTRIES[:650])
"""The auditor's own checkpoint."""
TORN = "2026-11-22T11:59:29.999Z"

Files = dict[str, bytes]


def replaced(at: int, *entries: bytes) -> list[bytes]:
    return [*ENTRIES[:at], *entries, *ENTRIES[at + 1 :]]


def exchanged(one: int, other: int) -> list[bytes]:
    logged = [*ENTRIES]
    logged[one], logged[other] = logged[other], logged[one]
    return logged


FORGED = {
    "changed": replaced(300, release(9_999)),
    "deleted": replaced(300),
    "inserted": replaced(300, ENTRIES[300], release(9_999)),
    "repeated": replaced(300, ENTRIES[300], ENTRIES[300]),
    "exchanged": exchanged(300, 400),
    "cut short": ENTRIES[:300],
}


@pytest.mark.parametrize("how", FORGED)
def test_whoever_has_no_key_cannot_have_rewritten_the_log(how: str):
    forged = export(FORGED[how])
    stolen = check(forged | {"checkpoint": LOG["checkpoint"]})  # the old signature over the new files
    assert not stolen.ok
    assert stolen.finding is not None
    assert stolen.finding.code in {Code.ROOT_OTHER, Code.BUNDLE_MISSING, Code.TILE_MISSING, Code.ENTRY_DELETED}
    for key in (make_signer(2), make_signer(1, "gateway.example/other")):  # an older key; the key of another co-op
        note = signed_head(FORGED[how], signer=key)
        assert_told(check(forged | {"checkpoint": note}), Code.KEY_UNKNOWN, None)
    note = forged["checkpoint"].partition(b"\n\n")[0] + b"\n\n" + LOG["checkpoint"].partition(b"\n\n")[2]
    assert_told(check(forged | {"checkpoint": note}), Code.SIGNATURE_BAD, None)


SIGNED: dict[str, tuple[list[bytes], Code, int | None]] = {
    "changed": (FORGED["changed"], Code.HISTORY_REWRITTEN, None),
    "deleted, one added": ([*FORGED["deleted"], release(9_999)], Code.HISTORY_REWRITTEN, None),
    "inserted": (FORGED["inserted"], Code.HISTORY_REWRITTEN, None),
    "repeated": (FORGED["repeated"], Code.HISTORY_REWRITTEN, None),
    "exchanged": (FORGED["exchanged"], Code.HISTORY_REWRITTEN, None),
    "a fork after what was seen": ([*ENTRIES[:649], release(9_999), *ENTRIES[650:]], Code.HISTORY_REWRITTEN, None),
    "an older database": (ENTRIES[:640], Code.ROLLED_BACK, 640),
    "an older database, grown again": (
        [*ENTRIES[:640], *map(release, range(1_000, 1_100))],
        Code.HISTORY_REWRITTEN,
        None,
    ),
    "an empty database": ([], Code.ROLLED_BACK, 0),
}


@pytest.mark.parametrize("how", SIGNED)
def test_whoever_has_the_key_is_caught_by_the_auditors_own_checkpoint(how: str):
    logged, code, index = SIGNED[how]
    assert_told(check(export(logged), since=KEPT), code, index)


def test_growth_alone_passes():
    assert check(LOG, since=KEPT).ok
    assert check(export([*ENTRIES, release(700)]), since=KEPT).ok


RULES: dict[str, tuple[list[bytes], Code, int]] = {
    "an entry of another co-op": (
        replaced(300, release(300).replace(b"kyoritsusha", b"coopdeli")),
        Code.COOP_OTHER,
        300,
    ),
    "another co-op's log": ([each.replace(b"kyoritsusha", b"coopdeli") for each in ENTRIES], Code.COOP_OTHER, 0),
    "time running backwards": (replaced(300, denial(time=TORN)), Code.TIME_BACKWARDS, 300),
    "a transfer twice": (replaced(300, ENTRIES[299]), Code.TRANSFER_TWICE, 300),
    "a stop overtaken": (replaced(300, release(300, gov=0)), Code.GOVERNANCE_STALE, 300),
    "another version": (replaced(300, release(300, policy="0" * 64)), Code.POLICY_OTHER, 300),
    "a permit run out": (replaced(300, release(300, until="2026-11-22T12:00:00.000Z")), Code.PERMIT_EXPIRED, 300),
    "a member's value": (replaced(300, release(300)[:-1] + b',"zz":"x"}'), Code.ENTRY_UNKNOWN, 300),
    "white space": (replaced(300, release(300).replace(b",", b", ")), Code.ENTRY_UNKNOWN, 300),
    "an empty entry": (replaced(300, b""), Code.ENTRY_UNKNOWN, 300),
    "garbage": (replaced(300, bytes(range(256))), Code.ENTRY_UNKNOWN, 300),
    "an instant before all": (replaced(300, denial(time="0001-01-01T00:00:00.000Z")), Code.TIME_BACKWARDS, 300),
}


@pytest.mark.parametrize("how", RULES)
def test_what_the_gateway_itself_may_not_log_however_well_it_is_signed(how: str):
    logged, code, index = RULES[how]
    assert_told(check(export(logged)), code, index)


def cut(path: str, size: int) -> Callable[[Files], Files]:
    return lambda files: files | {path: files[path][:size]}


def put(path: str, data: bytes) -> Callable[[Files], Files]:
    return lambda files: files | {path: data}


def drop(*paths: str) -> Callable[[Files], Files]:
    return lambda files: {path: data for path, data in files.items() if path not in paths}


LAST = bundle_path(2, width=188)
BENT: dict[str, tuple[Callable[[Files], Files], Code, int | None]] = {
    "no checkpoint": (drop("checkpoint"), Code.CHECKPOINT_MISSING, None),
    "half a checkpoint": (cut("checkpoint", 40), Code.CHECKPOINT_MALFORMED, None),
    "an empty checkpoint": (put("checkpoint", b""), Code.CHECKPOINT_MALFORMED, None),
    "another log's checkpoint": (put("checkpoint", SHORT["checkpoint"]), Code.BUNDLE_MISSING, 512),
    "an older checkpoint's size": (drop(LAST, bundle_path(2)), Code.BUNDLE_MISSING, 512),
    "a bundle cut": (cut(bundle_path(1), 5_000), Code.BUNDLE_TRUNCATED, 261),
    "a bundle of garbage": (put(bundle_path(1), b"\xff" * 70_000), Code.BUNDLE_TRUNCATED, 257),
    "a bundle in another's place": (put(bundle_path(1), LOG[bundle_path(0)]), Code.ENTRY_DUPLICATED, 256),
    "a tile in another's place": (put("tile/0/001", LOG["tile/0/000"]), Code.TILE_ALTERED, 256),
    "a tile cut": (cut("tile/0/000", 8_191), Code.TILE_MALFORMED, 0),
    "no tile above": (drop(tile_path(1, 0, width=2)), Code.TILE_MISSING, 0),
}


@pytest.mark.parametrize("how", BENT)
def test_files_that_are_not_those_of_the_log(how: str):
    bend, code, index = BENT[how]
    assert_told(check(bend(LOG)), code, index)


@pytest.mark.parametrize("size", [701, 768, 2**32, 2**62, 2**63 - 1])
def test_a_size_beyond_what_is_there_ends_at_the_first_missing_file(size: int):
    head = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, size, bytes(32)), [SIGNER])
    report = check(LOG | {"checkpoint": head})
    assert report.first_bad_index in {512, 700}
    assert not report.ok
    since = check(LOG, since=head)
    assert_told(since, Code.ROLLED_BACK, 700)


@pytest.mark.parametrize("size", [2**63, 10**30, -1])
def test_a_size_that_no_log_has(size: int):
    text = f"{ORIGIN}\n{size}\n{'A' * 43}=\n"
    assert_told(check(LOG | {"checkpoint": sign_note(text, [SIGNER])}), Code.CHECKPOINT_MALFORMED, None)


@pytest.fixture(scope="module")
def all_paths() -> list[str]:
    return sorted(LOG)


@settings(max_examples=100)
@given(st.data())
def test_no_flipped_bit_passes_and_none_raises(all_paths: list[str], data: st.DataObject):
    path = data.draw(st.sampled_from(all_paths))
    at = data.draw(st.integers(0, 8 * len(LOG[path]) - 1))
    altered = bytearray(LOG[path])
    altered[at // 8] ^= 1 << at % 8
    report = check(LOG | {path: bytes(altered)}, since=KEPT)
    assert not report.ok
    assert report.finding is not None


@settings(max_examples=60)
@given(st.data())
def test_no_file_cut_padded_or_replaced_passes_and_none_raises(all_paths: list[str], data: st.DataObject):
    path = data.draw(st.sampled_from(all_paths))
    kept = LOG[path][: data.draw(st.integers(0, len(LOG[path])))]
    bent = kept + data.draw(st.binary(max_size=50))
    if bent != LOG[path]:
        assert not check(LOG | {path: bent}).ok


@settings(max_examples=25)
@given(st.binary(max_size=400))
def test_no_earlier_checkpoint_of_anybody_elses_passes_or_raises(since: bytes):
    assert_told(check(LOG, since=since), Code.EARLIER_UNUSABLE, None)


def test_a_folder_that_changes_while_it_is_read_never_passes_as_something_else():
    forged = export(FORGED["changed"])
    seen: set[str] = set()

    def read(path: str) -> bytes | None:
        again = path in seen
        seen.add(path)
        return (forged if again else LOG).get(path)

    report = verify(read, known=[SIGNER.key], origin=ORIGIN, since=KEPT)
    assert report.root == check(LOG).root or not report.ok


def assert_told(report: Report, code: Code, index: int | None) -> None:
    assert not report.ok
    assert report.finding is not None
    assert (report.finding.code, report.first_bad_index) == (code, index), report.finding.sentence
    assert report.first_bad_index == report.finding.index
