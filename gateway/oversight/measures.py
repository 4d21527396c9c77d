"""宣言した安全管理措置: what the co-op says it does under each heading of the guideline, with its evidence and next day.

The gateway measures none of it: it keeps what was declared, by whom, since when, and says 「なし」 where nothing is. Training
is declared person by person, with the day on which it runs out; where the co-op chose so, nobody approves without it.
Source: domain.md §2.2, D-07c, K-H1; security-profile §8.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

import msgspec

from gateway.core.days import jst_day
from gateway.core.dossier import Dossier
from gateway.core.plain_text import one_line, writable
from gateway.core.refused import Refused
from gateway.core.reviews.safety_measures import NUMBERS, TRAINING
from gateway.oversight import dossiers
from gateway.oversight.desk import OversightDesk

State = Literal["declared", "ended"]
LONGEST: Final = 4_000
LONGEST_TITLE: Final = 200


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One measure, as declared."""

    heading: str
    """Its number in the guideline's annex (core/reviews/safety_measures.py)."""
    title: str
    evidence: str
    """What shows it: a document, a place, a register."""
    done: date
    """Since when, or when it was last done."""
    due: date | None = None
    """When it is to be done or looked at again; of training, the last day on which it counts."""
    person: str | None = None
    """Of training: who took it."""
    declared_by: str = ""


def read(desk: OversightDesk, dossier: Dossier) -> Measure:
    """Return what is kept of a measure. Raises Unavailable."""
    return dossiers.read(desk, dossier, Measure)


async def declare(desk: OversightDesk, coop: str, measure: Measure, *, by: str) -> Dossier:
    """Declare a measure. Raises Refused, Unavailable."""
    await _check(desk, coop, measure)
    made = msgspec.structs.replace(measure, declared_by=by)
    return await dossiers.begin(
        desk, coop, "measure", made, state="declared", by=by, reason=measure.heading, due=measure.due
    )


async def renew(desk: OversightDesk, dossier: Dossier, measure: Measure, *, by: str) -> Dossier:
    """Declare a measure as it is now; its heading stays. Raises Refused, Unavailable."""
    _declared(dossier)
    made = msgspec.structs.replace(measure, heading=read(desk, dossier).heading, declared_by=by)
    await _check(desk, dossier.coop, made)
    return await dossiers.change(desk, dossier, made, event="changed", by=by, reason=made.heading, due=made.due)


async def end(desk: OversightDesk, dossier: Dossier, *, why: str, by: str) -> Dossier:
    """Say that a measure is not taken any more. Raises Refused, Unavailable."""
    _declared(dossier)
    if len(why) > LONGEST:
        raise _too_long()
    body = read(desk, dossier)
    return await dossiers.change(desk, dossier, body, event="closed", by=by, reason=why, state="ended", due=dossier.due)


def overdue(found: Iterable[Dossier], today: date) -> list[Dossier]:
    """Return the measures that go on and whose next day has passed."""
    return [one for one in found if one.state == "declared" and one.due is not None and one.due < today]


async def check_trained(desk: OversightDesk, coop: str, person: str) -> None:
    """Check that somebody has training that counts today. Raises Refused, Unavailable."""
    today = jst_day(desk.clock())
    for one in await desk.dossiers.all(coop, "measure", states=("declared",)):
        if one.due is not None and one.due >= today:
            body = read(desk, one)
            if body.heading == TRAINING and body.person == person and body.done <= today:
                return
    raise Refused(
        "training",
        "個人情報の教育の有効な記録がないため、承認できません。教育を受け、コンプライアンスの担当者に"
        "「安全管理措置」の画面で記録してもらってください",
        "you have no valid record of training in personal data, so you cannot approve; take it, and let compliance enter it "
        "among the safety measures",
    )


async def _check(desk: OversightDesk, coop: str, measure: Measure) -> None:
    today = jst_day(desk.clock())
    if measure.heading not in NUMBERS:
        raise Refused("heading", "見出しを一覧から選んでください", "choose a heading from the list")
    if not one_line(measure.title) or len(measure.title) > LONGEST_TITLE:
        raise Refused(
            "title",
            f"措置の名前を1行({LONGEST_TITLE}字まで)で書いてください",
            f"name the measure in one line of {LONGEST_TITLE} characters at most",
        )
    if not measure.evidence.strip() or not writable(measure.evidence):
        raise Refused(
            "evidence",
            "証跡(規程、記録、場所など、確かめられるもの)を書いてください",
            "write the evidence: a rule, a record, a place, something that can be looked at",
        )
    if len(measure.evidence) > LONGEST:
        raise _too_long()
    if measure.done > today:
        raise Refused("done", "実施日がまだ来ていません", "the day on which it was done has not come yet")
    if measure.due is not None and measure.due < measure.done:
        raise Refused(
            "due", "次の期限が実施日より前です。直してください", "the next day is before the day on which it was done"
        )
    await _check_training(desk, coop, measure)


async def _check_training(desk: OversightDesk, coop: str, measure: Measure) -> None:
    if measure.heading != TRAINING:
        if measure.person is not None:
            raise Refused("person", "受講者を書けるのは教育だけです", "a person is named for training alone")
        return
    known = await desk.staff.people(coop)
    if measure.person is None or (known and measure.person not in {one.id for one in known}):
        raise Refused("person", "教育を受けた人を選んでください", "choose who took the training")
    if measure.due is None:
        raise Refused("due", "教育の有効期限を書いてください", "say until when the training counts")


def _declared(dossier: Dossier) -> None:
    if dossier.state != "declared":
        raise Refused(
            "state",
            "終了した措置は変更できません。新しく登録してください",
            "a measure that has ended does not change; declare a new one",
        )


def _too_long() -> Refused:
    return Refused("text", f"{LONGEST}字までにしてください", f"write {LONGEST} characters at most")
