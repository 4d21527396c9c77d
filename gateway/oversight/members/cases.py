"""案件 as dossiers: a person's request from its receipt to its end, each step by the rules of core/members/rights.py, in the log.

An entry says which step was taken and by whom. What was asked, by whom and about whom, and why it was decided so, stands
in the sealed body alone: the reasons of these entries are fixed texts, so that nobody's data gets into the log by typing.
"""

from collections.abc import Callable, Collection
from datetime import date
from typing import Final

import msgspec

from gateway.core.days import jst_day
from gateway.core.dossier import Dossier, Event
from gateway.core.identity import member_tag
from gateway.core.members import rights
from gateway.core.members.rights import OPEN_STATES, Answer, Case, Decision, Identity, State, due_day, state_of
from gateway.core.refused import Refused
from gateway.oversight import dossiers
from gateway.oversight.desk import OversightDesk

_REASONS: Final = {
    "opened": "申出の受付",
    "identified": "本人確認の登録",
    "charged": "手数料の登録",
    "decided": "判断の登録",
    "answered": "回答書の作成",
    "closed": "案件の終了",
}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A case and the dossier that it stands in."""

    dossier: Dossier
    case: Case

    @property
    def id(self) -> str:
        """What the case is called."""
        return self.dossier.id

    @property
    def state(self) -> State:
        """How far it has come."""
        return state_of(self.case)

    def overdue(self, today: date) -> bool:
        """Tell whether it is open past its due day."""
        return self.state != "closed" and self.dossier.due is not None and self.dossier.due < today


def today_of(desk: OversightDesk) -> date:
    """Return the calendar day in Japan."""
    return jst_day(desk.clock())


async def open_case(desk: OversightDesk, coop: str, case: Case, *, by: str) -> Kept:
    """Take a request in. Raises Refused, Unavailable."""
    made = rights.opened(case, today=today_of(desk))
    dossier = await dossiers.begin(
        desk,
        coop,
        "case",
        made,
        state=state_of(made),
        by=by,
        reason=_REASONS["opened"],
        due=due_day(made),
        member=made.member,
    )
    return Kept(dossier=dossier, case=made)


async def all_cases(
    desk: OversightDesk, coop: str, *, states: Collection[State] = (), tag: bytes | None = None
) -> list[Kept]:
    """Return the cases in these states, of one member if named: open ones by due day, then those closed last first.

    Raises Unavailable.
    """
    found = await desk.dossiers.all(coop, "case", states=states, tag=tag)
    kept = [Kept(dossier=one, case=dossiers.read(desk, one, Case)) for one in found]
    waiting = [one for one in kept if one.state != "closed"]
    ended = [one for one in kept if one.state == "closed"]
    return [
        *sorted(waiting, key=lambda one: (one.dossier.due or date.max, one.dossier.opened, one.id)),
        *sorted(ended, key=lambda one: (one.dossier.changed, one.id), reverse=True),
    ]


async def of_member(desk: OversightDesk, coop: str, code: str) -> list[Kept]:
    """Return the open cases about one member. Raises Unavailable."""
    return await all_cases(desk, coop, states=OPEN_STATES, tag=member_tag(desk.secrets(coop).subject, coop, code))


async def case_of(desk: OversightDesk, coop: str, case: str) -> Kept | None:
    """Return one case; None where there is none of this id. Raises Unavailable."""
    dossier = await desk.dossiers.get(coop, case)
    if dossier is None or dossier.matter != "case":
        return None
    return Kept(dossier=dossier, case=dossiers.read(desk, dossier, Case))


async def identify(desk: OversightDesk, kept: Kept, identity: Identity, *, revision: int, by: str) -> Kept:
    """Record how it was checked who asks. Raises Refused, Unavailable."""
    return await _step(
        desk,
        kept,
        "identified",
        lambda case: rights.identified(case, identity, today=today_of(desk)),
        revision=revision,
        by=by,
    )


async def charge(desk: OversightDesk, kept: Kept, yen: int, *, revision: int, by: str) -> Kept:
    """Record the fee. Raises Refused, Unavailable."""
    most = desk.rights_fees.get(kept.dossier.coop)
    return await _step(
        desk, kept, "charged", lambda case: rights.charged(case, yen, most=most), revision=revision, by=by
    )


async def decide(desk: OversightDesk, kept: Kept, decision: Decision, *, revision: int, by: str) -> Kept:
    """Record what was decided. Raises Refused, Unavailable."""
    return await _step(
        desk,
        kept,
        "decided",
        lambda case: rights.decided(case, decision, today=today_of(desk)),
        revision=revision,
        by=by,
        event="decided",
    )


async def answer(desk: OversightDesk, kept: Kept, made: Answer, *, by: str) -> Kept:
    """Record an answer sheet. Raises Refused, Unavailable."""
    return await _step(
        desk,
        kept,
        "answered",
        lambda case: rights.answered(case, made),
        revision=kept.dossier.revision,
        by=by,
    )


async def close(desk: OversightDesk, kept: Kept, *, revision: int, by: str) -> Kept:
    """End the case. Raises Refused, Unavailable."""
    return await _step(
        desk,
        kept,
        "closed",
        lambda case: rights.closed(case, today=today_of(desk)),
        revision=revision,
        by=by,
        event="closed",
    )


async def _step(
    desk: OversightDesk,
    kept: Kept,
    step: str,
    act: Callable[[Case], Case],
    *,
    revision: int,
    by: str,
    event: Event = "changed",
) -> Kept:
    if revision != kept.dossier.revision:
        raise Refused(
            "revision",
            "他の人が先に変更しました。もう一度読み直し、変更を確かめてからやり直してください",
            "somebody else changed it first; look at it again, then repeat what you meant to do",
        )
    made = act(kept.case)
    dossier = await dossiers.change(
        desk,
        kept.dossier,
        made,
        event=event,
        by=by,
        reason=_REASONS[step],
        state=state_of(made),
        due=kept.dossier.due,
    )
    return Kept(dossier=dossier, case=made)
