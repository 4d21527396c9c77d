"""A walk's answers: how many pages of the source make one, and what an earlier walk gave of them."""

from collections.abc import Iterator
from datetime import datetime
from math import ceil

import msgspec
from cryptography.exceptions import InvalidTag

from gateway.core.outcome import Permit
from gateway.core.walk import Earlier, Given, Walked, laid
from gateway.data_plane.cursors import Ended, Mark, Seen
from gateway.data_plane.desk import Coop, Desk
from gateway.data_plane.passing import Asking
from gateway.jose.rfc5116 import seal, unseal
from gateway.ports import Records, Unavailable

SOURCE_PAGE = 1_000
"""Members asked of a source at a time at most (docs/source-http.md)."""
MOST_PAGES = 64
"""Of the source for one answer."""
_AT_ONCE = 8


def page_size(limit: int) -> int:
    """Return how many members to ask of the source at a time for an answer of so many."""
    return min(limit, SOURCE_PAGE)


def pages_of(limit: int, mark: Mark) -> int:
    """Return how many pages of the source an answer of at most so many members goes through."""
    return min(MOST_PAGES, ceil(limit / SOURCE_PAGE) * (mark.stride if mark.since else 1))


def stride_after(mark: Mark, *, all_of_it: bool, given: int, limit: int) -> int:
    """Return the stride of the next answer: twice as long where little was given, one where more was there than fits."""
    if not all_of_it:
        return 1
    return min(2 * mark.stride, 16) if given < limit // 2 else mark.stride


def seen_by(mark: Mark, high_water: str | None, permit: Permit, until: datetime) -> Seen | None:
    """Return what a walk was made on, with one answer more; None where that did not stand all the way."""
    ms = int(until.timestamp() * 1_000)
    if mark.nth == 0:
        return None if high_water is None else Seen(high_water=high_water, gov=permit.gov, until=ms)
    if mark.seen is None or mark.seen.gov != permit.gov:
        return None
    return msgspec.structs.replace(mark.seen, until=min(mark.seen.until, ms))


def still_so(mark: Mark, high_water: str | None, permit: Permit, now: datetime) -> bool:
    """Tell, at the start of a walk, whether all stands that the earlier one was made on."""
    seen = mark.since.seen if mark.since and mark.nth == 0 else None
    return (
        seen is not None
        and (seen.high_water, seen.gov) == (high_water, permit.gov)
        and now.timestamp() * 1_000 < seen.until
    )


def seal_given(coop: Coop, walk: str, nth: int, given: Given) -> Walked:
    """Return an answer as it is kept."""
    sealed = seal(coop.secrets.requests, msgspec.msgpack.encode(given), _context(coop, walk, nth))
    return Walked(walk=walk, nth=nth, given=sealed)


async def earlier_of(desk: Desk, coop: str, since: Ended, *, first: int, upto: str | None) -> Earlier:
    """Return what a walk gave from one of its answers on, of the codes up to one (None: all). Raises Unavailable."""
    if not since.ordered:
        return laid([], following=0, lost=True)
    answers: list[tuple[int, Given]] = []
    while first < since.answers:
        count = min(_AT_ONCE, since.answers - first)
        stored = await desk.walks.answers(coop, since.walk, first, count)
        opened = [*_opened(desk.coops[coop], since.walk, stored)]
        if [nth for nth, _ in opened] != [*range(first, first + count)]:
            return laid([], following=0, lost=True)
        answers += opened
        first += count
        if upto is not None and any(one.codes and one.codes[-1] > upto for _, one in opened):
            break
    return laid(answers, following=first, lost=False)


async def removed_in(desk: Desk, coop: str, mark: Mark) -> list[str]:
    """Return who was to be removed by the answers of a walk so far. Raises Unavailable."""
    removed: list[str] = []
    for first in range(0, mark.nth if mark.removing else 0, _AT_ONCE):
        count = min(_AT_ONCE, mark.nth - first)
        stored = [*_opened(desk.coops[coop], mark.walk, await desk.walks.answers(coop, mark.walk, first, count))]
        if len(stored) < count:
            raise Unavailable("what a walk has given so far is no longer there")
        for _, one in stored:
            removed += one.removed
    return removed


def last_code(pages: list[Records] | tuple[Records, ...], otherwise: str) -> str:
    """Return the last code of the rows of pages."""
    return next((page.rows[-1].code for page in reversed(pages) if page.rows), otherwise)


def upper_end(asking: Asking, pages: list[Records] | tuple[Records, ...], mark: Mark) -> str:
    """Return the last code that an answer goes through, where it is not the walk's last answer."""
    if asking.part is not None and asking.part.upto is not None:
        return asking.part.upto
    return last_code(pages, mark.last)


def _opened(coop: Coop, walk: str, stored: list[tuple[int, bytes]]) -> Iterator[tuple[int, Given]]:
    for nth, sealed in stored:
        try:
            plain = unseal(coop.secrets.requests, sealed, _context(coop, walk, nth))
        except InvalidTag:
            return  # made under a key that is gone: as if it were not there
        yield nth, msgspec.msgpack.decode(plain, type=Given)


def _context(coop: Coop, walk: str, nth: int) -> bytes:
    return msgspec.json.encode(["walk", coop.id, walk, nth])
