"""What to do about each reason of a denial: the mend, beside the meaning that core/reasons.py gives.

The matrix has its own mends (matrix_words.py): there a file is being written, here a request was refused or would be.
INVARIANT: every published state has one; a test compares the two lists.
"""

from typing import Final

from gateway.control_plane.grants.matrix_words import Closed
from gateway.core.reasons import Gate, explain

GATES: Final[dict[Gate, tuple[str, str]]] = {
    "request": ("要求", "the request"),
    "notice": ("公表事項", "the notice"),
    "agreement": ("契約・覚書", "the agreement"),
    "grant": ("提供範囲", "the grant"),
    "fault": ("障害", "a fault"),
}
"""Gate → what refuses there, in words (Japanese, English)."""

MENDS: Final[dict[tuple[Gate, str], tuple[str, str]]] = {
    ("request", "malformed"): (
        "提供先に、要求の書き方をインターフェース仕様と照らし合わせてもらう",
        "ask the partner to compare how it writes its request with the interface specification",
    ),
    ("request", "unverified"): (
        "提供先の署名鍵が登録したものかを、提供先の画面で確かめる",
        "look at the partner's page: is the key that it signs with the registered one?",
    ),
    ("request", "unknown"): (
        "項目名のつづりを確かめる。新しい項目なら、変更申請で項目の一覧 (fields.yaml) に加える",
        "mind the name; a new field is added to the catalogue (fields.yaml) by a proposal",
    ),
    ("request", "mismatch"): (
        "提供先に、要求と同じ目的・契約・項目でアクセストークンを取り直してもらう",
        "ask the partner to obtain an access token for the same purpose, agreement and fields as its request",
    ),
    ("request", "enumeration_alert"): (
        "提供先に、だれをなぜ求めたかを尋ねる。名簿の照合なら、期間 (reconciliation) を契約・覚書の変更申請で承認する",
        "ask the partner whom it asked for and why; for a reconciliation of lists propose its window in the agreement",
    ),
    ("request", "enumeration_stop"): (
        "提供先に理由を尋ねる。不正が疑われたら運用担当者が提供先を停止する。名簿の照合なら、期間を変更申請で承認する",
        "ask the partner why; an operator suspends it where it looks wrong; a reconciliation has its window proposed",
    ),
    ("notice", "absent"): (
        "その日に適用される公表事項を、公表した本文から登録する変更申請を作る。契約の制度の名前も確かめる",
        "propose the notice that applies on that day, from the text as published; mind the agreement's programme too",
    ),
    ("notice", "ended"): (
        "後を継ぐ公表事項を公表し、変更申請で登録する",
        "publish the notice that follows it, then propose it",
    ),
    ("notice", "not_held"): (
        "公表した本文を探し、変更申請で登録する。本文のない公表事項からは提供しない",
        "find the text as published and propose it; nothing is released under a notice without its text",
    ),
    ("notice", "unpublished"): (
        "公表してから、公表日を変更申請で登録する",
        "publish it first, then propose its day of publication",
    ),
    ("notice", "incomplete"): (
        "欠けている事項を決めて公表し、公表した文面で変更申請を作る。推測で補わない",
        "decide and publish what is missing, then propose it as published; never fill it in by guessing",
    ),
    ("notice", "not_a_user"): (
        "共同利用者の範囲を公表し直すか、委託・同意などの別の根拠による契約にする",
        "publish a notice that names this user, or make an agreement on another basis (entrustment, consent)",
    ),
    ("notice", "not_stated"): (
        "公表事項にある目的・項目・範囲・提供の場合にする。公表事項を広げるなら、先に公表する",
        "use a purpose, item, product class or ground that the notice states; to widen it, publish first",
    ),
    ("notice", "not_joint"): (
        "共同利用できる目的にするか、別の根拠による契約にする。決定では変えられない",
        "use a purpose of joint use, or an agreement on another basis; no decision changes this",
    ),
    ("notice", "undecided"): (
        "公表事項をどう読むかを決め、決定 (purpose または ground) として記録する変更申請を作る",
        "decide how the notice is to be read, and propose it as a decision (`purpose` or `ground`)",
    ),
    ("notice", "use_required"): (
        "目的を利用の区分まで選んで求める (例: P20.deliver)",
        "ask for the purpose by one of its uses (such as P20.deliver)",
    ),
    ("notice", "no_subject"): (
        "その目的の対象となる人を、公表事項の対象と照らし合わせ、別の目的にする",
        "compare whom the purpose is for with whom the notice is for, and use another purpose",
    ),
    ("notice", "unresolved"): (
        "どの公表項目に当たるかを決め、決定 (open_item または item_field) として記録する変更申請を作る",
        "decide which published item it is, and propose it as a decision (`open_item` or `item_field`)",
    ),
    ("notice", "wrong_purpose"): (
        "その種別の項目を提供できると公表した目的で求めるか、項目を外す",
        "ask under a purpose that is published for this class, or leave the field out",
    ),
    ("notice", "product_required"): (
        "商品・サービスの範囲を1つ選んで求める",
        "ask for one product class",
    ),
    ("notice", "no_products"): (
        "商品・サービスの範囲を指定せずに求める",
        "ask without a product class",
    ),
    ("notice", "not_contact"): (
        "連絡に必要な項目だけにする",
        "ask for contact fields alone",
    ),
    ("agreement", "unknown"): (
        "契約の番号と提供先を確かめる。契約がなければ、結んでから変更申請で登録する",
        "mind the agreement's number and the partner; where there is none, conclude one, then propose it",
    ),
    ("agreement", "out_of_term"): (
        "契約を更新し、新しい期間を変更申請で登録する",
        "renew the agreement, then propose its new term",
    ),
    ("agreement", "missing"): (
        "契約・覚書に条項があるかを確かめ、条番号や記録を変更申請で登録する。なければ契約を改める",
        "look for it in the contract and propose its article or record; where it is not there, amend the contract",
    ),
    ("agreement", "expired"): (
        "根拠がまだ続くかを判断し直し、新しい期限を変更申請で登録する",
        "judge anew whether the ground still stands, then propose its new end",
    ),
    ("agreement", "overdue"): (
        "提供先の監督(点検)を行い、その結果と次の期限を変更申請で登録する",
        "supervise the partner, then propose the result and the next due day",
    ),
    ("agreement", "inactive"): (
        "停止した理由がなくなったことを確かめ、運用担当者が提供先を再開する",
        "make sure that the cause is gone; then an operator lets the partner resume",
    ),
    ("agreement", "archived"): (
        "取引を再び始めるなら、契約を結び、提供先のファイルの `archived` を除く変更申請を作る",
        "to deal with it again, conclude an agreement, then propose to take `archived` out of the partner's file",
    ),
    ("agreement", "follow_up_overdue"): (
        "期限を過ぎた訂正・停止等の通知に、提供先が応答(受領または証明)すると、ただちに再開する",
        "once the partner acknowledges or certifies the notice that is overdue, it resumes at once",
    ),
    ("agreement", "abroad"): (
        "外国にある第三者への提供(法28条)の根拠を確かめ、決定 (abroad) を変更申請で記録する",
        "establish what allows a release abroad (Art. 28), then propose an `abroad` decision",
    ),
    ("agreement", "unknown_client"): (
        "提供先のクライアントIDを確かめ、正しければ提供先のファイルに加える変更申請を作る",
        "mind the client id; where it is the partner's, propose it in the partner's file",
    ),
    ("agreement", "no_signing_key"): (
        "提供先の署名用の公開鍵を受け取り、登録する",
        "obtain the partner's public signature key and register it",
    ),
    ("agreement", "no_key"): (
        "提供先の暗号用の公開鍵を受け取り、登録する",
        "obtain the partner's public encryption key and register it",
    ),
    ("grant", "not_granted"): (
        "提供してよいと判断したら、提供範囲に加える変更申請を作る。1項目でも欠けると全体を断る",
        "where it may be given, propose it in the grant; one field that is not granted refuses the whole request",
    ),
    ("grant", "case_required"): (
        "案件番号を付けて求める",
        "ask with a case number",
    ),
    ("grant", "undecided"): (
        "提供先と目的を定めた決定 (field_use) を変更申請で記録するか、項目を外す",
        "propose a `field_use` decision for this partner and purpose, or leave the field out",
    ),
    ("grant", "over_quota"): (
        "翌日に求めるか、上限を改める変更申請を作る",
        "ask the next day, or propose another daily limit",
    ),
    ("grant", "filter_required"): (
        "提供範囲の `filters` に絞り込み条件を書く変更申請を作る",
        "propose the filter in the grant's `filters`",
    ),
    ("fault", "unavailable"): (
        "しばらく待って求め直す。続くようなら運用担当者が状態を確かめる",
        "wait a while and ask again; where it goes on, an operator looks into it",
    ),
    ("fault", "failed"): (
        "要求番号と時刻を運用担当者に知らせる",
        "tell an operator the number of the request and the time",
    ),
    ("fault", "overdue"): (
        "時刻の証明を受ける相手に届いているかを、運用担当者が確かめる",
        "an operator makes sure that whoever attests the log's time can be reached",
    ),
}
"""(Gate, state) → the mend (Japanese, English)."""


def in_words(rule: str) -> Closed:
    """Return a reason `gate:subject:state` with what it means and what would change it. Raises KeyError for no reason."""
    gate, state = gate_of(rule), rule.rpartition(":")[2]
    ja, en = explain(rule)
    mend_ja, mend_en = MENDS[gate, state]
    return Closed(rule=rule, ja=ja, en=en, mend_ja=mend_ja, mend_en=mend_en)


def gate_of(rule: str) -> Gate:
    """Return the gate of a reason. Raises KeyError for one that is none."""
    name = rule.partition(":")[0]
    for gate in GATES:
        if gate == name:
            return gate
    raise KeyError(rule)
