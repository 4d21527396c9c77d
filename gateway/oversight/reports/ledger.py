"""共同利用台帳: for each grant who receives which items for which purpose, under which agreement, on any day.

It is read from the version that was in force on that day and from who held which role then, so that the ledger of a
past day is what was decided then and not what is thought of it now. Source: guideline 別添 10-3(3), domain.md D-07a.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import msgspec

from gateway.core.days import Moment, jst_day, midnight_after
from gateway.core.notice_gate import governing
from gateway.core.policy import Agreement, Grant, Notice, Policy
from gateway.core.staff import RoleHeld
from gateway.oversight.desk import OversightDesk
from gateway.oversight.reports.papers import Paper, published, version_at
from gateway.oversight.reports.words import basis_said, both, days_of, joined, transform_said
from gateway.ports import Person
from gateway.sheets.tables import Cell, Column, Note, Said, Table
from gateway.tlog.entries import Partner as PartnerEntry, decode, instant


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One grant as of a day."""

    partner: str
    name: str
    active: bool
    agreement: str
    grant: str
    basis: str
    title: str
    term: tuple[date | None, date | None]
    running: bool
    """Whether the day lies within the term."""
    purpose: str
    purpose_text: str
    products: tuple[str, ...]
    items: tuple[tuple[str, str], ...]
    """(code of the item, its label)."""
    fields: tuple[Said, ...]
    department: str
    managers: tuple[str, ...]
    supervised: str
    supervision_due: date | None
    retention_days: int
    notice: str


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger of one day; without lines where no version was in force."""

    day: date
    at: datetime
    number: int | None
    """The version in force, counted from 1."""
    digest: str | None
    lines: tuple[Line, ...]


def as_of(day: date, now: datetime) -> datetime:
    """Return the instant that stands for a JST day: now for today, else its last one."""
    return now if day == jst_day(now) else midnight_after(day) - timedelta(milliseconds=1)


async def ledger(desk: OversightDesk, coop: str, day: date) -> Ledger:
    """Return the ledger as of a day. Raises Unavailable."""
    at = as_of(day, desk.clock())
    snapshot = desk.current(coop)
    version = version_at(snapshot, at)
    found = (await published(desk, coop)).get(-1 if version is None else version.index)
    if version is None or found is None:
        return Ledger(day=day, at=at, number=None, digest=None, lines=())
    people = {one.id: one for one in await desk.staff.people(coop)}
    roles = await desk.staff.roles(coop)
    active = _active(await desk.log.of_kind(coop, "partner"), at)
    lines = [
        _line(version.policy, one, grant, found.paper, at=at, active=active, managers=_managers(roles, people, one, at))
        for one in sorted(version.policy.agreements.values(), key=lambda one: (one.partner, one.id))
        for grant in one.grants
    ]
    return Ledger(
        day=day,
        at=at,
        number=snapshot.versions.index(version) + 1,
        digest=version.policy.digest,
        lines=tuple(lines),
    )


def ledger_table(made: Ledger, *, coop: str, trial: bool) -> Table:
    """Return the ledger as a table; `coop` is the co-op's name."""
    notes = (
        Note(key="coop", title=Said("生協", "co-op"), said=coop),
        Note(key="as_of", title=Said("時点(日本時間)", "as of (Japan time)"), said=made.at),
        Note(
            key="version",
            title=Said("適用した版", "version in force"),
            said=Said("(なし)", "(none)", "none") if made.digest is None else both(f"{made.number} / {made.digest}"),
        ),
    )
    return Table(
        key="ledger",
        title=Said("共同利用台帳", "Ledger of joint use"),
        columns=_COLUMNS,
        rows=tuple(_row(one) for one in made.lines),
        notes=notes,
        trial=trial,
    )


