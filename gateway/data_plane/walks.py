"""A walk's answers: how many pages of the source make one, and what an earlier walk gave of them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
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
    plain, context = msgspec.msgpack.encode(given), _context(coop, walk, nth)
    h = blake2b(plain, digest_size=16, key=coop.secrets.cursors, person=b"answer").digest()
    return Walked(walk=walk, nth=nth, given=seal(coop.secrets.requests, plain, context), h=h)


async def earlier_of(desk: Desk, coop: str, since: Ended, *, first: int, upto: str | None) -> Earlier:
    """Return what a walk gave from one of its answers on, of the codes up to one (None: all). Raises Unavailable."""
    if not since.ordered:
        return laid([], following=0, lost=True)
    answers: list[tuple[int, Given]] = []
    while first < since.answers:
        count = min(_AT_ONCE, since.answers - first)
        opened = await _opened(desk, coop, since.walk, range(first, first + count))
        if opened is None:
            return laid([], following=0, lost=True)
        answers += opened
        first += count
        if upto is not None and any(one.codes and one.codes[-1] > upto for _, one in opened):
            break
    return laid(answers, following=first, lost=False)


async def removed_in(desk: Desk, coop: str, mark: Mark) -> list[str]:
    """Return who was to be removed by the answers of a walk so far, and was not given after that. Raises Unavailable."""
    removed: dict[str, None] = {}
    for first in range(0, mark.nth if mark.removing else 0, _AT_ONCE):
        opened = await _opened(desk, coop, mark.walk, range(first, min(first + _AT_ONCE, mark.nth)))
        if opened is None:
            raise Unavailable("what a walk has given so far is no longer there")
        for _, one in opened:
            for code in one.codes if removed else ():  # given again, by an answer that was asked for again
                removed.pop(code, None)
            removed |= dict.fromkeys(one.removed)
    return [*removed]


def last_code(pages: list[Records] | tuple[Records, ...], otherwise: str) -> str:
    """Return the last code of the rows of pages."""
    return next((page.rows[-1].code for page in reversed(pages) if page.rows), otherwise)


def upper_end(asking: Asking, pages: list[Records] | tuple[Records, ...], mark: Mark) -> str:
    """Return the last code that an answer goes through, where it is not the walk's last answer."""
    if asking.part is not None and asking.part.upto is not None:
        return asking.part.upto
    return last_code(pages, mark.last)


async def _opened(desk: Desk, coop: str, walk: str, places: range) -> list[tuple[int, Given]] | None:
    """Return the answers at some places of a walk; None where one of them is no longer there. Raises Unavailable."""
    stored = await desk.walks.answers(coop, walk, places.start, len(places))
    try:
        opened = [*_unsealed(desk.coops[coop], walk, stored)]
    except InvalidTag:
        return None  # made under a key that is gone: as if it were not there
    return opened if {nth for nth, _ in opened} == {*places} else None


def _unsealed(coop: Coop, walk: str, stored: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, Given]]:
    for nth, sealed in stored:
        yield nth, msgspec.msgpack.decode(unseal(coop.secrets.requests, sealed, _context(coop, walk, nth)), type=Given)


def _context(coop: Coop, walk: str, nth: int) -> bytes:
    return msgspec.json.encode(["walk", coop.id, walk, nth])
