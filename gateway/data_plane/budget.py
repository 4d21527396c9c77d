"""The enumeration budget at work: refused at the door, noted after the answer, counted beside the requests.

No request waits for a database because of it. Suspending the partner stays a person's act.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from math import ceil
from typing import Final, Literal

import msgspec

from gateway.core.days import Moment, jst_day, midnight_after
from gateway.core.detection.enumeration import Verdict
from gateway.core.identity import tagger
from gateway.core.outcome import Denial
from gateway.core.policy import Policy
from gateway.data_plane.desk import Desk
from gateway.data_plane.enumeration import Named
from gateway.data_plane.passing import Asking, Fetched, Minimized
from gateway.ports import HeldSets, Unavailable
from gateway.tlog.sets import joined
from gateway.web.problems import Problem

EVERY_S: Final = 1.0
AT_ONCE: Final = 1_000
"""Tags looked up in one statement."""

Standing = Literal["alert", "stopped"]
"""What a partner is told of its own budget."""
_TOLD: Final[dict[Verdict, Standing | None]] = {"none": None, "alert": "alert", "stop": "stopped"}


def refuse_beyond(desk: Desk, *, coop: str, client: str, agreement: str, at: datetime) -> None:
    """Raise Problem `rate-limited`, until the next day of Japan, for a client that is over its budget."""
    day = jst_day(at)
    if desk.enumeration.verdict(coop, client, day) != "stop":
        return
    if _reconciled(desk.snapshots.current(coop).policy_at(Moment(at)), agreement, at):
        return
    desk.summaries.add(coop, client, "rate-limited", at.timestamp())
    raise Problem("rate-limited", retry_after=ceil((midnight_after(day) - at).total_seconds()))


def note_named(desk: Desk, asking: Asking, fetched: Fetched | Denial | None, minimized: Minimized | Denial) -> None:
    """Note what a request that was answered named; pages and exports name nobody."""
    if asking.mark is not None or not isinstance(fetched, Fetched) or not isinstance(minimized, Minimized):
        return
    permit, members = minimized.permit, getattr(asking.request, "members", None)
    if not members or _reconciled(permit.policy, permit.agreement, minimized.at):
        return
    day = jst_day(minimized.at)
    named = Named(coop=asking.coop, partner=asking.partner, client=asking.client, day=day, released=minimized.tags)
    if minimized.not_available:
        unread = frozenset(code for page in fetched.pages for code in page.refused)
        named = msgspec.structs.replace(named, members=members, unread=unread)
    if not desk.enumeration.add(named):
        desk.telemetry.count("enumeration_uncounted", coop=asking.coop)


def told(desk: Desk, policy: Policy, *, client: str, agreement: str, at: datetime) -> Standing | None:
    """Return what a client is told of its budget under an agreement; None while it keeps within it."""
    if _reconciled(policy, agreement, at):
        return None
    return _TOLD[desk.enumeration.verdict(policy.coop, client, jst_day(at))]


async def count(desk: Desk, sets: HeldSets, fold: Callable[[], Awaitable[None]]) -> None:
    """Count what waits, and tell the log of every client whose verdict became weightier. Raises Unavailable.

    `fold` brings the sets up to the newest release: whoever was released before a request is then in them. What cannot
    be counted now waits for the next time.
    """
    taken = desk.enumeration.take()
    if taken:
        try:
            await fold()
            missed = await asyncio.to_thread(_missed, desk, taken)
            held = await _held_of(desk, sets, taken, missed)
        except Unavailable:
            desk.enumeration.back(taken)
            raise
        for named, tags in zip(taken, missed, strict=True):
            theirs = held[named.coop, named.partner]
            desk.enumeration.counted(named, missed=tags, unknown=[tag for tag in tags if tag not in theirs])
    for coop, client, verdict in desk.enumeration.judged():
        desk.telemetry.note("enumeration budget", coop=coop, client=client, verdict=verdict)
        desk.summaries.add(coop, client, f"enumeration_{verdict}", desk.clock().timestamp())


def _missed(desk: Desk, taken: Iterable[Named]) -> list[list[bytes]]:
    """Return of each request the tags of whom it asked for in vain."""
    found: list[list[bytes]] = []
    for named in taken:
        coop = desk.coops.get(named.coop)  # taken out meanwhile: its tags are of another key
        if coop is None or not named.members:
            found.append([])
            continue
        tag_of, released = tagger(coop.secrets.subject, coop.id), frozenset(named.released)
        tags = [tag_of(code) for code in named.members if code not in named.unread]
        found.append([tag for tag in tags if tag not in released])
    return found


async def _held_of(
    desk: Desk, sets: HeldSets, taken: Sequence[Named], missed: Sequence[Sequence[bytes]]
) -> dict[tuple[str, str], set[bytes]]:
    """Return by co-op and partner those of the tags whose member the partner holds."""
    wanted: dict[tuple[str, str], set[bytes]] = defaultdict(set)
    for named, tags in zip(taken, missed, strict=True):
        wanted[named.coop, named.partner].update(tags)
    return {whose: await _held(desk, sets, *whose, sorted(tags)) for whose, tags in wanted.items()}


async def _held(desk: Desk, sets: HeldSets, coop: str, partner: str, tags: Sequence[bytes]) -> set[bytes]:
    """Return those of the tags whose member the partner holds, under whichever of its agreements."""
    numbers: dict[int, bytes] = {}
    for start in range(0, len(tags), AT_ONCE):
        some = tags[start : start + AT_ONCE]
        known = await desk.side_rows.known_ordinals(coop, some)
        numbers |= {number: tag for number, tag in zip(known, some, strict=True) if number is not None}
    if not numbers:
        return set()
    found: set[bytes] = set()
    for whose, agreement, purpose in await sets.whose(coop):
        if whose == partner:
            containers = await sets.of(coop, partner=partner, agreement=agreement, purpose=purpose)
            ordinals = await asyncio.to_thread(joined, containers)
            found |= {tag for number, tag in numbers.items() if number in ordinals}
    return found


def _reconciled(policy: Policy | None, agreement: str, at: datetime) -> bool:
    """Tell whether an approved window of reconciliation is open: then the budget neither counts nor stops."""
    its = None if policy is None else policy.agreements.get(agreement)
    return its is not None and its.reconciliation is not None and Moment(at).within(its.reconciliation)
