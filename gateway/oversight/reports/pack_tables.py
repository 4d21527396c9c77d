"""The tables of an audit pack that are no report of their own: versions, notices, dossiers, reviews, notices to partners."""

from datetime import date, datetime
from typing import Final

from gateway.core.dossier import MATTERS, Matter
from gateway.oversight.reports.gathering import Gathered
from gateway.oversight.reports.words import both, days_of
from gateway.sheets.tables import Cell, Column, Said, Table

_MATTERS: Final[dict[Matter, tuple[str, str]]] = {
    "case": ("本人からの求め・苦情", "requests and complaints of persons"),
    "incident": ("漏えい対応", "incidents"),
    "review": ("点検", "reviews"),
    "finding": ("指摘事項", "findings"),
    "measure": ("安全管理措置", "safety measures"),
    "emergency": ("緊急提供", "emergencies"),
    "quota": ("見送った上限引上げ", "daily limits not raised"),
}
_STATE: Final = Column(key="state", title=Said("期末の状態", "state at the end"))
_DUE: Final = Column(key="due", title=Said("期限", "due"), kind="day")


def versions_table(made: Gathered, *, trial: bool) -> Table:
    """Return the versions that decided in the period, with the digest of each document and who published it."""
    numbered = {one.policy: (number, one) for number, one in made.publications}
    rows: list[tuple[Cell, ...]] = []
    for one in made.versions:
        number, publish = numbered.get(one.version.policy.digest, (None, None))
        rows.append(
            (
                number,
                one.version.effective,
                one.version.index,
                one.sha256,
                None if publish is None else publish.proposer,
                None if publish is None else publish.approver,
                None if publish is None else publish.reason,
                f"policy/{one.version.policy.digest}.json",
            )
        )
    columns = (
        Column(key="number", title=Said("版", "version"), kind="number"),
        Column(key="effective", title=Said("適用開始", "effective"), kind="instant"),
        Column(key="entry", title=Said("記録番号", "entry"), kind="number"),
        Column(key="sha256", title=Said("文書の SHA-256", "SHA-256 of the document")),
        Column(key="proposer", title=Said("起案者", "proposer")),
        Column(key="approver", title=Said("承認者", "approver")),
        Column(key="reason", title=Said("理由", "reason")),
        Column(key="file", title=Said("ファイル", "file")),
    )
    return Table(
        key="versions",
        title=Said("期間中に有効だった版", "Versions in force in the period"),
        columns=columns,
        rows=tuple(rows),
        trial=trial,
    )


def notices_table(made: Gathered, *, trial: bool) -> Table:
    """Return the versions of the notice that the newest of these versions holds, with the digest of the archived text."""
    newest = made.versions[-1] if made.versions else None
    rows: list[tuple[Cell, ...]] = []
    for notice in () if newest is None else newest.version.policy.notices:
        paper = newest.paper.notices.get(notice.version) if newest is not None else None
        source = None if paper is None else paper.source
        rows.append(
            (
                notice.version,
                *days_of(notice.effective),
                *days_of(notice.published),
                None if source is None else source.url,
                None if source is None else source.sha256,
                Said("保管", "held", "true") if notice.held else Said("日付だけ", "date alone", "false"),
                ", ".join(notice.gaps),
            )
        )
    columns = (
        Column(key="version", title=Said("公表事項の版", "version of the notice")),
        Column(key="effective_from", title=Said("適用開始日", "effective from"), kind="day"),
        Column(key="effective_to", title=Said("適用終了日", "effective to"), kind="day"),
        Column(key="published_from", title=Said("公表開始日", "published from"), kind="day"),
        Column(key="published_to", title=Said("公表終了日", "published to"), kind="day"),
        Column(key="url", title=Said("公表した場所", "where")),
        Column(key="sha256", title=Said("本文の SHA-256", "SHA-256 of the text")),
        Column(key="held", title=Said("本文", "text")),
        Column(key="gaps", title=Said("欠けている事項(法27条5項3号)", "matters missing")),
    )
    return Table(
        key="notices",
        title=Said("公表事項の版", "Versions of the notice"),
        columns=columns,
        rows=tuple(rows),
        trial=trial,
    )


def dossiers_table(made: Gathered, *, trial: bool) -> Table:
    """Return how many dossiers there were of each matter and state; of cases and incidents this is all that is told."""
    rows = []
    for matter in MATTERS:
        own = [one for one in made.dossiers if one.matter == matter]
        states = dict.fromkeys(sorted(one.state for one in own))
        for state in states or [""]:
            count = sum(one.state == state for one in own)
            rows.append((Said(*_MATTERS[matter], matter), state or Said("(なし)", "(none)", "none"), count))
    columns = (
        Column(key="matter", title=Said("案件の種類", "matter")),
        _STATE,
        Column(key="count", title=Said("件数", "number"), kind="number"),
    )
    return Table(
        key="dossiers",
        title=Said("案件の件数(期間末まで)", "Dossiers up to the end of the period"),
        columns=columns,
        rows=tuple(rows),
        trial=trial,
    )


