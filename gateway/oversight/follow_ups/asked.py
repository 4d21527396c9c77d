"""What compliance enters: a correction or erasure that partners are told of, and what a partner answered on paper."""

from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import Final, Literal

from gateway.core.follow_ups.follow_up import Answer, Duty, FollowUp, allowed, ending, ends_block
from gateway.core.identity import member_tag
from gateway.core.members.masters import check_staff
from gateway.core.plain_text import LONGEST_REASON, is_reason, writable
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import seal
from gateway.oversight.desk import OversightDesk
from gateway.oversight.dossiers import new_id
from gateway.oversight.follow_ups.holding import holders
from gateway.oversight.follow_ups.opening import ROUNDS, named, open_one
from gateway.oversight.members import held
from gateway.ports import Bounced, Change, Committed, MemberCode, Submission, Unavailable, Unchanged
from gateway.tlog import entries
from gateway.tlog.codes import seal_code
from gateway.tlog.entries import instant

Asked = Literal["correction", "erasure"]
DUTY: Final[dict[Asked, Duty]] = {"correction": "correct", "erasure": "delete"}
"""What partners do about it."""
_ROLE: Final = Refused(
    "role",
    "この操作に必要な役割(コンプライアンス)を今は持っていません。管理者に役割の付与を依頼してください",
    "you hold no role for this now (compliance); ask for one",
)


async def tell_partners(
    desk: OversightDesk,
    coop: str,
    codes: Sequence[str],
    *,
    asked: Asked,
    partner: str | None,
    purpose: str | None,
    by: str,
    reason: str,
    due: date | None = None,
) -> list[FollowUp]:
    """Tell every partner that holds these members that they were corrected or erased; return the follow-ups opened.

    None where no partner holds them. Raises Refused, Unavailable.
    """
    _said(reason)
    if asked == "correction":
        check_staff(desk.masters(coop), "correction")
    secrets = desk.secrets(coop)
    members = []
    for code in dict.fromkeys(codes):
        tag = member_tag(secrets.subject, coop, code)
        members.append(MemberCode(tag, seal_code(secrets.requests, coop, tag, code)))
    await held.advance(desk.log, desk.side_rows, desk.held_sets, coop)
    opened = []
    for (holder, agreement), theirs in (await holders(desk, coop, members, partner=partner, purpose=purpose)).items():
        made = await open_one(
            desk,
            coop,
            await named(desk, coop, theirs),
            identifier=new_id("fu"),
            cause=asked,
            duty=DUTY[asked],
            partner=holder,
            agreement=agreement,
            purpose=purpose,
            by=by,
            reason=reason,
            by_rule=False,
            due=due,
        )
        if made is None:
            raise _ROLE
        opened.append(made)
    return opened


async def answered_on_paper(
    desk: OversightDesk, found: FollowUp, answer: Answer, *, text: str, by: str, reason: str
) -> None:
    """Take in what a partner answered on paper: `text` says what it is, who signed it when, and where it is kept.

    Raises Refused where the follow-up is past that, or `by` may not; Unavailable.
    """
    _said(reason)
    if not text.strip() or not writable(text):
        raise Refused("paper", "回答の内容を書いてください", "say what the answer is")
    sealed = seal(desk.secrets(found.coop).requests, text.encode(), f"follow-up/{found.coop}/{found.id}".encode())
    for _ in range(ROUNDS):
        stored = await desk.follow_ups.get(found.coop, found.id)
        if stored is None or not allowed(stored.state, answer):
            raise Refused(
                "state",
                "この通知は既に応答済みです。もう一度読み直してください",
                "this follow-up has been answered already; look at it again",
            )
        now, gov = desk.clock(), (await desk.log.head(found.coop)).gov
        said = entries.Ack(
            coop=found.coop,
            time=instant(now),
            gov=gov if ends_block(stored, answer) else None,
            event=answer,
            follow_up=found.id,
            partner=found.partner,
            acknowledgement=rfc4648.encode(sha256(text.encode()).digest()),
            by=by,
            reason=reason,
        )
        values = {"id": found.id, "partner": found.partner, "by": by, "answer": rfc4648.encode(sealed)}
        verdict = await desk.log.append(
            found.coop,
            Submission.of(
                said,
                now,
                gov=said.gov,
                effects=ending(stored, answer),
                change=Change(statement=f"follow_up_{answer}_on_paper", values=dict(values)),
            ),
        )
        match verdict:
            case Committed():
                return
            case Unchanged():
                raise _ROLE
            case Bounced():
                continue
            case _:
                break
    raise Unavailable("the log did not take the entry of an answer")


def _said(reason: str) -> None:
    if not is_reason(reason):
        raise Refused(
            "reason", f"理由を{LONGEST_REASON}字までで書いてください", f"say why, in up to {LONGEST_REASON} characters"
        )
