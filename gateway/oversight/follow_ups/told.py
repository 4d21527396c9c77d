"""What is shown of follow-ups: counts, whom one is about, what was answered, the text of a reminder."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag

from gateway.core.follow_ups.follow_up import Duty, FollowUp
from gateway.jose import rfc4648
from gateway.jose.rfc5116 import unseal
from gateway.oversight.desk import OversightDesk
from gateway.oversight.members.restricted import note_look
from gateway.ports import Unavailable
from gateway.tlog.codes import open_code

DUTY_WORDS: Final[dict[Duty, tuple[str, str]]] = {
    "correct": ("訂正の反映(改めて取得する)", "correct (pull again)"),
    "stop_using": ("利用の停止", "stop using"),
    "delete": ("消去", "delete"),
}


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Follow-ups counted; `overdue` and `blocking` are among those not met."""

    open: int
    acknowledged: int
    certified: int
    overdue: int
    blocking: int


def tally(found: Sequence[FollowUp], today: date) -> Tally:
    """Count follow-ups."""
    return Tally(
        open=sum(one.state == "open" for one in found),
        acknowledged=sum(one.state == "acknowledged" for one in found),
        certified=sum(one.state == "certified" for one in found),
        overdue=sum(one.overdue(today) for one in found),
        blocking=sum(one.blocking(today) for one in found),
    )


async def overdue(desk: OversightDesk, coop: str, today: date) -> list[FollowUp]:
    """Return the follow-ups that are overdue. Raises Unavailable."""
    found = await desk.follow_ups.all(coop, states=("open", "acknowledged"))
    return [one for one in found if one.overdue(today)]


async def looked_at(desk: OversightDesk, found: FollowUp, *, by: str, reason: str) -> list[str]:
    """Return whom a follow-up is about; the look is in the log before. Raises Refused, Unavailable."""
    tags = [tag for tag, _ in await desk.follow_ups.codes(found.coop, found.entry)]
    await note_look(desk, found.coop, tags, by=by, reason=reason, view=found.id)
    return await codes_of(desk, found)


async def codes_of(desk: OversightDesk, found: FollowUp) -> list[str]:
    """Return whom a follow-up is about, sorted; whose rows are erased is not among them. Raises Unavailable."""
    key = desk.secrets(found.coop).requests
    try:
        return sorted(
            open_code(key, found.coop, tag, sealed)
            for tag, sealed in await desk.follow_ups.codes(found.coop, found.entry)
        )
    except ValueError:
        raise Unavailable("what is kept of a follow-up cannot be read") from None


def certificate_of(answer: str) -> str:
    """Return what an answer says in words: the certificate in what was signed, or what was written of a paper."""
    parts = answer.split(".")
    try:
        claims = msgspec.json.decode(rfc4648.decode(parts[1])) if len(parts) == 3 else None
    except (ValueError, msgspec.DecodeError):
        return answer
    return str(claims.get("certificate") or "") if isinstance(claims, dict) else answer


def answer_of(desk: OversightDesk, found: FollowUp) -> str | None:
    """Return what the partner signed, or what was written of its paper; None before it answered. Raises Unavailable."""
    if found.answer is None:
        return None
    try:
        context = f"follow-up/{found.coop}/{found.id}".encode()
        return unseal(desk.secrets(found.coop).requests, found.answer, context).decode()
    except InvalidTag:
        raise Unavailable("what is kept of an answer cannot be read") from None


def reminder(found: FollowUp, *, coop: str, partner: str, today: date) -> str:
    """Return what a partner is written that has not answered: which follow-up, what, by when; never about whom."""
    ja, _ = DUTY_WORDS[found.duty]
    about = f"{found.period}分" if found.period is not None else f"{found.members}件"
    late = "期限を過ぎています。" if found.overdue(today) else ""
    stop = (
        ""
        if found.blocks is None
        else f"応答がないまま{found.blocks:%Y年%m月%d日}になると、契約 {found.agreement} による提供を停止します。\n"
    )
    return (
        f"{partner} 御中\n\n"
        f"共同利用の個人データについて、次の対応をお願いしています。{late}\n\n"
        f"通知番号: {found.id}\n"
        f"契約: {found.agreement}\n"
        f"対応: {ja}({about})\n"
        f"期限: {found.due:%Y年%m月%d日}\n\n"
        "対象は API(GET /v1/follow-ups)で暗号化して受け取れます。対応したら、同じ API で受領または実施の証明に署名してください。\n"
        f"{stop}\n"
        f"{coop}\n"
    )
