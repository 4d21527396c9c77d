"""案件「incident」: what stands in one incident's dossier, and each step that changes it.

受付 → 範囲 → 報告対象の確認(または報告不要) → 速報 → 続報 → 確報 → 終結. Every step is one entry of the log with its
reason; every draft that was saved is kept.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

import msgspec

from gateway.core.days import jst_day
from gateway.core.dossier import Dossier, Event
from gateway.core.incidents.breach import TRIGGERS, Proposed, Trigger, encrypted, propose
from gateway.core.incidents.incident import MATTERS, OPEN, Known, Matter, Party, Report, Scope, State, Wanted
from gateway.core.plain_text import writable
from gateway.core.refused import Refused
from gateway.oversight import dossiers
from gateway.oversight.desk import OversightDesk
from gateway.oversight.incidents.intake import LONGEST_TEXT, Intake, check
from gateway.oversight.incidents.scope import Progress, scope
from gateway.oversight.incidents.standing import next_due

MATTER: Final = "incident"
Ground = Literal["no_trigger", "encrypted", "processor", "other"]
GROUNDS: Final[tuple[Ground, ...]] = get_args(Ground)
"""Why no report is due."""
MOST_DRAFTS: Final = 200


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided of the triggers, and what it was decided on."""

    triggers: Mapping[Trigger, bool]
    report: bool
    ground: Ground | None = None
    reason: str
    by: str
    at: datetime
    size: int
    """The log when the scope was counted: it is another one at every count."""
    answers: tuple[Known, Known, Party]
    """`wrongful`, `safe` and `party` of the intake then."""

    @property
    def wrongful(self) -> bool:
        """Whether the longer term holds."""
        return self.triggers.get("wrongful", False)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a report; a matter that is not known yet is empty."""

    number: int
    report: Report
    texts: Mapping[Matter, str]
    by: str
    at: datetime
    sent: date | None = None
    receipt: str = ""
    """The number that the commission gave."""

    def __repr__(self) -> str:
        """What it says does not print itself."""
        return f"<Draft {self.number} {self.report}>"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner's system reported, as it was signed."""

    client: str
    report: str
    """The partner's own name for it (`jti`)."""
    signed: str
    """Digest of the signed request."""
    known: date
    """When the partner knew."""
    contact: str = ""
    persons: int | None = None


