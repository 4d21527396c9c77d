"""第三者提供記録簿: the releases that Art. 29 asks a record of, with the matters of Rule 20, and what is exempt from it.

A record names the receiver, the items and the consent, and points to the entry that commits to the members; whoever of
them asks is answered from 組合員照会, for codes stand in no report. Joint use and entrustment are stated as exempt with
their article, so that nobody takes their absence for an omission.
"""

from collections import Counter, defaultdict
from datetime import date, datetime
from typing import Final

import msgspec

from gateway.core.bases import Basis
from gateway.core.days import jst_day
from gateway.core.policy import Policy
from gateway.core.reviews.provision_record import kept_until, record_duty
from gateway.core.state import Snapshot
from gateway.oversight.desk import OversightDesk
from gateway.oversight.reports.catalogue import field_names, partner_names
from gateway.oversight.reports.counting import AT_ONCE, Counting, count
from gateway.oversight.reports.papers import Paper, PartnerPaper, published, said_evidence
from gateway.oversight.reports.words import basis_said, both, joined
from gateway.oversight.reviews.periods import Period
from gateway.sheets.tables import Column, Note, Said, Table
from gateway.tlog.entries import instant

HOME: Final = "JP"


class _Release(msgspec.Struct, frozen=True):
    time: str
    transfer: str
    partner: str
    basis: str
    article: str
    agreement: str
    policy: str
    fields: dict[str, str]
    counts: dict[str, int]


_read = msgspec.json.Decoder(_Release).decode


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One release of which a record is kept."""

    index: int
    time: datetime
    transfer: str
    partner: str
    receiver: PartnerPaper
    basis: str
    article: str
    agreement: str
    fields: tuple[str, ...]
    members: int
    consent: str
    keep_until: date


class Exempt(msgspec.Struct, frozen=True, kw_only=True):
    """Releases of which the law asks no record."""

    partner: str
    basis: str
    releases: int
    members: int


class Provisions(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a period and what is exempt."""

    period: Period
    records: tuple[Record, ...]
    exempt: tuple[Exempt, ...]


async def provisions(desk: OversightDesk, coop: str, period: Period, *, counting: Counting | None = None) -> Provisions:
    """Return the records of a period of days; `counting` is that of the period, where it was counted. Raises Unavailable."""
    snapshot = desk.current(coop)
    papers = {one.version.policy.digest: one.paper for one in (await published(desk, coop)).values()}
    policies = {one.policy.digest: one.policy for one in snapshot.versions}
    first, last = await desk.side_rows.span(coop, period.start, period.end)
    start, end = instant(period.start), instant(period.end)
    records = []
    counting = counting or await count(desk, coop, period.start, period.end)
    for partner in sorted(_recorded(snapshot, counting)):
        for at in range(first, last, AT_ONCE):
            for logged in await desk.reached.releases(coop, at, min(at + AT_ONCE, last), partner=partner):
                said = _read(logged.entry)
                abroad = _abroad(policies.get(said.policy), partner)
                if start <= said.time < end and record_duty(Basis(said.basis), abroad=abroad).recorded:
                    records.append(_record(logged.index, said, papers.get(said.policy, Paper())))
    return Provisions(
        period=period,
        records=tuple(sorted(records, key=lambda one: one.index)),
        exempt=_exempt(counting, Counter((one.partner, one.basis) for one in records), records),
    )


def provision_tables(made: Provisions, snapshot: Snapshot, *, coop: str, today: date, trial: bool) -> tuple[Table, ...]:
    """Return the records as tables; `coop` is the co-op's name."""
    names, fields = partner_names(snapshot), field_names(snapshot)
    notes = (
        Note(key="coop", title=Said("提供元の生協", "provided by"), said=coop),
        Note(key="first", title=Said("期間の初日", "first day"), said=made.period.first),
        Note(key="last", title=Said("期間の末日", "last day"), said=made.period.last),
        Note(
            key="rule",
            title=Said("記録の根拠", "rule"),
            said=Said(
                "個人情報保護法29条・規則20条。保存は提供の日から3年(継続的な提供は最後の提供から)",
                "APPI Art. 29, Rule 20; kept for 3 years from the provision (of a continuous one, from the last)",
            ),
        ),
        Note(
            key="members",
            title=Said("本人", "persons"),
            said=Said(
                "本人は記録番号の記録が約束値で特定します。氏名・組合員コードはこの帳票に載せず、組合員照会で確かめます",
                "the entry of the index commits to the persons; no name or code stands here: look them up by member",
            ),
        ),
    )
    records = tuple(
        (
            one.index,
            one.time,
            both(one.receiver.name or names.get(one.partner, one.partner), one.partner),
            one.receiver.address,
            one.receiver.representative,
            one.receiver.country,
            joined([fields.get(name, both(name, name)) for name in one.fields]),
            one.members,
            basis_said(one.basis),
            one.consent,
            one.agreement,
            one.keep_until,
            Said("保存期間満了", "may be destroyed", "expired")
            if one.keep_until < today
            else Said("保存中", "kept", "kept"),
        )
        for one in made.records
    )
    exempt = tuple(
        (
            both(names.get(one.partner, one.partner), one.partner),
            basis_said(one.basis),
            _why(one.basis),
            one.releases,
            one.members,
        )
        for one in made.exempt
    )
    title = Said("第三者提供記録簿", "Records of provision to third parties")
    return (
        Table(key="records", title=title, columns=_RECORDS, rows=records, notes=notes, trial=trial),
        Table(
            key="exempt",
            title=Said("記録義務の対象外の提供", "Provision of which no record is asked for"),
            columns=_EXEMPT,
            rows=exempt,
            trial=trial,
        ),
    )


