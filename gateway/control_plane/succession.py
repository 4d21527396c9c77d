"""A log begun anew because the one before it lost its end for good: it begins with the stops that were in force.

A database holds one log of a co-op. Under another name there would be a second one beside it, without the stops of the
first: so that is refused, unless somebody says which one it succeeds, and so is the first from then on. Nothing but the stops is taken over; policy, partners,
keys and people are decided again, by people, and until then everything is denied.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

import msgspec

from gateway.control_plane.govern import StaleBase, govern
from gateway.core.identity import SALT, Subject, commit
from gateway.core.state import Effect, MembersLifted, MembersRestricted, Restriction, Snapshot, apply
from gateway.jose import rfc4648
from gateway.ports import Clock, Log
from gateway.tlog.entries import Entry, Restrict, instant

Stops = dict[Restriction, list[tuple[bytes, datetime | None]]]
"""What is stopped → members' tags, and when the co-op received it."""


class UnderAnotherName(ValueError):
    """The database holds the co-op's log under another name; the text says what to do, in Japanese and English."""

    def __init__(self, coop: str, name: str, others: Sequence[str]) -> None:
        known = ", ".join(f"`{one}/{coop}`" for one in others)
        super().__init__(
            f"データベースにある提供ログは {known} ですが、GATEWAY_NAME は `{name}` です。別の名前のログは、組合員の利用停止等を知りません。"
            "GATEWAY_NAME を元に戻してください。失われたログを新しく始めるときだけ、GATEWAY_SUCCEEDS に前の名前を書きます(docs/operations.md) / "
            f"the database holds the log {known}, and GATEWAY_NAME is `{name}`: a log of another name knows no stop of any "
            "member. Set GATEWAY_NAME back; only where a log that is lost begins anew, GATEWAY_SUCCEEDS names the one before "
            "(docs/operations.md)"
        )


async def succeed(log: Log, before: Log, coop: str, *, name: str, by: str, clock: Clock) -> None:
    """Begin a log that has no entry yet with the stops that are in force in the one before it, of that `name`.

    Its first entry says so: how many stops and members, and the root of what the log before it has left. Raises Unavailable.
    """
    stops = await _stops(before, coop)
    left = await before.head(coop)
    tags = list(dict.fromkeys(tag for members in stops.values() for tag, _ in members))
    subjects = tuple(Subject(tag, os.urandom(SALT)) for tag in tags)
    commitment = rfc4648.encode(commit(tags, [one.salt for one in subjects]))
    counts: dict[str, int] = defaultdict(int)
    for stop, members in stops.items():
        counts[f"{stop.kind}:set"] += len(members)

    def act(gov: int, now: datetime) -> tuple[Entry, tuple[Effect, ...]]:
        entry = Restrict(
            coop=coop,
            time=instant(now),
            gov=gov,
            event="imported",
            events=dict(counts),
            digest=rfc4648.encode(left.frontier.root()),
            members=len(tags),
            commitment=commitment,
            by=by,
            reason=f"`{name}/{coop}` の {left.next_index} 件の続き / succeeds its {left.next_index} entries",
        )
        return entry, tuple(_effect(stop, members) for stop, members in stops.items())

    try:
        await govern(log, coop, act, clock=clock, base=-1, subjects=subjects)
    except StaleBase:  # another process began it in between
        return


async def _stops(before: Log, coop: str) -> Stops:
    """Return the stops in force in a log. Raises Unavailable."""
    snapshot = Snapshot(coop=coop)
    _, effects = await before.effects(coop, -1)
    for index, effect in effects:
        if isinstance(effect, MembersRestricted | MembersLifted):
            snapshot = apply(snapshot, index, effect, _unread)
    stops: Stops = defaultdict(list)
    for tag, restrictions in snapshot.restrictions.items():
        for one in restrictions:
            stops[msgspec.structs.replace(one, received=None)].append((tag, one.received))
    return stops


def _effect(stop: Restriction, members: Sequence[tuple[bytes, datetime | None]]) -> MembersRestricted:
    tags, received = zip(*members, strict=True)
    return MembersRestricted(tags=tags, restriction=stop, received=received if any(received) else ())


def _unread(_document: bytes, _digest: str) -> NoReturn:
    raise AssertionError("no stop is in a policy")
