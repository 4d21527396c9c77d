"""What can be wrong with a row of member events: its place, its field, and the mend, in both languages.

INVARIANT: no value of a row is in these words, and none is put into them: a code in the wrong column is one too.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from gateway.core.refused import Refused

Fault = Literal[
    "cells",
    "object",
    "column",
    "text",
    "event_id",
    "other_content",
    "member_code",
    "event",
    "kind",
    "no_kind",
    "partner",
    "purpose",
    "no_scope",
    "ground",
    "no_ground",
    "at",
    "future",
    "master",
]

WORDS: Final[Mapping[Fault, tuple[str, str]]] = {
    "cells": (
        '列の数が見出しと違います。値に区切り(,)があれば " で囲んでください',
        "it has another number of cells than the heading; quote a value that holds a comma",
    ),
    "object": ("イベントは項目名と値のオブジェクトです", "an event is an object of names and values"),
    "column": ("知らない項目があります。取り除いてください", "a name is not known; take it out"),
    "text": ("値は文字列か null で書いてください", "write the value as a string or null"),
    "event_id": (
        "イベントIDは半角の英数字と . _ : - で1～64字です。基幹システムの一意な番号を入れてください",
        "an event id has 1 to 64 letters, digits or . _ : -; give the core system's unique number",
    ),
    "other_content": (
        "同じイベントIDの行が先にあり、内容が違います。どちらかの番号か内容を直してください",
        "an earlier row has the same event id and says something else; mend the id or what one of them says",
    ),
    "member_code": (
        "組合員コードがないか、形が違います。半角の英数字とハイフンで64字まで、先頭の0も省かずに書いてください",
        "there is no member code, or not one; write up to 64 letters, digits and hyphens, with leading zeros",
    ),
    "event": (
        "イベントは withdrawal(脱退)、correction(訂正)、stop(停止)、lift(解除)のどれかです",
        "the event is one of withdrawal, correction, stop, lift",
    ),
    "kind": (
        "stop と lift には種類が要ります: stop_use、stop_provide、marketing_stop、protected のどれか",
        "stop and lift need a kind: stop_use, stop_provide, marketing_stop or protected",
    ),
    "no_kind": (
        "withdrawal と correction に種類は書きません。空にしてください",
        "withdrawal and correction have no kind; leave it empty",
    ),
    "partner": (
        "どの版にもない提供先です。提供先のIDを確かめるか、すべての提供先なら空にしてください",
        "no published version names this partner; check its id, or leave it empty for all of them",
    ),
    "purpose": (
        "どの版にもない利用目的です。公表事項の番号(P4 など)を確かめるか、すべてなら空にしてください",
        "no published version names this purpose; check its code (such as P4), or leave it empty for all of them",
    ),
    "no_scope": (
        "withdrawal と correction はすべての提供先に及びます。提供先と利用目的は空にしてください",
        "withdrawal and correction concern every partner; leave partner and purpose empty",
    ),
    "ground": (
        "この種類の根拠にできないものです。`gateway member restrict --help` の根拠を確かめるか、空にしてください",
        "this is no ground of such an event; see the grounds in `gateway member restrict --help`, or leave it empty",
    ),
    "no_ground": ("correction に根拠は書きません。空にしてください", "a correction has no ground; leave it empty"),
    "at": (
        "受け付けた日時の形が違います。2026-11-22 または 2026-11-22T14:05:00+09:00 の形で書いてください",
        "this is no time of receipt; write 2026-11-22 or 2026-11-22T14:05:00+09:00",
    ),
    "future": (
        "受け付けた日時が先の日時です。基幹システムの日時を確かめてください",
        "the time of receipt is yet to come; check the core system's clock",
    ),
    "master": (
        "この種類はゲートウェイが正です(GATEWAY_MASTERS)。管理画面の「利用停止等」または gateway member で行ってください",
        "this gateway is the master of this kind (GATEWAY_MASTERS); use its console, or gateway member",
    ),
}


class RowFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a row; rows are counted from 1, the heading not counted."""

    row: int
    field: str
    rule: Fault
    ja: str
    en: str


def fault(row: int, field: str, rule: Fault) -> RowFault:
    """Return what is wrong with a row's field."""
    ja, en = WORDS[rule]
    return RowFault(row=row, field=field, rule=rule, ja=ja, en=en)


class RowsRefused(Refused):
    """Rows break rules: nothing of the file was taken in."""

    def __init__(self, faults: tuple[RowFault, ...], *, rows: int) -> None:
        bad = len({one.row for one in faults})
        super().__init__(
            "rows",
            f"{rows}行のうち{bad}行に誤りがあり、1件も取り込んでいません。行を直すか、誤りの行を除いて取り込んでください",
            f"{bad} of {rows} rows are wrong, and nothing was taken in; mend them, or have the bad rows skipped",
        )
        self.faults = faults
        self.rows = rows