_COLUMNS = (
    Column(key="partner", title=Said("提供先", "partner")),
    Column(key="state", title=Said("状態", "state")),
    Column(key="agreement", title=Said("契約・覚書", "agreement")),
    Column(key="grant", title=Said("データの範囲", "data set")),
    Column(key="basis", title=Said("根拠", "legal basis")),
    Column(key="purpose", title=Said("利用目的", "purpose")),
    Column(key="products", title=Said("商品・サービスの範囲", "product classes")),
    Column(key="items", title=Said("公表項目", "items of the notice")),
    Column(key="fields", title=Said("データ項目", "fields")),
    Column(key="department", title=Said("所管部署", "department")),
    Column(key="managers", title=Said("管理者", "managers")),
    Column(key="start", title=Said("契約の開始日", "first day"), kind="day"),
    Column(key="end", title=Said("契約の終了日", "last day"), kind="day"),
    Column(key="supervised", title=Said("直近の監督", "last supervision")),
    Column(key="supervision_due", title=Said("次回監督の期限", "next supervision due"), kind="day"),
    Column(key="retention_days", title=Said("提供先の保存日数", "retention (days)"), kind="number"),
    Column(key="notice", title=Said("公表事項の版", "notice")),
)


def _row(one: Line) -> tuple[Cell, ...]:
    return (
        both(one.name, one.partner),
        _state(one),
        both(f"{one.title} ({one.agreement})" if one.title else one.agreement, one.agreement),
        one.grant,
        basis_said(one.basis),
        both(f"{one.purpose} {one.purpose_text}".strip(), one.purpose),
        ", ".join(one.products),
        joined([both(label or code, code) for code, label in one.items]),
        joined(list(one.fields)),
        one.department,
        "、".join(one.managers),
        *one.term,
        one.supervised,
        one.supervision_due,
        one.retention_days,
        one.notice,
    )


def _state(one: Line) -> Said:
    if not one.running:
        return Said("契約期間外", "outside the term", "outside_term")
    return Said("有効", "active", "active") if one.active else Said("停止中・未開始", "not active", "inactive")


def _line(
    policy: Policy,
    agreement: Agreement,
    grant: Grant,
    paper: Paper,
    *,
    at: datetime,
    active: frozenset[str],
    managers: tuple[str, ...],
) -> Line:
    moment = Moment(at)
    notice = governing(policy, agreement.programme, moment)
    text = paper.agreement(agreement.partner, agreement.id)
    fields = [policy.fields[name] for name in grant.fields if name in policy.fields]
    items = dict.fromkeys(field.item for field in fields)
    last = None if text.supervision is None else text.supervision.last
    due = None if text.supervision is None else text.supervision.due
    version = "" if notice is None else notice.version
    return Line(
        partner=agreement.partner,
        name=policy.partners[agreement.partner].name if agreement.partner in policy.partners else agreement.partner,
        active=agreement.partner in active,
        agreement=agreement.id,
        grant=grant.id.removeprefix(f"{agreement.id}."),
        basis=agreement.basis.value,
        title="" if text.contract is None else text.contract.title,
        term=days_of(agreement.term),
        running=moment.within(agreement.term),
        purpose=grant.purpose,
        purpose_text=paper.purpose(version, grant.purpose),
        products=tuple(sorted(grant.products)),
        items=tuple((code, _label(paper, notice, code)) for code in items),
        fields=tuple(transform_said(Said(field.ja, field.en, field.id), grant.fields[field.id]) for field in fields),
        department=agreement.department,
        managers=managers,
        supervised="" if last is None else f"{last.date} {last.method} {last.result}".strip(),
        supervision_due=None if due is None else date.fromisoformat(due),
        retention_days=grant.retention_days,
        notice=version,
    )


def _label(paper: Paper, notice: Notice | None, code: str) -> str:
    return "" if notice is None else paper.item(notice.version, code)


def _managers(
    roles: Sequence[RoleHeld], people: dict[str, Person], agreement: Agreement, at: datetime
) -> tuple[str, ...]:
    """Return who managed a department at an instant; a deputy is marked as one."""
    moment = Moment(at)
    found = [
        one
        for one in roles
        if one.role == "manager" and one.department == agreement.department and moment.within(one.span)
    ]
    return tuple(
        (people[one.person].name if one.person in people else one.person) + ("(代理)" if one.deputy_for else "")
        for one in sorted(found, key=lambda one: (one.deputy_for is not None, one.person))
    )


def _active(entries: Iterable[bytes], at: datetime) -> frozenset[str]:
    """Return the partners that were active at an instant."""
    active: dict[str, bool] = {}
    for data in entries:
        entry = decode(data)
        if isinstance(entry, PartnerEntry) and entry.event in {"active", "suspended"} and entry.time <= instant(at):
            active[entry.partner] = entry.event == "active"
    return frozenset(partner for partner, is_active in active.items() if is_active)
