"""指摘事項: what was found, who mends it by when, what was done, and that somebody else saw it done.

open → corrected (what was done is written down) → closed, by another person than wrote it down and than its owner.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, Literal

import msgspec

from gateway.core.days import jst_day
from gateway.core.dossier import Dossier
from gateway.core.plain_text import writable
from gateway.core.refused import Refused
from gateway.oversight import dossiers
from gateway.oversight.desk import OversightDesk

State = Literal["open", "corrected", "closed"]
STATES: Final[tuple[State, ...]] = ("open", "corrected", "closed")
LONGEST: Final = 2_000


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done."""

    what: Literal["corrected", "postponed", "returned", "closed"]
    text: str
    by: str
    at: datetime


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and what became of it."""

    text: str
    owner: str
    """Who of the staff mends it."""
    review: str | None = None
    item: int | None = None
    """The entry that it was found in, of that review's sample."""
    steps: tuple[Step, ...] = ()


def read(desk: OversightDesk, dossier: Dossier) -> Finding:
    """Return what is kept of a finding. Raises Unavailable."""
    return dossiers.read(desk, dossier, Finding)


def overdue(found: Iterable[Dossier], now: datetime) -> list[Dossier]:
    """Return the findings that are not closed and whose day has passed."""
    today = jst_day(now)
    return [one for one in found if one.state != "closed" and one.due is not None and one.due < today]


async def check(desk: OversightDesk, coop: str, *, text: str, owner: str, due: date) -> None:
    """Check what a finding says. Raises Refused, Unavailable."""
    _check_text(text)
    known = await desk.staff.people(coop)
    if known and owner not in {one.id for one in known if one.active}:
        raise Refused(
            "owner", "担当者を在籍中の人から選んでください", "choose an owner from among the people who are active"
        )
    _check_due(desk, due)


async def raise_finding(
    desk: OversightDesk,
    coop: str,
    *,
    text: str,
    owner: str,
    due: date,
    by: str,
    review: str | None = None,
    item: int | None = None,
    finding: str | None = None,
) -> Dossier:
    """Enter a finding. Raises Refused, Unavailable."""
    await check(desk, coop, text=text, owner=owner, due=due)
    body = Finding(text=text, owner=owner, review=review, item=item)
    of = "finding" if review is None else f"finding of {review}"
    return await dossiers.begin(desk, coop, "finding", body, state="open", by=by, reason=of, due=due, dossier=finding)


async def correct(desk: OversightDesk, dossier: Dossier, *, action: str, by: str) -> Dossier:
    """Write down what was done about it. Raises Refused, Unavailable."""
    _in_state(dossier, "open")
    _check_text(action)
    return await _step(desk, dossier, "corrected", action, by=by, state="corrected", event="decided", due=dossier.due)


async def postpone(desk: OversightDesk, dossier: Dossier, *, due: date, why: str, by: str) -> Dossier:
    """Give it another day, and say why. Raises Refused, Unavailable."""
    _in_state(dossier, "open")
    _check_text(why)
    _check_due(desk, due)
    return await _step(desk, dossier, "postponed", why, by=by, state="open", event="changed", due=due)


async def give_back(desk: OversightDesk, dossier: Dossier, *, why: str, by: str) -> Dossier:
    """Say that what was done is not enough. Raises Refused, Unavailable."""
    _in_state(dossier, "corrected")
    _check_text(why)
    return await _step(desk, dossier, "returned", why, by=by, state="open", event="changed", due=dossier.due)


async def close(desk: OversightDesk, dossier: Dossier, *, text: str, by: str) -> Dossier:
    """Say that it is mended, as somebody who neither owns it nor wrote any of it. Raises Refused, Unavailable."""
    _in_state(dossier, "corrected")
    _check_text(text)
    body = read(desk, dossier)
    if by in {body.owner, dossier.author, *(one.by for one in body.steps if one.what == "corrected")}:
        raise Refused(
            "own",
            "指摘した人、是正の担当者、是正を記録した人は完了にできません。別の人に確認を依頼してください",
            "whoever found it, owns it or wrote down what was done does not close it; ask somebody else to look",
        )
    return await _step(desk, dossier, "closed", text, by=by, state="closed", event="closed", due=dossier.due)


async def _step(
    desk: OversightDesk,
    dossier: Dossier,
    what: Literal["corrected", "postponed", "returned", "closed"],
    text: str,
    *,
    by: str,
    state: State,
    event: Literal["changed", "decided", "closed"],
    due: date | None,
) -> Dossier:
    body = read(desk, dossier)
    made = msgspec.structs.replace(body, steps=(*body.steps, Step(what=what, text=text, by=by, at=desk.clock())))
    return await dossiers.change(
        desk, dossier, made, event=event, by=by, reason=what, state=state, due=due, by_another=event == "closed"
    )


def _in_state(dossier: Dossier, state: State) -> None:
    if dossier.state != state:
        raise Refused(
            "state",
            "この指摘事項は今の状態ではその操作ができません。もう一度読み直し、今の状態でできる操作を選んでください",
            f"the finding is `{dossier.state}`, which does not allow this; look at it again",
        )


def _check_text(text: str) -> None:
    if not text.strip() or len(text) > LONGEST or not writable(text):
        raise Refused(
            "text",
            f"内容を書いてください({LONGEST}字まで。制御文字は使えません)",
            f"write what there is to say, in {LONGEST} characters at most and without control characters",
        )


def _check_due(desk: OversightDesk, due: date) -> None:
    if due < jst_day(desk.clock()):
        raise Refused(
            "due", "期限が過ぎた日付です。今日以後の日付にしてください", "the day has passed; name today or a later one"
        )
