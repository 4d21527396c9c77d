"""Attack: the log is edited, reordered, cut short or forked, in its files or in the database, even by who holds its key.

End to end: a running gateway makes the log, it is exported, and an auditor verifies the folder without the gateway.
"""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest
from msgspec.structs import replace

from gateway.adapters.database import sqlite_path
from gateway.app.keys import note_signers
from gateway.tlog.checkpoint import Checkpoint, sign
from gateway.tlog.entries import Release, decode, encode
from gateway.tlog.findings import Code
from gateway.tlog.hash_tiles import OpenTiles
from gateway.tlog.merkle import Frontier, leaf_hash, root_of
from gateway.tlog.note import Ed25519Signer
from gateway.tlog.tiles import bundle_path, encode_bundle, parse_bundle
from gateway.tlog.verify import Report
from tests.answers import assert_problem
from tests.house import COOP, House
from tests.simulators.partner import Answer, Partner
from tests.tlog.exported_log import check_folder

FIELDS = ["member_code", "name"]
MEMBER = ["00000101"]


def signer_of(house: House, coop: str = COOP) -> Ed25519Signer:
    return note_signers(house.settings, house.stores.keys)[coop]


async def exported(house: House, folder: Path, coop: str = COOP) -> Checkpoint:
    return await house.export(folder, coop)


def check(folder: Path, house: House, *, since: bytes | None = None) -> Report:
    return check_folder(folder, signer_of(house).key, since=since)


async def lived(house: House) -> tuple[Partner, list[Answer]]:
    """A log with releases, denials and a member's stop among them."""
    sunnet = await house.partner("sunnet", "kyoritsusha-sunnet-01")
    answers = [await sunnet.pull("P4", FIELDS, MEMBER) for _ in range(3)]
    await sunnet.ask("P4", FIELDS, ["00000102"], case="K-1", product="G1", agreement="kyoritsusha-jccu-01")
    await house.stop("00000105")
    await house.stores.snapshots.refresh(COOP)
    answers += [await sunnet.pull("P4", FIELDS, ["00000102"]) for _ in range(3)]
    return sunnet, answers


def bundle(folder: Path) -> Path:
    (path,) = (folder / "tile" / "entries" / "000.p").iterdir()
    return path


def entries_of(folder: Path) -> list[bytes]:
    return parse_bundle(bundle(folder).read_bytes())


def rewritten(folder: Path, entries: list[bytes], signer: Ed25519Signer | None = None) -> None:
    """Write other entries with tiles that follow from them; with a signer, under a new checkpoint too."""
    size = len(entries)
    bundle(folder).unlink()
    (folder / bundle_path(0, width=size)).write_bytes(encode_bundle(entries))
    tiles = OpenTiles()
    list(tiles.add(map(leaf_hash, entries)))
    for tile in tiles.partial():
        (folder / tile.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / tile.path).write_bytes(tile.data)
    if signer is not None:
        head = Checkpoint(signer.key.name, size, root_of(map(leaf_hash, entries)))
        (folder / "checkpoint").write_bytes(sign(head, [signer]))


def relabelled(entry: bytes, **changes: str) -> bytes:
    return encode(replace(decode(entry), **changes))


Tamper = Callable[[list[bytes]], list[bytes]]
ENTRIES: dict[str, tuple[Tamper, Code]] = {
    "edited": (lambda e: [*e[:-1], relabelled(e[-1], partner="jccu")], Code.ENTRY_ALTERED),
    "reordered": (lambda e: [*e[:-2], e[-1], e[-2]], Code.ENTRY_REORDERED),
    "deleted": (lambda e: [*e[:-2], e[-1]], Code.ENTRY_DELETED),
    "cut short": (lambda e: e[:-1], Code.ENTRY_DELETED),
    "repeated": (lambda e: [*e[:-1], e[-2]], Code.ENTRY_DUPLICATED),
}


@pytest.mark.clause("D-04b", "D-10")
@pytest.mark.parametrize("attack", ENTRIES)
async def test_entries_changed_in_the_export_are_found_at_their_index(
    house: House, tmp_path: Path, attack: str
) -> None:
    await lived(house)
    folder = tmp_path / "log"
    head = await exported(house, folder)
    assert check(folder, house).ok
    tamper, code = ENTRIES[attack]
    bundle(folder).write_bytes(encode_bundle(tamper(entries_of(folder))))
    report = check(folder, house)
    assert not report.ok
    assert report.finding is not None
    assert report.finding.code == code
    assert report.first_bad_index in {head.size - 1, head.size - 2}


async def test_entries_changed_with_their_tiles_do_not_have_the_signed_root(house: House, tmp_path: Path) -> None:
    await lived(house)
    folder = tmp_path / "log"
    await exported(house, folder)
    entries = entries_of(folder)
    rewritten(folder, [*entries[:-1], relabelled(entries[-1], partner="jccu")])
    report = check(folder, house)
    assert report.finding is not None
    assert report.finding.code == Code.ROOT_OTHER


async def test_a_log_signed_with_another_key_is_not_ours(house: House, tmp_path: Path) -> None:
    await lived(house)
    folder = tmp_path / "log"
    await exported(house, folder)
    other = signer_of(house, "coopdeli")
    rewritten(folder, entries_of(folder), Ed25519Signer(signer_of(house).key.name, other._private_key))
    report = check(folder, house)
    assert report.finding is not None
    assert report.finding.code == Code.KEY_UNKNOWN


