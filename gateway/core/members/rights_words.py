"""What cases say in words, (Japanese, English): kinds of requests, who asks, how it came, how it stands."""

from collections.abc import Mapping
from typing import Final

from gateway.core.members.rights import AgentKind, Channel, Form, Kind, Method, Outcome, Result, State, Subject

KIND: Final[Mapping[Kind, tuple[str, str]]] = {
    "notify_purpose": ("利用目的の通知", "notification of purposes"),
    "disclose": ("開示", "disclosure"),
    "correct": ("訂正", "correction"),
    "add": ("追加", "addition"),
    "delete": ("削除", "deletion"),
    "stop_use": ("利用停止", "stop of use"),
    "erase": ("消去", "erasure"),
    "stop_provide": ("第三者提供の停止", "stop of provision"),
    "inquire": ("照会", "inquiry"),
    "confirm": ("確認", "confirmation"),
    "amend": ("修正", "amendment"),
    "complain": ("苦情", "complaint"),
}
SUBJECT: Final[Mapping[Subject, tuple[str, str]]] = {"member": ("組合員", "member"), "staff": ("常勤役職員", "staff")}
AGENT: Final[Mapping[AgentKind, tuple[str, str]]] = {
    "legal": ("法定代理人", "legal agent"),
    "appointed": ("任意代理人", "appointed agent"),
}
CHANNEL: Final[Mapping[Channel, tuple[str, str]]] = {
    "counter": ("店舗・事業所の窓口", "counter"),
    "delivery": ("宅配担当者", "delivery staff"),
    "telephone": ("電話", "telephone"),
    "letter": ("郵送", "letter"),
    "mail": ("電子メール", "e-mail"),
    "web": ("ウェブ", "web"),
}
FORM: Final[Mapping[Form, tuple[str, str]]] = {
    "paper": ("書面", "on paper"),
    "pdf": ("電子(PDF)", "electronic (PDF)"),
    "csv": ("電子(CSV)", "electronic (CSV)"),
    "json": ("電子(JSON)", "electronic (JSON)"),
}
METHOD: Final[Mapping[Method, tuple[str, str]]] = {
    "document": ("本人確認書類の提示・写し", "identity document"),
    "card": ("組合員証と登録事項の照合", "membership card and registered facts"),
    "call_back": ("登録電話番号への折返し", "call back to the registered number"),
    "sign_in": ("本人認証済みのウェブ手続き", "authenticated web session"),
    "known": ("職場での面識(常勤役職員)", "known in person (staff)"),
    "other": ("その他(社内規程による方法)", "other (by the co-op's rules)"),
}
RESULT: Final[Mapping[Result, tuple[str, str]]] = {
    "confirmed": ("確認できた", "confirmed"),
    "failed": ("確認できない", "not confirmed"),
    "not_needed": ("不要(苦情)", "not needed (complaint)"),
}
OUTCOME: Final[Mapping[Outcome, tuple[str, str]]] = {
    "granted": ("応じる", "granted"),
    "partly": ("一部応じる", "partly granted"),
    "refused": ("応じない", "refused"),
}
STATE: Final[Mapping[State, tuple[str, str]]] = {
    "received": ("受付", "received"),
    "identified": ("本人確認済み", "identity checked"),
    "decided": ("判断済み", "decided"),
    "closed": ("終了", "closed"),
}
