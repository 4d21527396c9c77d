"""The tables of a 提供履歴回答書: what was provided with the facts above it, stops, what recipients were told, who holds it.

Staff who set stops, their reasons and whoever else was in the same transfers are not in them.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from gateway.core.days import jst_day
from gateway.core.trial import TRIAL
from gateway.oversight.members.cases import Kept
from gateway.oversight.members.member_record import Record
from gateway.oversight.members.member_words import (
    ALL,
    DELIVERED,
    DUTIES,
    EVENTS,
    RESTRICTIONS,
    TOLD,
    UNCONFIRMED,
    Words,
    basis,
    ground,
    sentences,
)
from gateway.oversight.members.published import Published
from gateway.sheets.tables import Cell, Column, Note, Said, Table

TITLE: Final = Said("提供履歴回答書", "Answer on the provision of your data")


def answer_tables(
    found: Record,
    words: Words,
    kept: Kept,
    *,
    addressee: str,
    opening: str,
    on: date,
    coop_name: str,
    trial: bool,
) -> tuple[Table, ...]:
    """Return the tables of an answer: provisions with the facts above them, stops, what partners were told, holders."""
    facts = (
        _note("title", "文書", "Document", Said(f"{TRIAL}{TITLE.ja}", f"{TRIAL}{TITLE.en}") if trial else TITLE),
        _note("addressee", "宛名", "To", addressee),
        *((_note("opening", "前文", "Opening", opening),) if opening.strip() else ()),
        _note("on", "回答日", "Answered on", on),
        *_facts(found, words, kept, coop_name),
    )
    return (
        _table(
            "provisions",
            Said("提供の履歴", "Provisions"),
            _PROVISIONS,
            _provisions(found, words),
            trial=trial,
            notes=facts,
        ),
        _table("restrictions", Said("利用停止等", "Stops"), _STOPS, _stops(found, words), trial=trial),
        _table(
            "follow_ups",
            Said("提供先への通知", "What recipients were told"),
            _FOLLOW_UPS,
            _told(found, words),
            trial=trial,
        ),
        _table(
            "holders",
            Said("いま保有している提供先", "Who holds your data now"),
            _HOLDERS,
            _holders(found, words),
            trial=trial,
        ),
    )


def _table(
    key: str,
    title: Said,
    columns: tuple[Column, ...],
    rows: Iterator[tuple[Cell, ...]],
    *,
    trial: bool,
    notes: tuple[Note, ...] = (),
) -> Table:
    return Table(key=key, title=title, columns=columns, rows=tuple(rows), notes=notes, trial=trial)


def _facts(found: Record, words: Words, kept: Kept, coop_name: str) -> Iterator[Note]:
    said = words.said.get(words.current or "", Published())
    yield _note("case", "案件番号", "Case", kept.id)
    yield _note("received", "受付日", "Received on", kept.case.received)
    yield _note("member", "組合員コード", "Member code", kept.case.member)
    yield _note("coop", "回答者", "Answered by", said.controller or coop_name)
    if said.responsible:
        yield _note("responsible", "管理責任者", "Responsible party", " ".join(said.responsible))
    if said.contact is not None:
        contact = f"{said.contact.desk} {said.contact.tel} {said.contact.hours}"
        yield _note("contact", "お問い合わせ先", "Contact", contact)
    for sentence in sentences(found.provisions):
        yield _note("basis", "根拠", "Basis", sentence)
    yield _note(
        "states",
        "送信の状態",
        "Sending",
        Said(
            "提供承認は、記録したうえで提供を認めたことです。送信完了は最後まで送り終えたことが確かめられたもの、"
            "送信未確認はそれが確かめられないものです。",
            "Authorised: recorded, and allowed to be provided. Sent: known to have been sent to the end; where sending "
            "is not confirmed, nobody knows.",
        ),
    )
    if found.erased is not None:
        day = jst_day(datetime.fromisoformat(found.erased))
        yield _note(
            "erased",
            "保存期間",
            "Retention",
            Said(
                f"{day.isoformat()}までの記録は、保存期間を過ぎたため、どなたのものか分からないように消去しています。",
                f"Records up to {day.isoformat()} are past their retention, and can no longer be tied to anybody.",
            ),
        )


def _note(key: str, ja: str, en: str, said: Cell) -> Note:
    return Note(key=key, title=Said(ja, en), said=said)


_TIME = Column(key="time", title=Said("日時", "Time"), kind="instant")
_PARTNER = Column(key="partner", title=Said("提供先", "Recipient"))
_PURPOSE = Column(key="purpose", title=Said("利用目的", "Purpose"))
_PROVISIONS = (
    Column(key="entry", title=Said("記録番号", "Entry"), kind="number"),
    _TIME,
    _PARTNER,
    _PURPOSE,
    Column(key="fields", title=Said("項目", "Items")),
    Column(key="basis", title=Said("根拠", "Basis")),
    Column(key="agreement", title=Said("契約・覚書", "Agreement")),
    Column(key="notice", title=Said("公表事項の版", "Notice")),
    Column(key="state", title=Said("状態", "State")),
)
_STOPS = (
    _TIME,
    Column(key="event", title=Said("設定・解除", "Set or lifted")),
    Column(key="restriction", title=Said("種類", "Kind")),
    _PARTNER,
    _PURPOSE,
    Column(key="ground", title=Said("根拠", "Ground")),
)
_FOLLOW_UPS = (
    _TIME,
    _PARTNER,
    Column(key="duty", title=Said("求めたこと", "Told to")),
    Column(key="due", title=Said("期限", "Due"), kind="day"),
    Column(key="state", title=Said("状態", "State")),
)
_HOLDERS = (_PARTNER, Column(key="agreement", title=Said("契約・覚書", "Agreement")), _PURPOSE)


def _provisions(found: Record, words: Words) -> Iterator[tuple[Cell, ...]]:
    for one in found.provisions:
        fields = words.fields(one)
        yield (
            one.index,
            datetime.fromisoformat(one.time),
            words.partner(one.partner, one.policy),
            words.purpose(one) if one.product is None else f"{words.purpose(one)} {one.product}",
            Said("、".join(field.ja for field in fields), ", ".join(field.en for field in fields)),
            basis(one),
            words.agreement(one),
            one.notice,
            DELIVERED if one.index in found.delivered else UNCONFIRMED,
        )


def _stops(found: Record, words: Words) -> Iterator[tuple[Cell, ...]]:
    for one in found.stops:
        yield (
            datetime.fromisoformat(one.time),
            EVENTS[one.event],
            RESTRICTIONS[one.restriction],
            ALL if one.partner is None else words.partner(one.partner),
            ALL if one.purpose is None else words.text_of(one.purpose) or one.purpose,
            None if one.ground is None else ground(one.ground),
        )


def _told(found: Record, words: Words) -> Iterator[tuple[Cell, ...]]:
    for one in found.told:
        yield (
            datetime.fromisoformat(one.time),
            words.partner(one.partner),
            DUTIES[one.duty],
            date.fromisoformat(one.due),
            TOLD[one.state],
        )


def _holders(found: Record, words: Words) -> Iterator[tuple[Cell, ...]]:
    for partner, agreement, purpose in found.holders:
        yield words.partner(partner), agreement, words.text_of(purpose) or purpose
