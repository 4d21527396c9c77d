"""The verifier's steps 3 and 4: each way to alter what was logged has its own name and first index."""

import pytest

from gateway.tlog import checkpoint
from gateway.tlog.findings import Code
from gateway.tlog.tiles import bundle_path, encode_bundle
from tests.tlog.exported_log import (
    ENTRIES,
    LOG,
    ORIGIN,
    SIGNER,
    check,
    export,
    flipped,
    rebundled,
    refused,
    release,
    without,
)

# Step 3: entries against tiles


@pytest.mark.parametrize(("path", "index"), [("0/000", 0), ("0/001", 256), ("0/002.p/88", 512), ("1/000.p/2", 0)])
def test_a_missing_tile(path, index):
    refused(check(without(f"tile/{path}")), Code.TILE_MISSING, index)


def test_a_short_tile():
    refused(check(LOG | {"tile/0/001": LOG["tile/0/001"][:-32]}), Code.TILE_MALFORMED, 256)


def test_a_long_tile():
    refused(check(LOG | {"tile/1/000.p/2": LOG["tile/1/000.p/2"] + bytes(32)}), Code.TILE_MALFORMED, 0)


@pytest.mark.parametrize(("path", "index"), [("0/000", 3), ("0/001", 259), ("0/002.p/88", 515)])
def test_a_flipped_byte_in_a_tile_of_leaves(path, index):
    refused(check(flipped(f"tile/{path}", 3 * 32 + 9)), Code.TILE_ALTERED, index)


def test_a_flipped_byte_in_a_tile_above():
    refused(check(flipped("tile/1/000.p/2", 40)), Code.TILE_ALTERED, 256)


def test_a_changed_entry_with_its_leaf_hash_changed_to_match():
    forged = [*ENTRIES[:300], release(9_999), *ENTRIES[301:]]
    files = LOG | {path: data for path, data in export(forged).items() if path in {bundle_path(1), "tile/0/001"}}
    refused(check(files), Code.TILE_ALTERED, 256)


@pytest.mark.parametrize(("path", "at", "index"), [("000", 200, 0), ("001", 900, 257), ("002.p/88", 600, 512)])
def test_a_flipped_byte_in_an_entry(path, at, index):
    first = index // 256 * 256
    before = len(encode_bundle(ENTRIES[first:index]))
    assert before + 2 <= at < before + 2 + len(ENTRIES[index])
    refused(check(flipped(f"tile/entries/{path}", at)), Code.ENTRY_ALTERED, index)


@pytest.mark.parametrize("index", [0, 255, 256, 599])
def test_a_replaced_entry(index):
    refused(check(rebundled([*ENTRIES[:index], release(9_999), *ENTRIES[index + 1 :]])), Code.ENTRY_ALTERED, index)


@pytest.mark.parametrize(("one", "other"), [(3, 4), (3, 200), (255, 256), (10, 599)])
def test_two_entries_exchanged(one, other):
    changed = [*ENTRIES]
    changed[one], changed[other] = changed[other], changed[one]
    refused(check(rebundled(changed)), Code.ENTRY_REORDERED, one)


@pytest.mark.parametrize("index", [0, 100, 255, 256, 400])
def test_a_deleted_entry(index):
    refused(check(rebundled(ENTRIES[:index] + ENTRIES[index + 1 :])), Code.ENTRY_DELETED, index)


@pytest.mark.parametrize("index", [254, 255])
def test_an_entry_deleted_from_its_bundle_alone(index):
    left = [*ENTRIES[:index], *ENTRIES[index + 1 : 256]]
    refused(check(LOG | {bundle_path(0): encode_bundle(left)}), Code.ENTRY_DELETED, index)


def test_the_last_entry_deleted_from_its_bundle():
    refused(check(LOG | {bundle_path(2, width=88): encode_bundle(ENTRIES[512:599])}), Code.ENTRY_DELETED, 599)


@pytest.mark.parametrize(("original", "index"), [(0, 1), (3, 200), (255, 256), (3, 599)])
def test_an_entry_repeated_over_another(original, index):
    changed = [*ENTRIES]
    changed[index] = changed[original]
    refused(check(rebundled(changed)), Code.ENTRY_DUPLICATED, index)


@pytest.mark.parametrize("index", [0, 255, 300])
def test_an_entry_repeated_between_others(index):
    refused(check(rebundled([*ENTRIES[: index + 1], *ENTRIES[index:]])), Code.ENTRY_DUPLICATED, index + 1)


@pytest.mark.parametrize("index", [0, 255, 256, 400])
def test_an_entry_inserted(index):
    refused(check(rebundled([*ENTRIES[:index], release(9_999), *ENTRIES[index:]])), Code.ENTRY_INSERTED, index)


def test_an_entry_added_behind_the_last():
    files = LOG | {bundle_path(2, width=88): encode_bundle([*ENTRIES[512:], release(9_999)])}
    refused(check(files), Code.ENTRY_INSERTED, 600)


def test_the_last_entry_repeated_behind_itself():
    files = LOG | {bundle_path(2, width=88): encode_bundle([*ENTRIES[512:], ENTRIES[599]])}
    refused(check(files), Code.ENTRY_DUPLICATED, 600)


# Step 4: the root


def test_a_log_rewritten_throughout_under_the_old_signature():
    forged = export([*ENTRIES[:300], release(9_999), *ENTRIES[301:]])
    refused(check(forged | {"checkpoint": LOG["checkpoint"]}), Code.ROOT_OTHER)


def test_an_empty_log_with_another_root():
    head = checkpoint.Checkpoint(ORIGIN, 0, bytes(32))
    refused(check({"checkpoint": checkpoint.sign(head, [SIGNER])}), Code.ROOT_OTHER)
