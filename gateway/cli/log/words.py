"""The auditor's findings and the log's entries as a person reads them."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from gateway.core.days import JST
from gateway.tlog.entries import decode
from gateway.tlog.findings import Code

FINDINGS: Final[Mapping[Code, str]] = {
    Code.UNREADABLE: "読めないファイルがあります",
    Code.CHECKPOINT_MISSING: "チェックポイントがありません",
    Code.CHECKPOINT_MALFORMED: "チェックポイントの形が違います",
    Code.KEY_UNKNOWN: "与えられた鍵の署名がありません",
    Code.SIGNATURE_BAD: "チェックポイントの署名が合いません",
    Code.ORIGIN_OTHER: "別のログのチェックポイントです",
    Code.QUORUM_MISSING: "証人の署名が足りません",
    Code.BUNDLE_MISSING: "記録のファイルがありません",
    Code.BUNDLE_TRUNCATED: "記録のファイルが途中で切れています",
    Code.TILE_MISSING: "ハッシュのファイルがありません",
    Code.TILE_MALFORMED: "ハッシュのファイルの長さが違います",
    Code.TILE_ALTERED: "ハッシュのファイルが書き換えられています",
    Code.ENTRY_ALTERED: "記録が書き換えられています",
    Code.ENTRY_INSERTED: "記録が差し込まれています",
    Code.ENTRY_DELETED: "記録が消されています",
    Code.ENTRY_DUPLICATED: "記録が重複しています",
    Code.ENTRY_REORDERED: "記録の順序が変えられています",
    Code.ROOT_OTHER: "署名された根と一致しません",
    Code.EARLIER_UNUSABLE: "手元のチェックポイントは、このログのものではありません",
    Code.ROLLED_BACK: "以前より記録が減っています(古い状態に戻されています)",
    Code.HISTORY_REWRITTEN: "過去の記録が、以前に見たものと違います",
    Code.TIMESTAMP_MISSING: "タイムスタンプがありません",
    Code.TIMESTAMP_BAD: "タイムスタンプが正しくありません",
    Code.ENTRY_UNKNOWN: "記録が定められた書式ではありません",
    Code.COOP_OTHER: "別の生協の記録です",
    Code.TRANSFER_TWICE: "同じ提供の記録が二つあります",
    Code.PARTNER_OVERDUE: "訂正・停止等の通知への応答が期限を過ぎている提供先へ提供されています",
    Code.FOLLOW_UP_OTHER: "訂正・停止等の通知と、それへの応答が合いません",
    Code.GOVERNANCE_STALE: "そのとき有効だった決定に基づいていません",
    Code.PERMIT_EXPIRED: "有効期限を過ぎた提供です",
    Code.POLICY_OTHER: "そのとき有効だった版に基づいていません",
    Code.PARTNER_INACTIVE: "停止中の提供先への提供です",
    Code.ONE_PERSON: "二人で行うべき提供先の操作が、申請と別の人の承認によるものではありません",
    Code.TIME_BACKWARDS: "時刻が30秒を超えて戻っています",
    Code.REVIEW_OTHER: "点検の署名が、署名された期間の記録と合いません",
}

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "release": ("提供", "release"),
    "denial": ("拒否", "denial"),
    "publish": ("公布", "publish"),
    "partner": ("提供先", "partner"),
    "restrict": ("利用停止等", "restrict"),
    "key": ("鍵", "key"),
    "follow_up": ("通知", "follow-up"),
    "ack": ("受領", "acknowledged"),
    "review": ("点検", "review"),
    "access": ("閲覧", "access"),
    "erase": ("消去", "erase"),
    "proposal": ("申請", "proposal"),
    "staff": ("担当者", "staff"),
    "dossier": ("案件", "dossier"),
    "export": ("一括提供", "export"),
}

_SAID: Final = (
    *("partner", "client", "purpose", "product", "agreement", "event", "restriction", "use", "effective", "policy"),
    *("proposal", "dossier", "matter", "state", "person", "role", "department", "duty", "due", "by"),
    *("export", "form", "part", "parts", "first", "last", "transfer", "reason"),
)
"""What a line says of an entry, in this order, where the entry has it."""


def line_of(index: int, data: bytes, *, lang: str) -> str:
    """Return one readable line about an entry; what is no entry of ours is said to be none."""
    try:
        entry: dict[str, Any] = msgspec.to_builtins(decode(data))
        at = datetime.fromisoformat(entry["time"]).astimezone(JST)
    except (ValueError, OverflowError):  # the last hours of the year 9999 are none in Japan
        return f"{index:>9}  " + ("読めない記録" if lang == "ja" else "not an entry that this version knows")
    kind = KINDS.get(entry["kind"], (entry["kind"], entry["kind"]))[lang != "ja"]
    said = [_short(name, entry[name]) for name in _SAID if entry.get(name) is not None]
    counts = entry.get("counts")
    if counts:
        said.append(f"{counts.get('released', 0)}/{counts['asked']}" + ("人" if lang == "ja" else " members"))
    said += [str(one) for one in entry.get("reasons") or ()]
    for counted in ("summary", "events"):
        said += [f"{name}×{count}" for name, count in (entry.get(counted) or {}).items()]
    return printable(f"{index:>9}  {at:%Y-%m-%d %H:%M:%S}  {kind}  {' · '.join(said)}")


def printable(text: str) -> str:
    """Return a text without what would move a terminal's cursor or turn its writing round."""
    return "".join("\ufffd" if unicodedata.category(each)[0] == "C" else each for each in text)


def _short(name: str, value: object) -> str:
    text = str(value)
    return text[:12] if name == "policy" else text
