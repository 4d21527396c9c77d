"""The log of a period, checked: its entries have the root that was signed, and every one of them says what it may.

It is not the whole verification (`gateway log verify` of an export is, which trusts nobody here): it shows that what the
reports were counted from is what the checkpoint commits to.
"""

import asyncio
from typing import Final

import msgspec

from gateway.oversight.desk import OversightDesk
from gateway.oversight.reports.counting import entries_of
from gateway.sheets.tables import Column, Said, Table
from gateway.tlog.checkpoint import as_signed, open_ours, stated
from gateway.tlog.entries import decode
from gateway.tlog.merkle import Frontier, leaf_hash


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and whether it holds; None where it could not be looked at."""

    origin: str
    size: int
    """Entries that the log had as the period ended."""
    root: bytes
    """Of them."""
    note: bytes | None
    """The smallest signed checkpoint that holds them all, as the log alone signed it."""
    signed: bool | None
    same_root: bool | None
    readable: bool
    """Every entry of the period is of a closed schema."""

    @property
    def holds(self) -> bool:
        """Whether nothing was found wrong."""
        return self.readable and self.signed is True and self.same_root is True


async def check(desk: OversightDesk, coop: str, *, first: int, size: int) -> Checked:
    """Check the log up to `size` entries, those from `first` on one by one. Raises Unavailable."""
    note = await desk.publications.covering(coop, size) if size else None
    end = size if note is None else stated(note).size
    frontier, root, readable = Frontier(), Frontier().root(), True
    async for batch in entries_of(desk, coop, (0, end)):
        frontier, root, fine = await asyncio.to_thread(_grown, frontier, root, batch, first, size)
        readable = readable and fine
    return Checked(
        origin=desk.origin(coop),
        size=size,
        root=root,
        note=None if note is None else as_signed(note),
        signed=None if note is None else _signed(desk, coop, note),
        same_root=None if note is None else frontier.root() == stated(note).root,
        readable=readable,
    )


def checked_table(made: Checked, *, trial: bool) -> Table:
    """Return what was checked as a table."""
    rows = (
        (Said("ログの名前", "origin of the log", "origin"), made.origin),
        (Said("期間末までの記録数", "entries up to the end of the period", "size"), made.size),
        (Said("その根ハッシュ", "root hash over them", "root"), made.root.hex()),
        (
            Said("チェックポイントの署名", "signature of the checkpoint", "signed"),
            _said(made.signed),
        ),
        (
            Said("記録とチェックポイントの根ハッシュの一致", "the entries have the checkpoint's root", "same_root"),
            _said(made.same_root),
        ),
        (
            Said("期間の記録の形式", "entries of the period are well-formed", "readable"),
            _said(made.readable),
        ),
        (
            Said("第三者による検証", "verification by others", "command"),
            "gateway log export → gateway log verify",
        ),
    )
    return Table(
        key="verification",
        title=Said("提供ログの検証", "Verification of the log"),
        columns=_COLUMNS,
        rows=rows,
        trial=trial,
    )


_COLUMNS: Final = (
    Column(key="check", title=Said("項目", "what")),
    Column(key="result", title=Said("結果", "result")),
)


def _said(holds: bool | None) -> Said:  # noqa: FBT001 -- the one value it is about
    if holds is None:
        return Said("未確認(チェックポイントがまだありません)", "not checked: there is no checkpoint yet", "unknown")
    return Said("正しい", "holds", "true") if holds else Said("不一致", "does not hold", "false")


def _signed(desk: OversightDesk, coop: str, note: str) -> bool:
    try:
        open_ours(note.encode(), [desk.verifications.key(coop)], origin=desk.origin(coop))
    except ValueError:
        return False
    return True


def _grown(
    frontier: Frontier, root: bytes, batch: list[tuple[int, bytes]], first: int, size: int
) -> tuple[Frontier, bytes, bool]:
    """Return the tree with a batch more, the root at `size` where it lies in it, and whether its entries can be read."""
    leaves = [leaf_hash(data) for _, data in batch]
    within = size - batch[0][0]
    if within > 0:
        root = frontier.extend(leaves[:within]).root()
    fine = all(_readable(data) for index, data in batch if first <= index < size)
    return frontier.extend(leaves), root, fine


def _readable(data: bytes) -> bool:
    try:
        decode(data)
    except ValueError:
        return False
    return True
