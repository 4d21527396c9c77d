"""The verifier: a whole log passes, one whose files are not all there and signed never does."""

import tracemalloc

import pytest
from hypothesis import given, settings, strategies as st

from gateway.tlog import checkpoint
from gateway.tlog.findings import Code
from gateway.tlog.note import sign_note
from gateway.tlog.tiles import bundle_path, encode_bundle
from gateway.tlog.verify import verify
from tests.tlog.exported_log import (
    ENTRIES,
    LOG,
    ORIGIN,
    SIGNER,
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
    without,
)

# What passes


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_a_whole_log_passes(size):
    report = check(export(ENTRIES[:size]))
    assert report.ok
    assert report.finding is None
    assert report.first_bad_index is None
    assert report.size == size
    kinds = {"publish": min(size, 1), "partner": int(size > 1), "release": max(size - 2, 0)}
    assert report.counts == {kind: count for kind, count in kinds.items() if count}
    assert report.root == checkpoint.open_ours(signed_head(ENTRIES[:size]), [SIGNER.key], origin=ORIGIN).root


def test_a_log_of_three_levels_passes():
    assert check(export([denial()] * 66_000)).counts == {"denial": 66_000}


def test_every_kind_is_counted():
    logged = [denial(), publish(gov=-1), partner(gov=1), release(gov=2), restrict(gov=2), denial(gov=4)]
    report = check(export(logged))
    assert report.ok
    assert report.counts == {"denial": 2, "publish": 1, "release": 1, "partner": 1, "restrict": 1}


def test_memory_stays_flat_however_long_the_log():
    files = export([*START, *map(release, range(20_000))])
    assert sum(map(len, files.values())) > 16_000_000
    tracemalloc.start()
    try:
        assert check(files).ok
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_progress_is_told_after_each_bundle():
    told: list[tuple[int, int]] = []
    assert verify(LOG.get, known=[SIGNER.key], origin=ORIGIN, progress=lambda done, of: told.append((done, of))).ok
    assert told == [(256, 600), (512, 600), (600, 600)]


@pytest.mark.parametrize("size", [300, 512, 600])
def test_an_older_checkpoint_passes_where_full_tiles_took_the_place_of_partial_ones(size):
    older, grown = export(ENTRIES[:size]), export([*ENTRIES, *map(release, range(600, 1_200))])
    kept = {path: data for path, data in older.items() if path.split(".p/")[0] not in grown}
    assert not kept.keys() & {"tile/0/001.p/44", "tile/entries/001.p/44"}
    assert check(grown | kept | {"checkpoint": older["checkpoint"]}).ok


def test_a_second_key_and_a_foreign_signature_do_no_harm():
    files = LOG | {"checkpoint": LOG["checkpoint"] + sign_note("x\n", [make_signer(9, "witness")]).split(b"\n\n")[1]}
    assert verify(files.get, known=[make_signer(5).key, SIGNER.key], origin=ORIGIN).ok


# Step 1: the checkpoint


def test_no_checkpoint():
    report = check(without("checkpoint"))
    refused(report, Code.CHECKPOINT_MISSING)
    assert report.size is None
    assert report.root is None


def test_an_empty_folder():
    refused(check({}), Code.CHECKPOINT_MISSING)


def test_a_checkpoint_that_is_no_note():
    refused(check(LOG | {"checkpoint": b"\xff"}), Code.CHECKPOINT_MALFORMED)


def test_a_signed_text_that_is_no_checkpoint():
    refused(check(LOG | {"checkpoint": sign_note("hello\n", [SIGNER])}), Code.CHECKPOINT_MALFORMED)


def test_a_checkpoint_with_extension_lines():
    text = LOG["checkpoint"].decode().split("\n\n")[0] + "\nmore\n"
    refused(check(LOG | {"checkpoint": sign_note(text, [SIGNER])}), Code.CHECKPOINT_MALFORMED)


def test_the_wrong_key():
    refused(check(LOG | {"checkpoint": signed_head(ENTRIES, signer=make_signer(2))}), Code.KEY_UNKNOWN)


def test_no_key_at_all():
    refused(verify(LOG.get, known=[], origin=ORIGIN), Code.KEY_UNKNOWN)


def test_a_checkpoint_changed_after_it_was_signed():
    changed = LOG["checkpoint"].replace(b"\n600\n", b"\n599\n")
    refused(check(LOG | {"checkpoint": changed}), Code.SIGNATURE_BAD)


def test_the_checkpoint_of_another_coop():
    refused(check(LOG | {"checkpoint": signed_head(ENTRIES, origin="gateway.example/other")}), Code.ORIGIN_OTHER)


# Step 2: the bundles


@pytest.mark.parametrize(("path", "index"), [("000", 0), ("001", 256), ("002.p/88", 512)])
def test_a_missing_bundle(path, index):
    refused(check(without(f"tile/entries/{path}")), Code.BUNDLE_MISSING, index)


def test_a_truncated_bundle():
    path = bundle_path(1)
    cut = len(encode_bundle(ENTRIES[256:300])) + 5
    refused(check(LOG | {path: LOG[path][:cut]}), Code.BUNDLE_TRUNCATED, 300)


def test_a_bundle_with_a_byte_too_many():
    path = bundle_path(2, width=88)
    refused(check(LOG | {path: LOG[path] + b"\0"}), Code.BUNDLE_TRUNCATED, 600)


def test_an_emptied_bundle():
    refused(check(LOG | {bundle_path(1): b""}), Code.ENTRY_DELETED, 256)


# Never a crash, never a pass


def test_a_file_that_cannot_be_read():
    def read(path: str) -> bytes | None:
        if path == "tile/0/001":
            raise PermissionError(path)
        return LOG.get(path)

    refused(verify(read, known=[SIGNER.key], origin=ORIGIN), Code.UNREADABLE)


def test_tiles_that_vanish_during_the_verification():
    reads: list[str] = []

    def read(path: str) -> bytes | None:
        reads.append(path)
        return None if reads.count(path) > 1 else LOG.get(path)

    since = signed_head(ENTRIES[:300])
    refused(verify(read, known=[SIGNER.key], origin=ORIGIN, since=since), Code.TILE_MISSING)


SMALL = export(ENTRIES[:259])


@given(st.sampled_from(sorted(SMALL)), st.data())
@settings(max_examples=60, deadline=None)
def test_no_changed_byte_passes(path, data):
    at = data.draw(st.integers(0, len(SMALL[path]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != SMALL[path][at]))
    assert not check(SMALL | {path: SMALL[path][:at] + bytes([byte]) + SMALL[path][at + 1 :]}).ok


@given(st.sampled_from(sorted(SMALL)), st.binary(max_size=100))
@settings(max_examples=60, deadline=None)
def test_no_other_content_passes(path, content):
    assert not check(SMALL | {path: content}).ok


@pytest.mark.parametrize("path", sorted(SMALL))
def test_no_missing_file_passes(path):
    assert check(SMALL).ok
    assert not check({each: data for each, data in SMALL.items() if each != path}).ok
