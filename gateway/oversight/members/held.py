"""Whom each partner holds, by agreement and purpose: the releases folded into sets of ordinals, in the background.

A projection: what it holds is a function of the entries and their side rows (I8), so it can be made again from the
first entry. Any process may fold; of two that fold the same entries one is let through.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec
from pyroaring import BitMap

from gateway.ports import HeldBy, HeldSets, Log, Provided, SideRows
from gateway.tlog.sets import container_of, joined, parts

EVERY_S = 5.0
AT_ONCE = 512
"""Entries folded in one transaction: what is in memory at a time."""

Progress = Callable[[int, int], None]


class _Whom(msgspec.Struct, frozen=True):
    partner: str
    agreement: str
    purpose: str


# Of an entry of our own log no more is read: checking all of it would double what a release costs here.
_whom = msgspec.json.Decoder(_Whom)


async def advance(log: Log, rows: SideRows, sets: HeldSets, coop: str, *, progress: Progress | None = None) -> int:
    """Fold all releases committed by now; return the index of the first entry not folded. Raises Unavailable."""
    size = (await log.head(coop)).next_index
    first = await sets.come(coop)
    while first < size:
        last = min(first + AT_ONCE, size)
        added = await _sets(rows, coop, await rows.releases(coop, first, last))
        # Where another process was faster, what it left is where to go on.
        first = last if await sets.add(coop, added, first=first, last=last) else await sets.come(coop)
        if progress is not None:
            progress(first, size)
    return first


async def advance_all(log: Log, rows: SideRows, sets: HeldSets, coops: Sequence[str]) -> None:
    """Fold what every co-op has released. Raises Unavailable."""
    for coop in coops:
        await advance(log, rows, sets, coop)


async def rebuild(log: Log, rows: SideRows, sets: HeldSets, coop: str, *, progress: Progress | None = None) -> int:
    """Make all sets again from the first entry on. Members whose side rows are erased are then in none."""
    await sets.forget(coop)
    return await advance(log, rows, sets, coop, progress=progress)


async def held(
    log: Log, rows: SideRows, sets: HeldSets, coop: str, *, partner: str, agreement: str, purpose: str
) -> BitMap:
    """Return the ordinals of whom a partner holds under an agreement for a purpose, as of the newest entry."""
    await advance(log, rows, sets, coop)
    return joined(await sets.of(coop, partner=partner, agreement=agreement, purpose=purpose))


async def ordinals_of(rows: SideRows, coop: str, releases: Sequence[Provided]) -> list[BitMap]:
    """Return the members of each release as ordinals; whoever was only in small transfers so far gets one."""
    numbers = await _numbers(rows, coop, releases)
    found = []
    for release in releases:
        few = BitMap(numbers[one.tag] for one in release.members.subjects)
        found.append(few | joined((chunk.number, chunk.container) for chunk in release.members.chunks))
    return found


async def _numbers(rows: SideRows, coop: str, releases: Sequence[Provided]) -> dict[bytes, int]:
    tags = [one.tag for release in releases for one in release.members.subjects]
    return dict(zip(tags, await rows.ordinals(coop, tags), strict=True)) if tags else {}


async def _sets(rows: SideRows, coop: str, releases: Sequence[Provided]) -> dict[HeldBy, bytes]:
    numbers = await _numbers(rows, coop, releases)
    few: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    many: dict[tuple[str, str, str], list[tuple[int, bytes]]] = defaultdict(list)
    for release in releases:
        whom = _whom.decode(release.entry)
        key = whom.partner, whom.agreement, whom.purpose
        few[key] += [numbers[one.tag] for one in release.members.subjects]
        many[key] += [(chunk.number, chunk.container) for chunk in release.members.chunks]
    # One set for all small transfers of a batch: a set for each would cost more than all else here.
    return {
        (*key, number): container_of(low)
        for key, ordinals in few.items()
        for number, low in parts(BitMap(ordinals) | joined(many[key]))
    }