async def test_the_log_of_another_co_op_is_not_this_one(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    await exported(house, folder, "coopdeli")
    report = check(folder, house)
    assert report.finding is not None
    assert report.finding.code == Code.KEY_UNKNOWN


async def test_a_log_cut_back_under_an_older_true_checkpoint_is_found_by_who_kept_a_newer_one(
    house: House, tmp_path: Path
) -> None:
    """Nothing in the folder is false: it takes the auditor's own checkpoint, or one partner's receipt."""
    sunnet, _ = await lived(house)
    old, new = tmp_path / "old", tmp_path / "new"
    earlier = await exported(house, old)
    answer = await sunnet.pull("P4", FIELDS, MEMBER)
    await exported(house, new)
    kept = (new / "checkpoint").read_bytes()
    assert check(new, house, since=(old / "checkpoint").read_bytes()).ok
    assert check(old, house).ok
    report = check(old, house, since=kept)
    assert report.finding is not None
    assert report.finding.code == Code.ROLLED_BACK
    assert answer.receipt["index"] >= earlier.size, "the receipt is for an entry that the shortened log denies"


async def test_a_fork_by_who_holds_the_key_is_found_by_who_kept_a_checkpoint_or_a_receipt(
    house: House, tmp_path: Path
) -> None:
    _, answers = await lived(house)
    true, forked = tmp_path / "true", tmp_path / "forked"
    await exported(house, true)
    copytree(true, forked)
    entries = entries_of(forked)
    victim = answers[0].receipt["index"]
    rewritten(
        forked, [*entries[:victim], relabelled(entries[victim], purpose="P3"), *entries[victim + 1 :]], signer_of(house)
    )
    assert check(forked, house).ok, "the fork is consistent in itself"
    report = check(forked, house, since=(true / "checkpoint").read_bytes())
    assert report.finding is not None
    assert report.finding.code == Code.HISTORY_REWRITTEN
    held = urlsafe_b64decode(answers[0].receipt["leaf_hash"] + "=")
    assert held == leaf_hash(entries_of(true)[victim]) != leaf_hash(entries_of(forked)[victim])


async def test_a_release_slipped_in_after_a_stop_is_found_even_when_signed(house: House, tmp_path: Path) -> None:
    await lived(house)
    folder = tmp_path / "log"
    await exported(house, folder)
    entries = entries_of(folder)
    before_the_stop = next(e for e in entries if isinstance(decode(e), Release))
    rewritten(folder, [*entries, relabelled(before_the_stop, transfer="f" * 32)], signer_of(house))
    report = check(folder, house)
    assert report.finding is not None
    assert (report.finding.code, report.first_bad_index) == (Code.GOVERNANCE_STALE, len(entries))


# The database, by somebody who may write to it


def triggers_off(house: House) -> list[str]:
    tables = ("log_entry", "log_effect", "log_batch")
    if sqlite_path(house.settings.database_url) is None:
        return [f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in tables]
    return [f"DROP TRIGGER {table}_{what}" for table in tables for what in ("update", "delete")]


@pytest.mark.clause("D-04b")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entry SET partner = 'jccu'",
        "UPDATE log_entry SET entry = leaf_hash WHERE idx = 3",
        "DELETE FROM log_entry WHERE idx > 3",
        "DELETE FROM log_effect",
        "UPDATE log_effect SET idx = idx + 1",
        "DELETE FROM log_batch",
    ],
)
async def test_the_database_refuses_to_change_what_was_logged(house_on_both: House, statement: str) -> None:
    await lived(house_on_both)
    before = await house_on_both.entries()
    with pytest.raises(Exception, match="append"):
        await house_on_both.tamper(statement)
    assert await house_on_both.entries() == before


async def test_a_log_shortened_under_a_running_gateway_stops_it(house_on_both: House) -> None:
    house = house_on_both
    sunnet, answers = await lived(house)
    size = answers[-1].receipt["index"]
    entries = (await house.stores.log.entries(COOP, 0, size))[:size]
    frontier = Frontier().extend(map(leaf_hash, entries)).to_bytes().hex()
    literal = f"X'{frontier}'" if sqlite_path(house.settings.database_url) else f"'\\x{frontier}'"
    origin = f"origin = 'gw.example.coop/{COOP}'"
    await house.tamper(
        *triggers_off(house),
        f"DELETE FROM log_entry WHERE {origin} AND idx >= {size}",
        f"DELETE FROM log_batch WHERE {origin} AND first_idx >= {size}",
        f"UPDATE log_head SET next_index = {size}, frontier = {literal} WHERE {origin}",
    )
    response = await sunnet.ask("P4", FIELDS, MEMBER)
    assert_problem(response, "unavailable", retry_after=1)
    assert len(await house.entries()) == size, "nothing is written over the gap"


async def test_an_entry_edited_in_the_database_cannot_be_exported(house_on_both: House, tmp_path: Path) -> None:
    house = house_on_both
    _, answers = await lived(house)
    index = answers[0].receipt["index"]
    await house.publish_checkpoint()
    other = f"(SELECT entry FROM log_entry WHERE idx = {index + 1} AND origin = 'gw.example.coop/{COOP}')"
    await house.tamper(
        *triggers_off(house),
        f"UPDATE log_entry SET entry = {other} WHERE idx = {index} AND origin = 'gw.example.coop/{COOP}'",
    )
    with pytest.raises(ValueError, match=f"entry {index} "):
        await house.export(tmp_path / "log")
    assert not (tmp_path / "log" / "checkpoint").exists()
