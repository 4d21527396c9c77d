"""提供実績月報: what was released and refused in a month, what changed, what is still open, and who signed it off.

Every figure but the distinct persons can be counted again from the exported log; the report names the checkpoint whose
tree holds the month, so that it is clear which entries were counted.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from gateway.core.days import jst_day
from gateway.core.follow_ups.follow_up import State as FollowUpState, meets
from gateway.core.reasons import explain
from gateway.oversight.desk import OversightDesk
from gateway.oversight.reports.counting import Counting, count
from gateway.oversight.reports.words import basis_named, basis_said, both, joined
from gateway.oversight.reviews.periods import Period, month_of, period_named
from gateway.sheets.tables import Cell, Column, Note, Said, Table
from gateway.tlog.checkpoint import Checkpoint, stated
from gateway.tlog.entries import Ack, FollowUp, Partner, Publish, Restrict, Review, decode, instant

_SUMMED: Final[Mapping[str, tuple[str, str]]] = {
    "rate-limited": ("要求が多すぎる", "too many requests"),
    "replayed": ("同じ要求の再送", "the same request again"),
}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the notices to partners stood as the month ended."""

    opened: int = 0
    open: int = 0
    overdue: int = 0


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A governance entry of the month."""

    time: str
    what: Said
    said: str
    by: str
    approver: str
    reason: str


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """What is reported of a month."""

    period: Period
    at: datetime
    """The end of the month, or now while it runs."""
    over: bool
    counting: Counting
    changes: tuple[Change, ...]
    restricted: tuple[int, int]
    """Members for whom a restriction was set, and lifted."""
    follow_ups: Standing
    checkpoint: Checkpoint | None
    """The smallest checkpoint that holds every entry of the month."""
    reviews: tuple[Review, ...]


def month_named(text: str) -> Period | None:
    """Return the month that a text like `2026-10` names, None for any other text."""
    try:
        day = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return month_of(day) if len(text) == len("2026-10") and period_named(day, day) else None


def last_month(now: datetime) -> Period:
    """Return the calendar month before this one."""
    return month_of(jst_day(now).replace(day=1) - timedelta(days=1))


async def month(desk: OversightDesk, coop: str, period: Period) -> Month:
    """Return the report of a month. Raises Unavailable."""
    now = desk.clock()
    end = period.end
    counting = await count(desk, coop, period.start, end)
    of_kinds = [data for kind in ("publish", "partner", "restrict") for data in await desk.log.of_kind(coop, kind)]
    entries = [decode(data) for data in of_kinds]
    within = [one for one in entries if instant(period.start) <= one.time < instant(end)]
    changes = [_change(one) for one in within if isinstance(one, Publish | Partner)]
    restrictions = [one for one in within if isinstance(one, Restrict)]
    note = await desk.publications.covering(coop, counting.size) if counting.size else None
    return Month(
        period=period,
        at=min(end, now),
        over=period.over(now),
        counting=counting,
        changes=tuple(sorted(changes, key=lambda one: one.time)),
        restricted=_restricted(restrictions),
        follow_ups=await standing(desk, coop, period.start, end, at=min(end, now)),
        checkpoint=None if note is None else stated(note),
        reviews=tuple(await reviews_of(desk, coop, period)),
    )


def _restricted(entries: Sequence[Restrict]) -> tuple[int, int]:
    """Return for how many members restrictions were set, and lifted; of an import each event counts, a withdrawal as a stop."""
    was_set = lifted = 0
    for one in entries:
        if one.event == "imported":
            was_set += sum(count for what, count in one.events.items() if what.endswith(":set") or what == "withdrawal")
            lifted += sum(count for what, count in one.events.items() if what.endswith(":lifted"))
        elif one.event == "set":
            was_set += one.members
        else:
            lifted += one.members
    return was_set, lifted


async def standing(
    desk: OversightDesk, coop: str, start: datetime, end: datetime, *, at: datetime | None = None
) -> Standing:
    """Return how the notices to partners stood at the end of a period, or at an instant in it, as the log says.

    Raises Unavailable.
    """
    opened = [decode(data) for data in await desk.log.of_kind(coop, "follow_up")]
    found = [one for one in opened if isinstance(one, FollowUp) and one.time < instant(end)]
    states: dict[str, FollowUpState] = {}
    for data in await desk.log.of_kind(coop, "ack"):
        one = decode(data)
        if isinstance(one, Ack) and one.time < instant(end):
            states[one.follow_up] = one.event
    left = [one for one in found if not meets(one.duty, states.get(one.follow_up, "open"))]
    today = jst_day((at or end) - timedelta(milliseconds=1)).isoformat()
    return Standing(
        opened=sum(one.time >= instant(start) for one in found),
        open=len(left),
        overdue=sum(one.due < today for one in left),
    )


async def reviews_of(desk: OversightDesk, coop: str, period: Period) -> list[Review]:
    """Return the signatures of reviews that cover a day of a period, in the order of the log. Raises Unavailable."""
    found = [decode(data) for data in await desk.log.of_kind(coop, "review")]
    return [
        one
        for one in found
        if isinstance(one, Review) and one.start < instant(period.end) and instant(period.start) < one.end
    ]


def month_tables(
    made: Month, *, coop: str, names: Mapping[str, str], fields: Mapping[str, Said], trial: bool
) -> tuple[Table, ...]:
    """Return the report as tables; `coop` is the co-op's name, `names` are the partners', `fields` those of the catalogue."""
    title = Said(f"提供実績月報 {made.period.first:%Y-%m}", f"Monthly report of provision {made.period.first:%Y-%m}")
    notes = (
        Note(key="coop", title=Said("生協", "co-op"), said=coop),
        Note(key="first", title=Said("期間の初日", "first day"), said=made.period.first),
        Note(key="last", title=Said("期間の末日", "last day"), said=made.period.last),
        Note(key="as_of", title=Said("集計の時点(日本時間)", "counted up to (Japan time)"), said=made.at),
        Note(
            key="state",
            title=Said("状態", "state"),
            said=Said("確定", "complete", "complete")
            if made.over
            else Said("途中", "the month is not over", "partial"),
        ),
    )
    return (
        Table(key="totals", title=title, columns=_TOTALS, rows=_totals(made), notes=notes, trial=trial),
        Table(
            key="uses",
            title=Said("提供先・利用目的・根拠ごとの実績", "By partner, purpose and basis"),
            columns=_USES,
            rows=_uses(made.counting, names, fields),
            trial=trial,
        ),
        Table(
            key="reasons",
            title=Said("提供しなかった理由", "Why requests were refused"),
            columns=_REASONS,
            rows=tuple(
                (both(names.get(partner, partner), partner), purpose, why, reason_said(why), times)
                for (partner, purpose, why), times in sorted(made.counting.reasons.items())
            ),
            trial=trial,
        ),
        Table(
            key="changes",
            title=Said("ポリシー・提供先の変更", "Changes of policy and partners"),
            columns=_CHANGES,
            rows=tuple(
                (datetime.fromisoformat(one.time), one.what, one.said, one.by, one.approver, one.reason)
                for one in made.changes
            ),
            trial=trial,
        ),
    )


_TOTALS: Final = (
    Column(key="figure", title=Said("項目", "figure")),
    Column(key="value", title=Said("値", "value")),
)
_USES: Final = (
    Column(key="partner", title=Said("提供先", "partner")),
    Column(key="purpose", title=Said("利用目的", "purpose")),
    Column(key="basis", title=Said("根拠", "legal basis")),
    Column(key="releases", title=Said("提供回数", "releases"), kind="number"),
    Column(key="members", title=Said("延べ人数", "members, each release's"), kind="number"),
    Column(key="persons", title=Said("実人数", "distinct members"), kind="number"),
    Column(
        key="unknown", title=Said("うち特定できない最大人数", "at most so many more, side rows erased"), kind="number"
    ),
    Column(key="fields", title=Said("データ項目", "fields")),
    Column(key="denials", title=Said("提供しなかった要求", "requests refused"), kind="number"),
)
_REASONS: Final = (
    Column(key="partner", title=Said("提供先", "partner")),
    Column(key="purpose", title=Said("利用目的", "purpose")),
    Column(key="reason", title=Said("理由コード", "reason")),
    Column(key="words", title=Said("理由", "in words")),
    Column(key="denials", title=Said("件数", "times"), kind="number"),
)
_CHANGES: Final = (
    Column(key="time", title=Said("日時", "time"), kind="instant"),
    Column(key="what", title=Said("変更", "change")),
    Column(key="said", title=Said("対象", "of what")),
    Column(key="by", title=Said("実施者", "by")),
    Column(key="approver", title=Said("承認者", "approved by")),
    Column(key="reason", title=Said("理由", "reason")),
)


def _totals(made: Month) -> tuple[tuple[Cell, ...], ...]:
    counted, check = made.counting, made.checkpoint
    signed = [f"{one.by} ({one.time[:10]})" for one in made.reviews if one.event == "signed"]
    countersigned = [f"{one.by} ({one.time[:10]})" for one in made.reviews if one.event == "countersigned"]
    none = Said("(なし)", "(none)", "none")
    return (
        (Said("提供回数", "releases", "releases"), counted.releases),
        (Said("延べ人数", "members, each release's", "members"), sum(one.members for one in counted.uses.values())),
        (Said("実人数", "distinct members", "persons"), counted.persons),
        (
            Said("特定できない最大人数(付随行を消去済み)", "at most so many more (side rows erased)", "unknown"),
            counted.unknown,
        ),
        (Said("提供しなかった要求", "requests refused", "denials"), counted.denials),
        (Said("公布した版", "versions published", "published"), counted.kinds["publish"]),
        (Said("利用停止等を設けた人数", "members with a new stop", "restricted"), made.restricted[0]),
        (Said("利用停止等を解いた人数", "members with a stop lifted", "lifted"), made.restricted[1]),
        (Said("提供先への通知(当月)", "notices to partners, opened", "follow_ups"), made.follow_ups.opened),
        (Said("未了の通知(月末)", "notices open at the end", "follow_ups_open"), made.follow_ups.open),
        (Said("うち期限超過", "of them overdue", "follow_ups_overdue"), made.follow_ups.overdue),
        (Said("ログの記録数(当月)", "entries of the log", "entries"), counted.entries),
        (
            Said("ログの範囲(記録番号)", "range of entries", "range"),
            none if not counted.entries else f"{counted.first} - {counted.size - 1}",
        ),
        (
            Said("チェックポイント", "checkpoint", "checkpoint"),
            none if check is None else f"{check.origin} / {check.size} / {check.root.hex()}",
        ),
        (Said("点検の署名", "review signed by", "signed"), ", ".join(signed) or none),
        (Said("点検の連署", "countersigned by", "countersigned"), ", ".join(countersigned) or none),
    )


def _uses(counted: Counting, names: Mapping[str, str], fields: Mapping[str, Said]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            both(names.get(partner, partner) or "(不明)", partner),
            purpose,
            basis_said(basis) if use.releases else basis_named(basis),
            use.releases,
            use.members,
            use.persons,
            use.unknown,
            joined([fields.get(one, both(one, one)) for one in sorted(use.fields)]),
            use.denials,
        )
        for (partner, purpose, basis), use in sorted(counted.uses.items())
    )


def reason_said(why: str) -> Said:
    """Return a reason in words; what is counted by the minute has words of its own."""
    try:
        return Said(*explain(why), why)
    except KeyError:
        return Said(*_SUMMED.get(why, (why, why)), why)


def _change(one: Publish | Partner) -> Change:
    if isinstance(one, Publish):
        what, said, by = Said("版の公布", "version published", "publish"), one.policy, one.proposer
    else:
        words = _EVENTS.get(one.event, (one.event, one.event))
        what, said, by = Said(*words, one.event), one.partner, one.by
    return Change(time=one.time, what=what, said=said, by=by, approver=one.approver or "", reason=one.reason)


_EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    "active": ("提供先の利用開始・再開", "partner active"),
    "suspended": ("提供先の利用停止", "partner suspended"),
    "key_added": ("鍵の登録", "key added"),
    "key_ends": ("鍵の終了", "key ends"),
    "keys_added": ("鍵一式の登録", "keys added"),
    "keys_asked": ("鍵の登録の申請", "keys asked for"),
    "resume_asked": ("再開の申請", "resumption asked for"),
    "request_refused": ("申請の却下", "request refused"),
    "request_withdrawn": ("申請の取下げ", "request withdrawn"),
}
