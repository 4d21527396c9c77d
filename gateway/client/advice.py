"""For each kind of error, what the partner's engineer should do about it, in Japanese and English."""

from typing import Literal

from gateway.client.errors import (
    AnswerRejected,
    ClientError,
    ConfigError,
    ExportEnded,
    ExportGone,
    ExportStalled,
    FileError,
    Refused,
    TransportError,
    Unencodable,
    UsageError,
)

Lang = Literal["ja", "en"]
Text = dict[Lang, str]

_CLOCK: Text = {
    "en": "Set this machine's clock by NTP; proofs are accepted only within about half a minute.",
    "ja": "この機器の時計をNTPで合わせてください。証明は約30秒のずれまでしか受け付けられません。",
}
_KEYS: Text = {
    "en": "Hand the public keys to the co-op and have both approved; the kid, client_id and issuer must be the registered ones. "
    "Where they are, ask the co-op whether the keys have ended, or you are suspended.",
    "ja": "公開鍵を生協に渡し、承認を受けてください。kid、client_id、issuerは登録したものと一致する必要があります。"
    "一致しているなら、鍵の期限切れや利用停止でないか、生協の窓口に確認してください。",
}
_AGREEMENT: Text = {
    "en": "Compare client.json with the agreement (purpose, fields, product, term), then ask the co-op's contact.",
    "ja": "client.jsonを契約・覚書(利用目的、項目、商品範囲、期間)と照合し、生協の窓口に確認してください。",
}
_NOT_PERMITTED: Text = {
    "en": _AGREEMENT["en"]
    + " It may be the day's limit of members, too: `members_left` of GET /v1/grants (`grants()` of the client) "
    "says how many are left, and it starts anew at midnight in Japan. Of an export no part comes any more once the key has ended "
    "that its order was signed with: then give up what is here, and pull anew.",
    "ja": _AGREEMENT["ja"]
    + "1日の提供人数の上限を超えたのかもしれません。今日の残りは GET /v1/grants(クライアントの`grants()`)の"
    "`members_left`にあり、日本時間の0時に戻ります。書出しの注文に署名した鍵が終わったときも、続きは受け取れません。受け取った分をやめて、"
    "初めから受け取ってください。",
}
_LATER: Text = {
    "en": "Wait as long as the gateway says (Retry-After), then try again; nothing is lost.",
    "ja": "ゲートウェイが示す時間(Retry-After)だけ待ってから、もう一度実行してください。失われたものはありません。",
}
_OPERATOR: Text = {
    "en": "Tell the gateway's operator the request id and the time.",
    "ja": "リクエスト番号と時刻をゲートウェイの運用者に伝えてください。",
}
_REFUSALS: dict[str, Text] = {
    "invalid_client": _KEYS,
    "invalid-request-object": _KEYS,
    "invalid_request_object": _KEYS,
    "invalid_dpop_proof": _CLOCK,
    "use_dpop_nonce": _CLOCK,
    "invalid_authorization_details": _AGREEMENT,
    "not-permitted": _NOT_PERMITTED,
    "invalid_target": {
        "en": "Mend `resource` in client.json: it must be the one the gateway publishes.",
        "ja": "client.jsonの`resource`を、ゲートウェイが公表する値に直してください。",
    },
    "malformed": {
        "en": "The pointer names the part of the request to mend; a field may be in no catalogue.",
        "ja": "pointerが示す箇所を直してください。項目表にない項目を求めている場合もあります。",
    },
    "rate-limited": _LATER,
    "unavailable": _LATER,
    "temporarily_unavailable": _LATER,
}
_SINCE: Text = {
    "en": "The token of the last walk is not one of this purpose, product and these fields. Ask for them as before, or pull the "
    "whole population once without --since.",
    "ja": "前回の受取りの印(since)が、この利用目的・商品範囲・項目のものではありません。前回と同じ指定にするか、--sinceを付けずに全件を"
    "一度受け取ってください。",
}
_ENDED: dict[str, Text] = {
    "failed": _OPERATOR,
    "cancelled": {
        "en": "Somebody on your side cancelled it. Run the command again: it orders a new one.",
        "ja": "貴社の側で取り消されました。もう一度実行すると、新しく注文します。",
    },
    "expired": {
        "en": "An export stands for 24 hours. Run the command again: it orders a new one.",
        "ja": "書出しの期限(24時間)が過ぎました。もう一度実行すると、新しく注文します。",
    },
}
_REJECTED: dict[str, Text] = {
    "jwe-kid": {
        "en": "Put the registered encryption key back as enc.jwk.json, or have the present one approved by the co-op.",
        "ja": "登録済みの暗号鍵をenc.jwk.jsonに戻すか、現在の鍵について生協の承認を受けてください。",
    },
    "iat": _CLOCK,
    "exp": _CLOCK,
    "metadata-issuer": {
        "en": "Mend `issuer` in client.json exactly as the co-op gave it; if it is right, this is not your gateway.",
        "ja": "client.jsonの`issuer`を生協から示された値に正確に合わせてください。正しい場合、接続先は本来のゲートウェイではありません。",
    },
}
_KINDS: list[tuple[type[ClientError], Text]] = [
    (
        ConfigError,
        {"en": "Mend the file and member named above.", "ja": "上に示されたファイルの該当箇所を直してください。"},
    ),
    (
        UsageError,
        {"en": "Mend the call; nothing was sent.", "ja": "呼び出しを直してください。何も送信されていません。"},
    ),
    (
        ExportStalled,
        {
            "en": "Nothing is lost: run the same command again later and it goes on. If it stays so, tell the gateway's operator.",
            "ja": "失われたものはありません。後で同じコマンドを実行すると、続きから受け取ります。続くときはゲートウェイの運用者に伝えて"
            "ください。",
        },
    ),
    (
        Unencodable,
        {
            "en": "Write UTF-8, or run the same command with --unencodable geta: such characters become 〓 and are counted. What was "
            "fetched is kept.",
            "ja": "UTF-8で書き出すか、同じコマンドに --unencodable geta を付けてください(その文字は〓になり、数を示します)。受け取った分は"
            "残っています。",
        },
    ),
    (
        FileError,
        {
            "en": "Mend what is said of this file, then run the same command again; it goes on where it was.",
            "ja": "このファイルについて示された点を直し、同じコマンドをもう一度実行してください。続きから受け取ります。",
        },
    ),
    (
        ExportGone,
        {
            "en": "It expired after 24 hours, was ended, or belongs to another purpose. Run the command again: it orders a new one.",
            "ja": "24時間の期限が過ぎたか、終了したか、別の利用目的のものです。もう一度実行すると、新しく注文します。",
        },
    ),
    (
        TransportError,
        {
            "en": "Check the address in client.json, name resolution, firewall, proxy and the certificate authority.",
            "ja": "client.jsonのアドレス、名前解決、ファイアウォール、プロキシ、認証局を確認してください。",
        },
    ),
    (
        AnswerRejected,
        {
            "en": "Use nothing of this answer. Tell the co-op: something between may have changed it, or the gateway errs.",
            "ja": "この応答は使わず、生協に連絡してください。途中で書き換えられたか、ゲートウェイの誤りの可能性があります。",
        },
    ),
]


def advice(error: ClientError, *, lang: Lang) -> str:
    """What to do about an error, one or two sentences."""
    known: Text | None = None
    if isinstance(error, ExportEnded):
        known = _ENDED.get(error.state)
    elif isinstance(error, Refused) and error.slug == "malformed" and (error.pointer or "").endswith("/since"):
        known = _SINCE
    elif isinstance(error, Refused) and not isinstance(error, ExportGone):
        known = _REFUSALS.get(error.error or "") or _REFUSALS.get(error.slug) or _OPERATOR
    elif isinstance(error, AnswerRejected):
        known = _REJECTED.get(error.check)
    return (known or next((text for kind, text in _KINDS if isinstance(error, kind)), _OPERATOR))[lang]


def clock_advice(*, lang: Lang) -> str:
    return _CLOCK[lang]


def agreement_advice(*, lang: Lang) -> str:
    return _AGREEMENT[lang]
