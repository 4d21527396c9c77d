"""Follow-ups that arise by themselves: a member is restricted, leaves or is corrected, a grant's retention passes, an agreement ends.

Each has an identifier that its source alone determines, so that whoever comes to it a second time, another process or this
one after it was killed, opens nothing twice; how far each course has come is written only after what it led to stands in the
log, so that nothing is left out either.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Final

import msgspec
from pyroaring import BitMap

from gateway.core.days import jst_day, midnight
from gateway.core.follow_ups.follow_up import Cause, Duty, derived_id
from gateway.core.policy import Agreement
from gateway.core.state import (
    Effect,
    MembersLifted,
    MembersNotified,
    MembersRestricted,
    Restriction,
    RestrictionKind,
    Snapshot,
)
from gateway.oversight.desk import OversightDesk
from gateway.oversight.follow_ups.holding import holders
from gateway.oversight.follow_ups.opening import Whom, named, numbered, open_one
from gateway.oversight.members import held
from gateway.ports import MemberCode
from gateway.tlog.sets import joined

EVERY_S: Final = 5.0
AT_ONCE: Final = 512
BY: Final = "gateway"


class _Release(msgspec.Struct, frozen=True):
    time: str
    partner: str
    agreement: str
    grant: str
    policy: str


# As of the log's own entries elsewhere, no more is read than is needed here.
_release = msgspec.json.Decoder(_Release).decode


async def arise(desk: OversightDesk, coops: Iterable[str]) -> None:
    """Open what has arisen at every co-op by now. Raises Unavailable."""
    for coop in coops:
        await from_restrictions(desk, coop)
        await from_ended(desk, coop)
        await from_retention(desk, coop)


# ── restrictions ──


async def from_restrictions(desk: OversightDesk, coop: str) -> None:
    """Open a follow-up for every partner and agreement that holds whoever was restricted since the last round.

    Or left the co-op, or was corrected: what the core system told of members (control_plane/members) leads to them too.
    """
    first = await desk.follow_ups.come(coop, "restrictions")
    gov, effects = await desk.log.effects(coop, -1 if first is None else first - 1)
    if first is not None and gov < first:
        return
    duties = desk.follow_up_rules(coop).duties
    if any(isinstance(effect, MembersRestricted | MembersNotified) for _, effect in effects):
        # What was released before the stop is in the sets now, and nothing of these members is released after it.
        await held.advance(desk.log, desk.side_rows, desk.held_sets, coop)
    position = 0
    for index, group in groupby(effects, key=lambda one: one[0]):
        of_entry = [effect for _, effect in group]
        position += len(of_entry)
        if not any(isinstance(effect, MembersRestricted | MembersNotified) for effect in of_entry):
            continue
        arisen = _arisen(duties, of_entry, [later for _, later in effects[position:]])
        await _of_entry(desk, coop, index, arisen, alone=len(of_entry) == 1)
    await desk.follow_ups.go(coop, "restrictions", first=first, last=gov + 1)


class _Told(msgspec.Struct, frozen=True, order=True):
    """What partners are told of the members of an entry; "" for all partners, or all purposes."""

    cause: Cause
    duty: Duty
    partner: str = ""
    purpose: str = ""


_REASONS: Final[Mapping[Cause, str]] = {"restriction": "利用停止等", "withdrawal": "脱退", "correction": "訂正"}
_LEFT: Final = Restriction(kind="stop_provide", start=datetime.min.replace(tzinfo=UTC))
"""What withdrawing from the co-op restricts, and lifting which takes it back."""


def _arisen(
    duties: Mapping[RestrictionKind, Duty], of_entry: Sequence[Effect], later: Sequence[Effect]
) -> dict[_Told, set[bytes]]:
    """Return what an entry's effects lead to, each with whom it concerns still.

    Who left is erased: that they are not to be used until then goes without saying.
    """
    found: dict[_Told, set[bytes]] = defaultdict(set)
    left: set[bytes] = set()
    for effect in of_entry:
        match effect:
            case MembersRestricted(tags=tags, restriction=one) if one.kind in duties:
                told = _Told("restriction", duties[one.kind], one.partner or "", one.purpose or "")
                found[told] |= _not_lifted(tags, one, later)
            case MembersNotified(tags=tags, cause="withdrawal"):
                left |= _not_lifted(tags, _LEFT, later)
            case MembersNotified(tags=tags):
                found[_Told("correction", "correct")] |= set(tags)
            case _:
                pass
    for told in found:
        if told.cause == "restriction":
            found[told] -= left
    if left:
        found[_Told("withdrawal", "delete")] = left
    return dict(sorted(found.items()))


def _not_lifted(tags: Iterable[bytes], one: Restriction, later: Iterable[Effect]) -> set[bytes]:
    """Return whom a restriction concerns still: a mistake that was taken back at once tells no partner anything."""
    still = set(tags)
    for effect in later:
        if isinstance(effect, MembersLifted) and (effect.kind, effect.partner, effect.purpose) == (
            one.kind,
            one.partner,
            one.purpose,
        ):
            still -= set(effect.tags)
    return still


async def _of_entry(
    desk: OversightDesk, coop: str, index: int, arisen: Mapping[_Told, set[bytes]], *, alone: bool
) -> None:
    """Open what an entry leads to; `alone`: it has one effect, so that its index, partner and agreement name it."""
    codes = await desk.follow_ups.codes(coop, index) if arisen else []
    for told, still in arisen.items():
        members = [MemberCode(tag, code) for tag, code in codes if tag in still]
        holding = await holders(desk, coop, members, partner=told.partner or None, purpose=told.purpose or None)
        for (partner, agreement), theirs in holding.items():
            which = () if alone else (told.cause, told.duty, told.partner, told.purpose)
            await open_one(
                desk,
                coop,
                await named(desk, coop, theirs),
                identifier=derived_id("restriction", coop, str(index), partner, agreement, *which),
                cause=told.cause,
                source=index,
                duty=told.duty,
                partner=partner,
                agreement=agreement,
                purpose=told.purpose or None,
                by=BY,
                reason=f"{_REASONS[told.cause]}(記録 {index})",
                by_rule=True,
            )


# ── agreements that ended, retention that passed ──


async def from_ended(desk: OversightDesk, coop: str) -> None:
    """Open one notice of erasure for each partner and agreement that ended, about all that is held under it."""
    snapshot, now = desk.current(coop), desk.clock()
    for agreement, end in _ended(snapshot, now):
        day = None if end is None else jst_day(end - timedelta(milliseconds=1))
        mark = "-" if day is None else day.isoformat()
        identifier = derived_id("ended", coop, agreement.partner, agreement.id, mark)
        if await desk.follow_ups.get(coop, identifier) is not None:
            continue
        await held.advance(desk.log, desk.side_rows, desk.held_sets, coop)
        whom = numbered(await _held_under(desk, coop, agreement))
        if whom.count:
            period = (day or jst_day(now)).isoformat()
            await _erase(
                desk,
                coop,
                whom,
                partner=agreement.partner,
                agreement=agreement.id,
                identifier=identifier,
                period=period,
                ended=True,
            )


def _ended(snapshot: Snapshot, now: datetime) -> list[tuple[Agreement, datetime | None]]:
    """Return the agreements that are over, each with the end of its term; one that no version names any more is over too."""
    begun = [version for version in snapshot.versions if version.effective <= now]
    if not begun:
        return []
    current = max(begun, key=lambda version: version.index).policy.agreements
    known = {one.id: one for version in begun for one in version.policy.agreements.values()} | dict(current)
    return [
        (one, one.term.end)
        for one in known.values()
        if one.id not in current or (one.term.end is not None and one.term.end <= now)
    ]


async def _held_under(desk: OversightDesk, coop: str, agreement: Agreement) -> BitMap:
    found = BitMap()
    for partner, name, purpose in await desk.held_sets.whose(coop):
        if (partner, name) == (agreement.partner, agreement.id):
            found |= joined(await desk.held_sets.of(coop, partner=partner, agreement=name, purpose=purpose))
    return found


async def from_retention(desk: OversightDesk, coop: str) -> None:
    """Open one notice of erasure for each partner, agreement and month in which the retention of what it holds passed.

    A month is looked at once it is over. Whoever was provided again since, and whose retention goes on, is left out.
    """
    come = await desk.follow_ups.come(coop, "retention")
    this = _month(jst_day(desk.clock()))
    begin = come if come is not None else await _first_month(desk, coop)
    for month in range(this if begin is None else begin, this):
        for (partner, agreement), ordinals in (await _passed(desk, coop, month)).items():
            period = f"{month // 12}-{month % 12 + 1:02}"
            identifier = derived_id("retention", coop, partner, agreement, period)
            if await desk.follow_ups.get(coop, identifier) is None:
                whom = numbered(ordinals)
                await _erase(
                    desk, coop, whom, partner=partner, agreement=agreement, identifier=identifier, period=period
                )
        if not await desk.follow_ups.go(coop, "retention", first=come, last=month + 1):
            return  # another process was faster, and goes on from there
        come = month + 1


async def _first_month(desk: OversightDesk, coop: str) -> int | None:
    first = await desk.log.entries(coop, 0, 1)
    return _month(jst_day(_time(msgspec.json.decode(first[0])["time"]))) if first else None


async def _passed(desk: OversightDesk, coop: str, month: int) -> dict[tuple[str, str], BitMap]:
    """Return whose retention passed in a month and was not begun anew, by partner and agreement.

    Memory: a set of ordinals for each. Of an agreement that ended everything is erased by another notice.
    """
    snapshot, now = desk.current(coop), desk.clock()
    kept_for = {
        (version.policy.digest, agreement.id, grant.id): grant.retention_days
        for version in snapshot.versions
        for agreement in version.policy.agreements.values()
        for grant in agreement.grants
    }
    over = {(agreement.partner, agreement.id) for agreement, _ in _ended(snapshot, now)}
    start = midnight(date(month // 12, month % 12 + 1, 1) - timedelta(days=max(kept_for.values(), default=0)))
    first, last = await desk.side_rows.span(coop, start, now)
    passed: dict[tuple[str, str], BitMap] = defaultdict(BitMap)
    goes_on: dict[tuple[str, str], BitMap] = defaultdict(BitMap)
    for at in range(first, last, AT_ONCE):
        releases = await desk.side_rows.releases(coop, at, min(at + AT_ONCE, last))
        for release, ordinals in zip(releases, await held.ordinals_of(desk.side_rows, coop, releases), strict=True):
            said = _release(release.entry)
            days = kept_for.get((said.policy, said.agreement, said.grant))
            if days is None or (said.partner, said.agreement) in over:
                continue
            until = _month(jst_day(_time(said.time)) + timedelta(days=days))
            if until >= month:
                into = passed if until == month else goes_on
                into[said.partner, said.agreement] |= ordinals
    left = {key: ordinals - goes_on.get(key, BitMap()) for key, ordinals in sorted(passed.items())}
    return {key: ordinals for key, ordinals in left.items() if ordinals}


async def _erase(
    desk: OversightDesk,
    coop: str,
    whom: Whom,
    *,
    partner: str,
    agreement: str,
    identifier: str,
    period: str,
    ended: bool = False,
) -> None:
    await open_one(
        desk,
        coop,
        whom,
        identifier=identifier,
        cause="ended" if ended else "retention",
        duty="delete",
        partner=partner,
        agreement=agreement,
        period=period,
        by=BY,
        reason=f"契約の終了({period})" if ended else f"保存期間の満了({period})",
        by_rule=True,
        may_block=not ended,
    )


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
