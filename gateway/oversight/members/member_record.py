"""組合員照会: everything that the log knows of one member: provisions, stops, what partners were told, who looked, who holds.

What it reads is read by the member's side rows; where these were erased, nothing of those entries is known any more, and
the record says up to when. Partners appear by their codes: member_words.py says them as they were named then.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from gateway.core.identity import member_tag
from gateway.core.state import Effect, MembersLifted, MembersNotified, MembersRestricted, Restriction
from gateway.oversight.desk import OversightDesk
from gateway.oversight.members import held
from gateway.oversight.members.history import AT_ONCE, Provision, provision_of
from gateway.oversight.members.restricted import in_force
from gateway.ports import Logged
from gateway.tlog.entries import Access, Erase, FollowUp, Restrict, decode


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """A restriction set or lifted for this member; or, `told` by the core system, a withdrawal or correction."""

    index: int
    time: str
    event: Literal["set", "lifted", "told"]
    restriction: str
    """Its kind; of what was told, `withdrawal` or `correction`."""
    partner: str | None
    purpose: str | None
    ground: str | None
    by: str
    reason: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A correction, stop or erasure that a partner was told of."""

    index: int
    time: str
    follow_up: str
    partner: str
    agreement: str | None
    purpose: str | None
    duty: str
    due: str
    state: str | None = None
    """None where this gateway does not know how it stands."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the staff looked at what concerns this member."""

    index: int
    time: str
    look_up: str
    by: str
    reason: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, oldest first; `size` is how many entries the log had."""

    size: int
    provisions: tuple[Provision, ...] = ()
    delivered: frozenset[int] = frozenset()
    """Indexes of the provisions whose last byte was handed to the connection (送信完了)."""
    stops: tuple[Stop, ...] = ()
    in_force: tuple[Restriction, ...] = ()
    told: tuple[Told, ...] = ()
    looks: tuple[Looked, ...] = ()
    holders: tuple[tuple[str, str, str], ...] = ()
    """(Partner, agreement, purpose) of those that hold the member's data now."""
    erased: str | None = None
    """The time of the last entry whose side rows were erased: what was before it is not known of anybody."""

    def __repr__(self) -> str:
        """What is known of a person does not print itself."""
        return f"<Record up to {self.size}>"


async def record(desk: OversightDesk, coop: str, code: str) -> Record:
    """Return what the log knows of a member as of now; the look itself was entered before. Raises Unavailable."""
    tag = member_tag(desk.secrets(coop).subject, coop, code)
    size = (await desk.log.head(coop)).next_index
    imported: dict[int, Restrict] = {}
    indexes = [index for index in await desk.side_rows.of_member(coop, tag) if index < size]
    provisions: list[Provision] = []
    stops: list[Stop] = []
    told: list[Told] = []
    looks: list[Looked] = []
    for at in range(0, len(indexes), AT_ONCE):
        for logged in await desk.side_rows.entries(coop, indexes[at : at + AT_ONCE]):
            provided = provision_of(logged)
            if provided is not None:
                provisions.append(provided)
                continue
            match decode(logged.entry):
                case Restrict(event="imported") as entry:
                    imported[logged.index] = entry
                case Restrict() as entry:
                    stops.append(_stop(logged, entry))
                case FollowUp() as entry:
                    told.append(await _told(desk, coop, logged, entry))
                case Access() as entry:
                    looks.append(_looked(logged, entry))
                case _:
                    pass
    stops += _of_imports(imported, await desk.member_events.effects(coop, list(imported)), tag)
    await held.advance(desk.log, desk.side_rows, desk.held_sets, coop)
    return Record(
        size=size,
        provisions=tuple(provisions),
        delivered=frozenset(await desk.deliveries.delivered(coop, [one.index for one in provisions])),
        stops=tuple(sorted(stops, key=lambda one: one.index)),
        in_force=in_force(desk.current(coop).restrictions.get(tag, ()), desk.clock()),
        told=tuple(told),
        looks=tuple(looks),
        holders=tuple(sorted(await desk.erasable.holders(coop, tag))),
        erased=await _erased(desk, coop),
    )


def _stop(logged: Logged, entry: Restrict) -> Stop:
    return Stop(
        index=logged.index,
        time=entry.time,
        event="lifted" if entry.event == "lifted" else "set",
        restriction=entry.restriction or "",
        partner=entry.partner,
        purpose=entry.purpose,
        ground=entry.ground,
        by=entry.by,
        reason=entry.reason,
    )


def _of_imports(imported: Mapping[int, Restrict], effects: Sequence[tuple[int, Effect]], tag: bytes) -> Iterator[Stop]:
    """Yield what imports did to a member: the entries say how many of each kind, their effects say whom."""
    for index, effect in effects:
        entry = imported[index]
        said: dict[str, Any] = {"index": index, "time": entry.time, "by": entry.by, "reason": entry.reason}
        match effect:
            case MembersRestricted(tags=tags, restriction=one, ground=ground) if tag in tags:
                said |= {"partner": one.partner, "purpose": one.purpose, "ground": ground}
                yield Stop(event="set", restriction=one.kind, **said)
            case MembersLifted(tags=tags) as one if tag in tags:
                said |= {"partner": one.partner, "purpose": one.purpose, "ground": one.ground}
                yield Stop(event="lifted", restriction=one.kind, **said)
            case MembersNotified(tags=tags, cause=cause) if tag in tags:
                yield Stop(event="told", restriction=cause, partner=None, purpose=None, ground=None, **said)
            case _:
                pass


async def _told(desk: OversightDesk, coop: str, logged: Logged, entry: FollowUp) -> Told:
    stands = await desk.follow_ups.get(coop, entry.follow_up)
    return Told(
        index=logged.index,
        time=entry.time,
        follow_up=entry.follow_up,
        partner=entry.partner,
        agreement=entry.agreement,
        purpose=entry.purpose,
        duty=entry.duty,
        due=entry.due,
        state=None if stands is None else stands.state,
    )


def _looked(logged: Logged, entry: Access) -> Looked:
    return Looked(index=logged.index, time=entry.time, look_up=entry.look_up, by=entry.by, reason=entry.reason)


async def _erased(desk: OversightDesk, coop: str) -> str | None:
    """Return the time of the last entry whose side rows were erased as a range."""
    last = -1
    for raw in await desk.log.of_kind(coop, "erase"):
        entry = decode(raw)
        if isinstance(entry, Erase) and entry.event == "side_rows" and entry.last is not None:
            last = max(last, entry.last)
    if last < 0:
        return None
    [logged] = await desk.side_rows.entries(coop, [last])
    return decode(logged.entry).time
