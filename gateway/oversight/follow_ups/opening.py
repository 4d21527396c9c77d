"""One follow-up is opened: its entry, its row, whom it is about and what it blocks, in one transaction."""

import os
from collections.abc import Sequence
from datetime import date

import msgspec
from pyroaring import BitMap

from gateway.core.days import jst_day
from gateway.core.follow_ups.follow_up import Cause, Duty, FollowUp, opening
from gateway.core.identity import Chunk
from gateway.jose import rfc4648
from gateway.oversight.desk import OversightDesk
from gateway.ports import (
    Bounced,
    Change,
    Committed,
    MemberCode,
    Submission,
    Unavailable,
    Unchanged,
    Values,
)
from gateway.tlog import entries
from gateway.tlog.entries import instant
from gateway.tlog.sets import chunks_of, commitment_of

ROUNDS = 8


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a follow-up is about, as ordinals, and the codes to tell the partner: none where a period says it all."""

    count: int
    chunks: tuple[Chunk, ...] = ()
    codes: tuple[MemberCode, ...] = ()


async def named(desk: OversightDesk, coop: str, codes: Sequence[MemberCode]) -> Whom:
    """Return members by name, each once; whoever is held has an ordinal. Raises Unavailable."""
    ordinals = await desk.side_rows.ordinals(coop, [one.tag for one in codes])
    return Whom(count=len(codes), chunks=chunks_of(ordinals, randomness=os.urandom), codes=tuple(codes))


def numbered(ordinals: BitMap) -> Whom:
    """Return members by their ordinals alone: the partner is told a period."""
    return Whom(count=len(ordinals), chunks=chunks_of(ordinals, randomness=os.urandom))


async def open_one(
    desk: OversightDesk,
    coop: str,
    whom: Whom,
    *,
    identifier: str,
    cause: Cause,
    duty: Duty,
    partner: str,
    agreement: str,
    by: str,
    reason: str,
    by_rule: bool,
    purpose: str | None = None,
    source: int | None = None,
    period: str | None = None,
    due: date | None = None,
    may_block: bool = True,
) -> FollowUp | None:
    """Open a follow-up; None where one of this id is open already or, without `by_rule`, where `by` may not.

    Its due day is counted from today, unless it is given. Raises Unavailable.
    """
    rules = desk.follow_up_rules(coop)
    for _ in range(ROUNDS):
        now, head = desk.clock(), await desk.log.head(coop)
        due_day = due or rules.due(duty, jst_day(now))
        made = FollowUp(
            id=identifier,
            coop=coop,
            entry=-1,
            source=source,
            cause=cause,
            partner=partner,
            agreement=agreement,
            purpose=purpose,
            duty=duty,
            due=due_day,
            blocks=rules.blocks(agreement, due_day) if may_block else None,
            period=period,
            members=whom.count,
            opened=now,
        )
        verdict = await desk.log.append(
            coop, _submission(made, whom, gov=head.gov, by=by, reason=reason, by_rule=by_rule)
        )
        match verdict:
            case Committed(index):
                return msgspec.structs.replace(made, entry=index)
            case Unchanged():
                return None
            case Bounced():
                continue
            case _:
                break
    raise Unavailable("the log did not take the entry of a follow-up")


def _submission(made: FollowUp, whom: Whom, *, gov: int, by: str, reason: str, by_rule: bool) -> Submission:
    blocks = None if made.blocks is None else made.blocks.isoformat()
    said = entries.FollowUp(
        coop=made.coop,
        time=instant(made.opened),
        gov=None if blocks is None else gov,
        follow_up=made.id,
        source=made.source,
        blocks=blocks,
        partner=made.partner,
        agreement=made.agreement,
        purpose=made.purpose,
        duty=made.duty,
        due=made.due.isoformat(),
        members=whom.count,
        commitment=rfc4648.encode(commitment_of(whom.chunks)),
        by=by,
        reason=reason,
    )
    values: Values = {
        "id": made.id,
        "source": made.source,
        "cause": made.cause,
        "partner": made.partner,
        "agreement": made.agreement,
        "purpose": made.purpose,
        "duty": made.duty,
        "due": said.due,
        "blocks": blocks,
        "period": made.period,
        "members": whom.count,
    }
    return Submission.of(
        said,
        made.opened,
        gov=said.gov,
        chunks=whom.chunks,
        codes=whom.codes,
        effects=opening(made),
        change=Change(
            statement="follow_up_opened_by_rule" if by_rule else "follow_up_opened",
            values=values if by_rule else {**values, "by": by},
        ),
    )
