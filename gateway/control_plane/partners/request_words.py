"""What is said to whoever breaks a rule of acts that take two people (core/changes/partner_request.py), and how to mend it."""

from typing import Final, Literal

from gateway.core.changes.partner_request import Rule
from gateway.core.refused import Refused

Told = Rule | Literal["deciding", "approver", "client", "active", "suspended"]
"""`deciding`: the rule `role` for whoever approves; the others are of what is asked for."""

_STATES: Final = {"open": "承認待ち", "approved": "承認済み", "refused": "却下", "withdrawn": "取下げ"}
_WORDS: Final[dict[Told, tuple[str, str]]] = {
    "state": (
        "この申請はもう「{ja}」です。もう一度読み直してください",
        "this request is `{en}` by now; look at it again",
    ),
    "role": (
        "提供先についての申請は、運用(operator)か起案(admin)の担当者が行います",
        "an operator or an admin asks for this, or withdraws it; you hold neither role now",
    ),
    "deciding": (
        "承認・却下は承認者(manager)が行います。いま役割のある人に依頼してください",
        "a manager approves or refuses this; you do not hold the role now",
    ),
    "own": (
        "`{by}` は自分の申請を承認・却下できません。別の承認者(manager)に依頼してください",
        "`{by}` cannot approve or refuse this, having asked for it; another manager does",
    ),
    "reason": ("理由を書いてください", "say why"),
    "waiting": (
        "同じ申請が承認待ちです。それを承認するか、取り下げてからにしてください",
        "the same is asked for already and waits: approve or withdraw that one first",
    ),
    "approver": (
        "二人が必要です。もう一人の承認者(manager)を --approver で指定してください",
        "this takes two people: name a manager, another person, with --approver",
    ),
    "client": (
        "公布されたどの版にも、`{by}` という提供先・システムはありません。先に契約とともに公布してください",
        "no published version names `{by}`; publish it with its agreement first",
    ),
    "active": (
        "この提供先はすでに有効です。再開することはありません",
        "this partner is active already; there is nothing to resume",
    ),
    "suspended": (
        "申請の後に、この提供先は改めて停止されました。停止の理由を確かめ、必要なら申請し直してください",
        "this partner was suspended anew after this was asked for; see why, and ask again if it still stands",
    ),
}


def refused_request(rule: Told, *, state: str = "", by: str = "") -> Refused:
    """Return the refusal for a rule; `by` is who breaks it, or what is not there."""
    ja, en = (text.format(ja=_STATES.get(state, state), en=state, by=by) for text in _WORDS[rule])
    return Refused("role" if rule == "deciding" else rule, ja, en)