class IncidentFile(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in an incident's dossier."""

    intake: Intake
    scope: Scope | None = None
    proposed: tuple[Proposed, ...] = ()
    judged: Judged | None = None
    drafts: tuple[Draft, ...] = ()
    told: Told | None = None

    def __repr__(self) -> str:
        """What it says does not print itself."""
        return "<IncidentFile>"

    @property
    def wrongful(self) -> bool:
        """Whether the longer term is counted by: as confirmed, or until then as received."""
        return self.judged.wrongful if self.judged is not None else self.intake.wrongful == "yes"

    def sent(self, report: Report) -> date | None:
        """Return when a report was sent first."""
        return min((one.sent for one in self.drafts if one.report == report and one.sent is not None), default=None)

    @property
    def stale(self) -> bool:
        """Whether the scope was counted again, or the intake answered otherwise, since a person decided."""
        if self.judged is None or self.scope is None:
            return False
        return (self.judged.size, self.judged.answers) != (self.scope.size, answers(self.intake))


def answers(intake: Intake) -> tuple[Known, Known, Party]:
    """Return what a decision depends on of an intake."""
    return intake.wrongful, intake.safe, intake.party


async def incidents(desk: OversightDesk, coop: str) -> list[tuple[Dossier, IncidentFile]]:
    """Return every incident of a co-op, the one opened last first. Raises Unavailable."""
    return [(one, dossiers.read(desk, one, IncidentFile)) for one in await desk.dossiers.all(coop, MATTER)]


async def incident(desk: OversightDesk, coop: str, identifier: str) -> tuple[Dossier, IncidentFile] | None:
    """Return one incident. Raises Unavailable."""
    dossier = await desk.dossiers.get(coop, identifier)
    if dossier is None or dossier.matter != MATTER:
        return None
    return dossier, dossiers.read(desk, dossier, IncidentFile)


async def open_incident(desk: OversightDesk, coop: str, intake: Intake, *, by: str, reason: str) -> Dossier:
    """Receive an incident. Raises Refused, Unavailable."""
    check_intake(desk, coop, intake)
    made = IncidentFile(intake=intake)
    return await dossiers.begin(
        desk, coop, MATTER, made, state="received", by=by, reason=reason, partner=intake.partner, due=due(made)
    )


async def amend_intake(
    desk: OversightDesk, dossier: Dossier, was: IncidentFile, intake: Intake, *, by: str, reason: str
) -> Dossier:
    """Correct or complete what was received; what is proposed follows. Raises Refused, Unavailable."""
    _still(dossier)
    check_intake(desk, dossier.coop, intake)
    made = _replaced(was, intake=intake)
    if was.scope is not None:
        made = _replaced(made, proposed=propose(was.scope, wrongful=intake.wrongful, day=intake.known))
    return await _write(desk, dossier, made, event="changed", by=by, reason=reason)


async def count_scope(
    desk: OversightDesk,
    dossier: Dossier,
    was: IncidentFile,
    wanted: Wanted,
    *,
    by: str,
    reason: str,
    progress: Progress | None = None,
) -> Dossier:
    """Ask the log what was reached, and propose the triggers by it. Raises Refused, Unavailable."""
    _still(dossier)
    if wanted.last < wanted.first:
        raise Refused("period", "末日が初日より前です", "the last day is before the first")
    if (wanted.last_index or 0) < (wanted.first_index or 0) and wanted.last_index is not None:
        raise Refused("entries", "記録の番号の範囲が逆です", "the range of entries ends before it begins")
    found = await scope(desk, dossier.coop, wanted, progress=progress)
    proposed = propose(found, wrongful=was.intake.wrongful, day=was.intake.known)
    return await _write(
        desk, dossier, _replaced(was, scope=found, proposed=proposed), event="changed", by=by, reason=reason
    )


async def judge(
    desk: OversightDesk,
    dossier: Dossier,
    was: IncidentFile,
    triggers: Mapping[Trigger, bool],
    *,
    ground: Ground | None,
    by: str,
    reason: str,
) -> Dossier:
    """Confirm the triggers, or with a `ground` decide that no report is due. Raises Refused, Unavailable."""
    _still(dossier)
    if was.scope is None:
        raise Refused(
            "scope", "先に範囲を調べてください。範囲が決まらないと該当を確認できません", "ask for the scope first"
        )
    confirmed = {one: triggers.get(one, False) for one in TRIGGERS}
    if ground is None and not any(confirmed.values()):
        raise Refused(
            "ground",
            "該当するものがないなら、報告不要とする根拠を選んでください",
            "where none of the four holds, choose why no report is due",
        )
    _check_ground(was, confirmed, ground)
    judged = Judged(
        triggers=confirmed,
        report=ground is None,
        ground=ground,
        reason=reason,
        by=by,
        at=desk.clock(),
        size=was.scope.size,
        answers=answers(was.intake),
    )
    if was.sent("first") is not None:
        state: State = "first_sent" if judged.report else "not_required"
    else:
        state = "report" if judged.report else "not_required"
    return await _write(
        desk, dossier, _replaced(was, judged=judged), event="decided", by=by, reason=reason, state=state
    )


def _check_ground(was: IncidentFile, confirmed: Mapping[Trigger, bool], ground: Ground | None) -> None:
    if ground == "no_trigger" and any(confirmed.values()):
        raise Refused(
            "ground",
            "該当と確認したものがあるので「該当なし」では報告不要にできません",
            "one of the four is confirmed, so that `none holds` is no ground",
        )
    if ground == "encrypted":
        assert was.scope is not None
        holds = encrypted(was.scope.encryptions, safe=was.intake.safe, day=was.intake.known)
        if holds != "met":
            raise Refused(
                "ground",
                "高度な暗号化による除外は、すべての提供が一覧の方式で暗号化され、鍵が別に保管されて漏えいしていないと受付で答えたときだけ選べます",
                "the exclusion needs a listed algorithm in every release, and the answer in the intake that the key is safe",
            )
    if ground == "processor" and was.intake.party != "processor":
        raise Refused(
            "ground",
            "委託元への通知(規則9条)を根拠にするには、受付の「報告する者」を委託先にし、理由を書いてください",
            "Rule 9 needs the processor as the reporting party in the intake, with its reason",
        )


async def save_draft(
    desk: OversightDesk,
    dossier: Dossier,
    was: IncidentFile,
    report: Report,
    texts: Mapping[Matter, str],
    *,
    by: str,
    reason: str,
) -> Dossier:
    """Keep a revision of a report. Raises Refused, Unavailable."""
    _still(dossier)
    kept = {one: texts.get(one, "").strip() for one in MATTERS}
    for text in kept.values():
        if not writable(text) or len(text) > LONGEST_TEXT:
            raise Refused(
                "text",
                f"文章は{LONGEST_TEXT}字までで、制御文字は使えません",
                f"a text has at most {LONGEST_TEXT} characters, and no control characters",
            )
    if len(was.drafts) >= MOST_DRAFTS:
        raise Refused("drafts", "これ以上は保存できません", "no more drafts can be kept")
    draft = Draft(number=len(was.drafts) + 1, report=report, texts=kept, by=by, at=desk.clock())
    return await _write(
        desk, dossier, _replaced(was, drafts=(*was.drafts, draft)), event="changed", by=by, reason=reason
    )


async def mark_sent(
    desk: OversightDesk,
    dossier: Dossier,
    was: IncidentFile,
    number: int,
    *,
    sent: date,
    receipt: str,
    by: str,
    reason: str,
) -> Dossier:
    """Record that a draft was sent to the commission on a day. Raises Refused, Unavailable."""
    _still(dossier)
    draft = next((one for one in was.drafts if one.number == number), None)
    if draft is None or draft.sent is not None:
        raise Refused("draft", "その下書きはないか、提出済みです", "there is no such draft, or it was sent")
    if was.judged is None or not was.judged.report:
        raise Refused("judged", "先に報告対象を確認し、報告すると決めてください", "confirm first that a report is due")
    if not was.intake.known <= sent <= jst_day(desk.clock()):
        raise Refused(
            "sent",
            "提出日は、知った日から今日までの日にしてください",
            "it was sent between the day it was known and today",
        )
    unknown = [one for one in MATTERS if not draft.texts.get(one)]
    if draft.report == "final" and unknown:
        raise Refused(
            "unknown",
            f"確報は9事項すべてを報告します。「調査中(不明)」の事項が{len(unknown)}件残っています。書いて保存し直してください",
            f"the final report says all nine matters; {len(unknown)} are still unknown: write them and save again",
        )
    if draft.report != "first" and was.sent("first") is None:
        raise Refused("order", "先に速報を提出してください", "the first report goes first")
    done = msgspec.structs.replace(draft, sent=sent, receipt=receipt.strip())
    made = _replaced(was, drafts=tuple(done if one is draft else one for one in was.drafts))
    states: dict[Report, State] = {"first": "first_sent", "follow_up": "first_sent", "final": "final_sent"}
    state = "final_sent" if dossier.state == "final_sent" else states[draft.report]
    return await _write(desk, dossier, made, event="decided", by=by, reason=reason, state=state)


async def close(desk: OversightDesk, dossier: Dossier, was: IncidentFile, *, by: str, reason: str) -> Dossier:
    """Close an incident: its final report is sent, or none is due. Raises Refused, Unavailable."""
    _still(dossier)
    if dossier.state not in {"final_sent", "not_required"}:
        raise Refused(
            "state",
            "確報を提出するか、報告不要と決めてから終結してください",
            "send the final report, or decide that none is due, before it is closed",
        )
    return await _write(desk, dossier, was, event="closed", by=by, reason=reason, state="closed")


def check_intake(desk: OversightDesk, coop: str, intake: Intake) -> None:
    """Raise Refused for an intake that cannot be, or that names a partner nobody knows."""
    check(intake, today=jst_day(desk.clock()))
    if intake.partner is not None and intake.partner not in known_partners(desk, coop):
        raise Refused(
            "partner",
            "その提供先はありません。一覧から選んでください",
            "there is no such partner; choose one that there is",
        )


def known_partners(desk: OversightDesk, coop: str) -> dict[str, str]:
    """Return the partners of every published version by id, with the name that the newest gives."""
    return {one.id: one.name for version in desk.current(coop).versions for one in version.policy.partners.values()}


def due(made: IncidentFile, state: str = "received") -> date | None:
    """Return the day that comes next, None where nothing is due, or where it cannot be told."""
    return (
        next_due(made.intake.known, wrongful=made.wrongful, first=made.sent("first"), final=made.sent("final"))
        if state in OPEN
        else None
    )


async def _write(
    desk: OversightDesk,
    dossier: Dossier,
    made: IncidentFile,
    *,
    event: Event,
    by: str,
    reason: str,
    state: State | None = None,
) -> Dossier:
    now = dossier.state if state is None else state
    return await dossiers.change(
        desk,
        dossier,
        made,
        event=event,
        by=by,
        reason=reason,
        state=now,
        partner=made.intake.partner,
        due=due(made, now),
    )


def _still(dossier: Dossier) -> None:
    if dossier.state == "closed":
        raise Refused("closed", "終結した案件は変更できません", "an incident that is closed is not changed")


def _replaced(was: IncidentFile, **changes: Any) -> IncidentFile:
    return msgspec.structs.replace(was, **changes)