_RECORDS: Final = (
    Column(key="index", title=Said("記録番号", "entry"), kind="number"),
    Column(key="time", title=Said("提供の日時", "time"), kind="instant"),
    Column(key="receiver", title=Said("提供先の名称", "receiver")),
    Column(key="address", title=Said("住所", "address")),
    Column(key="representative", title=Said("代表者", "representative")),
    Column(key="country", title=Said("国", "country")),
    Column(key="fields", title=Said("個人データの項目", "items")),
    Column(key="members", title=Said("本人の数", "persons"), kind="number"),
    Column(key="basis", title=Said("根拠", "legal basis")),
    Column(key="consent", title=Said("同意を得ている旨", "consent")),
    Column(key="agreement", title=Said("契約・覚書", "agreement")),
    Column(key="keep_until", title=Said("保存期限", "keep until"), kind="day"),
    Column(key="standing", title=Said("状態", "state")),
)
_EXEMPT: Final = (
    Column(key="partner", title=Said("提供先", "partner")),
    Column(key="basis", title=Said("根拠", "legal basis")),
    Column(key="why", title=Said("記録義務", "duty to record")),
    Column(key="releases", title=Said("提供回数", "releases"), kind="number"),
    Column(key="members", title=Said("延べ人数", "members, each release's"), kind="number"),
)


def _why(basis: str) -> Said:
    duty = record_duty(Basis(basis), abroad=False)
    return Said(duty.ja, duty.en, "recorded" if duty.recorded else "exempt")


def _recorded(snapshot: Snapshot, counting: Counting) -> set[str]:
    """Return the partners of whom a record may be due in what was counted: by consent, or abroad."""
    policies = [version.policy for version in snapshot.versions]
    abroad = {name for policy in policies for name in policy.partners if _abroad(policy, name)}
    return {partner for partner, _, basis in counting.uses if basis == Basis.CONSENT or partner in abroad}


def _abroad(policy: Policy | None, partner: str) -> bool:
    return policy is not None and partner in policy.partners and policy.partners[partner].country != HOME


def _record(index: int, said: _Release, paper: Paper) -> Record:
    time = datetime.fromisoformat(said.time)
    receiver = paper.partners.get(said.partner, PartnerPaper(id=said.partner))
    return Record(
        index=index,
        time=time,
        transfer=said.transfer,
        partner=said.partner,
        receiver=receiver,
        basis=said.basis,
        article=said.article,
        agreement=said.agreement,
        fields=tuple(sorted(said.fields)),
        members=said.counts.get("released", 0),
        consent=said_evidence(paper.agreement(said.partner, said.agreement)) if said.basis == Basis.CONSENT else "",
        keep_until=kept_until(jst_day(time)),
    )


def _exempt(counting: Counting, recorded: Counter[tuple[str, str]], records: list[Record]) -> tuple[Exempt, ...]:
    """Return what was released beside the records, by partner and basis."""
    of_records: Counter[tuple[str, str]] = Counter()
    for one in records:
        of_records[one.partner, one.basis] += one.members
    releases: dict[tuple[str, str], int] = defaultdict(int)
    members: dict[tuple[str, str], int] = defaultdict(int)
    for (partner, _, basis), use in counting.uses.items():
        releases[partner, basis] += use.releases
        members[partner, basis] += use.members
    return tuple(
        Exempt(
            partner=partner,
            basis=basis,
            releases=releases[partner, basis] - recorded[partner, basis],
            members=members[partner, basis] - of_records[partner, basis],
        )
        for partner, basis in sorted(releases)
        if releases[partner, basis] > recorded[partner, basis]
    )
