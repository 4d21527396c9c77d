"""What the matrix says: the words for a transform, and for a cell that cannot be granted the mend.

Why a cell is closed is said by the reason that the log would give for a denial (core/reasons.py); here is what to do.
"""

from collections.abc import Iterable

import msgspec

from gateway.core.ceiling import Breach
from gateway.core.reasons import Gate, explain, reason

WITHHELD = ("提供しない", "withheld")


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """Why something cannot be granted, and what would change that."""

    rule: str
    """`gate:subject:state`, as a denial in the log would name it."""
    ja: str
    en: str
    mend_ja: str
    mend_en: str

    def text(self, lang: str) -> str:
        """Return reason, mend and rule in one line."""
        if lang == "ja":
            return f"{self.ja} → {self.mend_ja} [{self.rule}]"
        return f"{self.en}; {self.mend_en} [{self.rule}]"


def told(whys: Iterable[Closed], lang: str) -> str:
    """Return several reasons in one line."""
    return ("。" if lang == "ja" else ". ").join(why.text(lang) for why in whys)


_REMOVE = ("除く", "remove it")
_SAYS: dict[str, tuple[Gate, str, str, str]] = {
    "no_grant": (
        "grant",
        "not_granted",
        "先に契約のファイルへ提供範囲(対象者・鮮度・保管日数)を加える",
        "first add a grant to the agreement's file: population, age and retention",
    ),
    "unknown_field": (
        "request",
        "unknown",
        "つづりを直すか fields.yaml に加える",
        "mind its spelling, or add it to fields.yaml",
    ),
    "wider_product": (
        "grant",
        "not_granted",
        "商品・サービスの範囲が `{other}` の提供範囲で扱う",
        "it belongs to grants of product class `{other}`",
    ),
    "field_undecided": (
        "grant",
        "undecided",
        "提供先と目的を定めた決定 (field_use) を記録する。種別: {other}",
        "record a `field_use` decision for this partner and purpose; its class: {other}",
    ),
    "class_purpose": (
        "notice",
        "wrong_purpose",
        "この種別を名指しする目的で扱う",
        "use a purpose that names its class",
    ),
    "not_contact": (
        "notice",
        "not_contact",
        "`{other}` では連絡先の項目に限る",
        "`{other}` is for contact fields alone",
    ),
    "item_not_stated": (
        "notice",
        "not_stated",
        "公表項目 `{other}` にない種別は提供できない",
        "the item `{other}` does not state this class: it cannot be granted",
    ),
    "unresolved": (
        "notice",
        "unresolved",
        "公表項目 `{other}` に当たるという決定 (open_item / item_field) を記録する",
        "record an `open_item` or `item_field` decision that puts it under the item `{other}`",
    ),
    "unknown_purpose": ("notice", "not_stated", "公表された目的にする", "name a purpose that is published"),
    "use_required": ("notice", "use_required", "利用の区分ごとの提供範囲にする", "grant it by its uses"),
    "purpose_basis": (
        "notice",
        "not_stated",
        "根拠 `{other}` に使える目的にする",
        "choose a purpose for the basis `{other}`",
    ),
    "purpose_never": ("notice", "not_joint", *_REMOVE),
    "purpose_undecided": ("notice", "undecided", "決定 (purpose) を記録する", "record a `purpose` decision"),
    "no_subject": ("notice", "no_subject", *_REMOVE),
    "product_required": ("notice", "product_required", "`products` を書く", "list its `products`"),
    "no_products": ("notice", "no_products", "`products` を除く", "remove `products`"),
    "unknown_product": ("notice", "not_stated", "公表された範囲にする", "name a class that is published"),
    "filter_required": ("grant", "filter_required", "`filters` に書く", "add it under `filters`"),
    "own_partner": ("agreement", "unknown", "生協は自らの提供先にならない", "a co-op is never its own partner"),
    "unknown_partner": ("agreement", "unknown", "partners/ に加える", "add the partner to partners/"),
    "abroad": ("agreement", "abroad", "決定 (abroad) を記録する", "record an `abroad` decision"),
    "missing_clause": ("agreement", "missing", "契約・覚書の条番号を書く", "write the article of the contract"),
    "missing_evidence": ("agreement", "missing", "`evidence` に書く", "record it under `evidence`"),
    "no_supervision": ("agreement", "missing", "`supervision` に書く", "record it under `supervision`"),
    "no_notice": ("notice", "absent", "期間と制度を確かめる", "mind term and programme"),
    "incomplete": ("notice", "incomplete", "公表した本文から補う", "complete the notice from the text as published"),
    "not_a_user": ("notice", "not_a_user", "別の根拠を用いる", "use another basis"),
    "no_ground": ("notice", "not_stated", "公表された提供の場合を書く", "name a ground the notice states"),
    "ground_undecided": ("notice", "undecided", "決定 (ground) を記録する", "record a `ground` decision"),
}
"""State of a breach → gate and state of the denial, and the mend in both languages."""

SHUTS_ALL = frozenset(
    {"own_partner", "unknown_partner", "abroad", "no_notice", "not_a_user", "no_ground", "ground_undecided"}
)
"""States of an agreement under which nothing can be granted; what else it lacks is told and may still be added."""


def said(state: str) -> bool:
    """Tell whether the matrix has words for a breach: what has none is a matter of the files (`policy lint`)."""
    return state in _SAYS


KINDS = {
    "ordinary": ("通常", "ordinary"),
    "financial": ("金融", "financial"),
    "special_care": ("要配慮", "special care"),
    "free_text": ("自由記述", "free text"),
    "household": ("世帯の人の情報", "about the household"),
    "gift": ("贈り先の情報", "about the recipient of a gift"),
    "minor": ("未成年者の情報", "about a minor"),
}
"""What guards a field → (Japanese, English)."""


def closed(breach: Breach) -> Closed:
    """Return a breach in words."""
    other_ja, other_en = KINDS.get(breach.other, (breach.other, breach.other))
    gate, state, mend_ja, mend_en = _SAYS[breach.state]
    # An agreement that lacks a notice is told by the notice it lacks, as the gate tells it.
    subject = breach.other if breach.state == "incomplete" else breach.subject
    rule = reason(gate, subject, state)
    ja, en = explain(rule)
    if breach.notice:
        ja, en = f"公表事項 {breach.notice} の下では {ja}", f"under notice {breach.notice}, {en}"
    return Closed(
        rule=rule, ja=ja, en=en, mend_ja=mend_ja.format(other=other_ja), mend_en=mend_en.format(other=other_en)
    )