def reviews_table(made: Gathered, *, trial: bool) -> Table:
    """Return the signatures of reviews of the period."""
    columns = (
        Column(key="start", title=Said("点検した期間の開始", "from"), kind="instant"),
        Column(key="end", title=Said("終了", "to"), kind="instant"),
        Column(key="event", title=Said("署名の種類", "signature")),
        Column(key="by", title=Said("署名者", "by")),
        Column(key="time", title=Said("署名の日時", "signed at"), kind="instant"),
        Column(key="size", title=Said("固定した記録数", "entries frozen"), kind="number"),
        Column(key="root", title=Said("根ハッシュ", "root")),
    )
    rows = tuple(
        (
            datetime.fromisoformat(one.start),
            datetime.fromisoformat(one.end),
            Said("署名", "signed", one.event) if one.event == "signed" else Said("連署", "countersigned", one.event),
            one.by,
            datetime.fromisoformat(one.time),
            one.size,
            one.root,
        )
        for one in made.reviews
    )
    return Table(
        key="reviews", title=Said("点検の署名", "Signatures of reviews"), columns=columns, rows=rows, trial=trial
    )


def findings_table(made: Gathered, *, trial: bool) -> Table:
    """Return the findings with their owners and what was done."""
    columns = (
        Column(key="finding", title=Said("指摘番号", "finding")),
        Column(key="text", title=Said("内容", "what was found")),
        Column(key="owner", title=Said("是正の担当者", "owner")),
        _DUE,
        _STATE,
        Column(key="done", title=Said("是正・確認", "what was done")),
    )
    rows = tuple(
        (
            kept.id,
            one.text,
            _named(made, one.owner),
            _day(kept.due),
            kept.state,
            " / ".join(f"{step.what}: {step.text}" for step in one.steps),
        )
        for kept, one in made.findings
    )
    return Table(key="findings", title=Said("指摘事項", "Findings"), columns=columns, rows=rows, trial=trial)


def measures_table(made: Gathered, *, trial: bool) -> Table:
    """Return the declared measures; they are declared, not measured."""
    columns = (
        Column(key="heading", title=Said("番号", "heading")),
        Column(key="title", title=Said("措置", "measure")),
        Column(key="evidence", title=Said("証跡(宣言)", "evidence, as declared")),
        Column(key="person", title=Said("受講者", "person")),
        Column(key="done", title=Said("実施日", "done"), kind="day"),
        Column(key="due", title=Said("次の期限", "next due"), kind="day"),
        _STATE,
    )
    rows = tuple(
        (
            one.heading,
            one.title,
            one.evidence,
            "" if one.person is None else _named(made, one.person),
            one.done,
            one.due,
            kept.state,
        )
        for kept, one in sorted(made.measures, key=lambda pair: (pair[1].heading, pair[0].id))
    )
    return Table(
        key="measures", title=Said("宣言した安全管理措置", "Declared measures"), columns=columns, rows=rows, trial=trial
    )


def follow_ups_table(made: Gathered, *, trial: bool) -> Table:
    """Return the notices to partners that were open in the period."""
    columns = (
        Column(key="follow_up", title=Said("通知番号", "notice")),
        Column(key="opened", title=Said("通知の日時", "time"), kind="instant"),
        Column(key="partner", title=Said("提供先", "partner")),
        Column(key="agreement", title=Said("契約・覚書", "agreement")),
        Column(key="purpose", title=Said("利用目的", "purpose")),
        Column(key="duty", title=Said("求めたこと", "duty")),
        Column(key="members", title=Said("人数", "members"), kind="number"),
        _DUE,
        _STATE,
    )
    rows = tuple(
        (
            one.follow_up,
            datetime.fromisoformat(one.time),
            one.partner,
            one.agreement,
            one.purpose,
            _duty(one.duty),
            one.members,
            _day(one.due),
            Said(*_ANSWERS[state], state) if state in _ANSWERS else state,
        )
        for one, state in made.follow_ups
    )
    return Table(
        key="follow-ups",
        title=Said("訂正・停止等の通知", "Notices to partners"),
        columns=columns,
        rows=rows,
        trial=trial,
    )


def roles_table(made: Gathered, *, trial: bool) -> Table:
    """Return the roles that were held in the period."""
    columns = (
        Column(key="person", title=Said("担当者", "person")),
        Column(key="role", title=Said("役割", "role")),
        Column(key="department", title=Said("部署", "department")),
        Column(key="start", title=Said("開始", "from"), kind="instant"),
        Column(key="end", title=Said("終了", "to"), kind="instant"),
        Column(key="deputy_for", title=Said("代理する人", "deputy for")),
    )
    rows = tuple(
        (
            both(_named(made, one.person), one.person),
            Said(*_ROLES[one.role], one.role),
            one.department,
            one.span.start,
            one.span.end,
            "" if one.deputy_for is None else _named(made, one.deputy_for),
        )
        for one in made.roles
    )
    return Table(
        key="roles", title=Said("期間中の役割", "Roles in the period"), columns=columns, rows=rows, trial=trial
    )


_ANSWERS: Final = {
    "open": ("未了", "open"),
    "acknowledged": ("応答あり", "acknowledged"),
    "certified": ("証明あり", "certified"),
}
_ROLES: Final = {
    "admin": ("起案者", "admin"),
    "manager": ("部署の管理者", "manager"),
    "compliance": ("コンプライアンス", "compliance"),
    "auditor": ("監査", "auditor"),
    "operator": ("運用", "operator"),
}


def _duty(duty: str) -> Said:
    ja, en = {
        "correct": ("訂正", "correct"),
        "stop_using": ("利用停止", "stop using"),
        "delete": ("消去", "delete"),
    }[duty]
    return Said(ja, en, duty)


def _named(made: Gathered, person: str) -> str:
    return made.people[person].name if person in made.people else person


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
