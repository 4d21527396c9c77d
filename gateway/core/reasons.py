"""Reasons of a denial, `gate:subject:state`: what an operator reads in the log, stable for ever.

The subject is an identifier (a notice version, purpose, field, clause, partner), never a value. A state, once
published here, keeps its meaning; new ones may be added.
"""

from typing import Literal

Gate = Literal["request", "notice", "agreement", "grant", "fault"]

STATES: dict[str, dict[str, tuple[str, str]]] = {
    "request": {
        "malformed": ("要求の形式に誤りがあります", "the request is malformed"),
        "unverified": ("要求の署名を確認できません", "the signed request could not be verified"),
        "unknown": ("データ項目の一覧にない項目です", "the field is in no catalogue"),
        "mismatch": ("アクセストークンの内容と一致しません", "not what the access token was issued for"),
        "enumeration_alert": (
            "渡したことのない人への空振りが多くなっています",
            "many were asked for who are neither available nor held",
        ),
        "enumeration_stop": (
            "渡したことのない人への空振りが多いため、組合員を名指す要求を翌日まで止めました",
            "so many were asked for who are neither available nor held that requests naming members wait for the next day",
        ),
    },
    "notice": {
        "absent": ("その日に有効な公表事項がありません", "no notice is in force"),
        "ended": ("公表事項の適用が終わっています", "the notice has ended"),
        "not_held": ("公表事項の本文を保管していません", "the text of the notice is not held"),
        "unpublished": ("公表事項が公表されていません", "the notice is not published"),
        "incomplete": ("公表事項に法27条5項3号の事項が欠けています", "the notice lacks matters of Art. 27(5)(iii)"),
        "not_a_user": ("共同利用者の範囲に含まれません", "not among the joint users"),
        "not_stated": ("公表事項にありません", "not stated in the notice"),
        "not_joint": ("共同利用の目的ではありません", "never a purpose of joint use"),
        "undecided": ("共同利用の目的に含まれるかが未決定です", "whether it rides joint use is undecided"),
        "use_required": ("利用の区分まで指定が必要です", "the purpose must be asked for by use"),
        "no_subject": ("対象となる人の区分がありません", "purpose and notice share no subject category"),
        "unresolved": ("どの公表項目に当たるかが未決定です", "no decision puts the field under its item"),
        "wrong_purpose": (
            "この種別の項目を提供できる目的ではありません",
            "the class is not released under this purpose",
        ),
        "product_required": ("商品・サービスの範囲の指定が必要です", "a product class is required"),
        "no_products": ("公表事項は商品・サービスの範囲を定めていません", "the notice defines no product classes"),
        "not_contact": ("連絡に必要な項目ではありません", "not a contact field"),
    },
    "agreement": {
        "unknown": ("契約がありません", "no such agreement"),
        "out_of_term": ("契約期間外です", "outside its term"),
        "missing": (
            "必須の条項または根拠の記録がありません",
            "a mandatory clause or piece of evidence is not recorded",
        ),
        "expired": ("根拠の記録の期限が過ぎています", "the evidence has expired"),
        "overdue": ("監督の期限と猶予が過ぎています", "supervision is overdue past its grace"),
        "inactive": ("提供先が利用停止中です", "the partner is not active"),
        "archived": ("提供先との取引は終わっています", "the partner is archived"),
        "follow_up_overdue": (
            "訂正・停止等の通知に期限までに応じていません",
            "a correction, stop or erasure that it was told of is overdue",
        ),
        "abroad": ("提供先が外国にあり決定がありません", "the partner is abroad and no decision covers it"),
        "unknown_client": ("提供先のクライアントではありません", "not a client of the partner"),
        "no_signing_key": ("要求に署名した鍵が有効ではありません", "the key that signed the request is not valid"),
        "no_key": ("有効な暗号鍵がありません", "no valid encryption key"),
    },
    "grant": {
        "not_granted": ("提供範囲に含まれません", "not granted"),
        "case_required": ("案件番号が必要です", "a case number is required"),
        "undecided": ("個別の決定がありません", "no decision allows it"),
        "over_quota": ("1日の提供人数の上限に達しました", "the daily quota is exhausted"),
        "filter_required": ("絞り込み条件が必要です", "a further filter is required"),
    },
    "fault": {
        "unavailable": ("一時的に応答できません", "temporarily unavailable"),
        "failed": ("処理に失敗しました", "failed"),
        "overdue": ("期限までに得られていません", "did not come in time"),
    },
}
"""Gate → state → what it means (Japanese, English)."""


def reason(gate: Gate, subject: str, state: str) -> str:
    """Return `gate:subject:state`; a state that is not published is a programming error (KeyError)."""
    STATES[gate][state]
    return f"{gate}:{subject}:{state}"


def explain(text: str) -> tuple[str, str]:
    """Return a reason in words, (Japanese, English)."""
    gate, _, rest = text.partition(":")
    subject, _, state = rest.rpartition(":")
    ja, en = STATES[gate][state]
    return f"{subject}: {ja}", f"{subject}: {en}"
