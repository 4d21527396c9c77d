"""Act 11: everybody as a file, sealed part by part by a worker; then only what changed since."""

import asyncio
import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gateway.client import Advance, Client, Downloaded, Receipt
from gateway.client.download import pull_to_file, since_of
from gateway.demo.awkward import AWKWARD
from gateway.demo.screen import Screen, both
from gateway.demo.stage import PartnerSystem, Stage
from gateway.jose import rfc4648
from gateway.tlog.entries import Export, Release

_PARTNER, _PURPOSE = "sunnet", "P4"


async def deliver_nightly(stage: Stage, screen: Screen) -> None:
    """Let a partner fetch its whole population into a CSV, and after a member's stop bring it up to date."""
    screen.act(
        "夜間は、全員をファイルで。つぎの夜は、違いだけ", "At night everybody, as a file; the next night the difference"
    )
    system = stage.partners[_PARTNER]
    (left,) = [one.members_left for one in await system.client.grants() if one.purpose == _PURPOSE]
    if left is not None and left < 2 * len(stage.people):
        screen.say(
            "1日の上限の残りが足りないので、この幕は省きます。", "Too little is left of the day's quota for this act."
        )
        return
    target = system.folder / "delivery.csv"
    whole, sent = await _pull(screen, system, target, f"{stage.short_name(_PARTNER)} 全員 everybody")
    before = _members(target)
    member = AWKWARD["gaiji"]
    await stage.stop(member, reason="【見本】申し出")
    delta, then = await _pull(screen, system, target, "差分 the difference", since=since_of(whole.since_file))
    after = _members(target)
    _show(screen, (whole, sent), (delta, then))
    stage.receipts += _receipts(whole.receipts_file)
    entries = await stage.entries()
    parts = [one for one in entries if isinstance(one, Release) and one.export in {whole.export, delta.export}]
    ordered = [one.export for one in entries if isinstance(one, Export) and one.event == "ordered"]
    screen.claim(
        len(before) == whole.records == sum(one.counts.released for one in parts if one.export == whole.export)
        and {whole.export, delta.export} <= {*ordered},
        f"{whole.records:,}人が{whole.parts}個の部分で届き、受領証・目録・ログの人数と一つずつ合う",
        "parts, receipts, the signed manifest and the log agree, part by part",
    )
    screen.claim(
        (delta.records, delta.removals, delta.resync) == (0, 1, False)
        and before - after == {member}
        and after < before,
        "つぎの夜に届くのは違いだけ: 「提供を止めて」と言った1人を除くように、とだけ。理由は言わない",
        "the next night brings the difference alone: one to be removed, and not why; the file is brought up to date",
    )


async def _pull(
    screen: Screen, system: PartnerSystem, target: Path, what: str, since: str | None = None
) -> tuple[Downloaded, int]:
    """Fetch an export into a file, or bring the file up to date; return with it the bytes of its parts as they were sealed.

    A bar shows the records that have come.
    """
    sealed = 0
    with screen.progress() as bars:
        task = bars.add_task(what, total=None)

        def watch(at: Advance) -> None:
            nonlocal sealed
            sealed = at.bytes
            bars.update(task, completed=at.records, total=at.records if at.final else None)

        def pull() -> Downloaded:
            with Client(system.config, system.keys) as client:
                return pull_to_file(client, target, _PURPOSE, since=since, apply=since is not None, watch=watch)

        done = await asyncio.to_thread(pull)
        bars.update(task, completed=done.records, total=max(done.records, 1))
    return done, sealed


def _members(target: Path) -> set[str]:
    """Return the codes in a file that the partner keeps."""
    with target.open(encoding="utf-8", newline="") as file:
        return {row["member"] for row in csv.DictReader(file)}


def _receipts(file: Path) -> Iterator[Receipt]:
    """Yield the receipts that the partner keeps beside its file, one a part that was fetched."""
    for line in file.read_text(encoding="utf-8").splitlines():
        jws: str = json.loads(line)["receipt"]
        said = json.loads(rfc4648.decode(jws.split(".")[1]))
        yield Receipt(
            jws=jws,
            transfer_id=said["jti"],
            origin=said["origin"],
            index=said["index"],
            leaf_hash=rfc4648.decode(said["leaf_hash"]),
            issued_at=datetime.fromtimestamp(said["iat"], UTC),
            request_hash=rfc4648.decode(said["rqh"]),
            body=rfc4648.decode(said["body"]),
        )


def _show(screen: Screen, whole: tuple[Downloaded, int], delta: tuple[Downloaded, int]) -> None:
    table = screen.table(
        ("夜", "Night"),
        ("部分", "Parts"),
        ("人数", "Records"),
        ("除く人", "Removals"),
        ("届いた量", "Sealed"),
        widths=(30, 8, 12, 12, 14),
    )
    for column in table.columns[1:]:
        column.justify = "right"
    size = partial("{:,.0f} kB".format)
    for ja, en, (one, sealed) in (
        ("1日目: 全員", "first: everybody", whole),
        ("2日目: 差分", "second: the difference", delta),
    ):
        table.add_row(both(ja, en), f"{one.parts}", f"{one.records:,}", f"{one.removals:,}", size(sealed / 1_000))
    screen.show(table)
    screen.say(
        f"届いたファイルは、提供先 {_PARTNER} のフォルダーにある {whole[0].target.name}",
        f"the file is {whole[0].target.name} in the folder of {_PARTNER}",
    )
