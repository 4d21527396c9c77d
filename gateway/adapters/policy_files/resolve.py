"""The document as the core decides with it: days become instants, classes their members, defaults their values."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from gateway.adapters.policy_files.agreement import AgreementShape, Condition, EvidenceRecord, GrantShape, Supervision
from gateway.adapters.policy_files.catalogue import CatalogueField
from gateway.adapters.policy_files.decisions import (
    AbroadDecision,
    CohortDecision,
    Decision as Recorded,
    FieldUseDecision,
    GroundDecision,
    ItemFieldDecision,
    OpenItemDecision,
    PurposeDecision,
)
from gateway.adapters.policy_files.document import PolicyDocument
from gateway.adapters.policy_files.notice import NoticeFile
from gateway.adapters.policy_files.partner import PartnerFile
from gateway.adapters.policy_files.records import agreement_records, partner_records
from gateway.adapters.policy_files.remembered import Made, afresh
from gateway.adapters.policy_files.resolve_notice import resolve_notices
from gateway.adapters.policy_files.source import FileShape, Filter, FixedShape, SourceFile
from gateway.core.days import FOREVER, Span, days, midnight, midnight_after
from gateway.core.policy import (
    Agreement,
    Decision,
    Field,
    Grant,
    Notice,
    Partner,
    Policy,
    Predicate,
)
from gateway.core.sources.file_layout import Control, FileLayout, FixedColumn
from gateway.core.sources.source_map import SourceMap, SqlView, ValueForm


def resolve(document: PolicyDocument, *, digest: str | None = None, made: Made = afresh) -> Policy:
    """Return the policy a document is, under its own digest or the one it was published with.

    Equal documents make equal policies, whatever the order of keys in their files.
    """
    decisions = sorted(document.decisions.items())
    return Policy(
        coop=document.coop,
        digest=document.digest if digest is None else digest,
        notices=made(_notices, *document.notices.values()),
        fields=made(_fields, document.fields),
        decisions=made(_decisions, " ".join(name for name, _ in decisions), *(one for _, one in decisions)),
        agreements={
            name: made(_agreement, name, partner, one)
            for partner, all_of_it in sorted(document.agreements.items())
            for name, one in sorted(all_of_it.items())
        },
        partners={name: made(_partner, one) for name, one in sorted(document.partners.items())},
        source=_source(document.source),
    )


def resolve_bytes(data: bytes, digest: str) -> Policy:
    """Return the policy of a stored document. Raises ValueError where the bytes are not those of the digest."""
    if hashlib.sha256(data).hexdigest() != digest:
        raise ValueError("the stored policy document does not have its digest")
    return resolve(PolicyDocument.from_bytes(data), digest=digest)


def _notices(*files: NoticeFile) -> tuple[Notice, ...]:
    return resolve_notices(files)


def _fields(catalogue: Mapping[str, CatalogueField]) -> dict[str, Field]:
    return {name: _field(name, one) for name, one in sorted(catalogue.items())}


def _decisions(names: str, *recorded: Recorded) -> tuple[Decision, ...]:
    return tuple(map(_decision, names.split(), recorded))


def _field(name: str, one: CatalogueField) -> Field:
    return Field(
        id=name,
        item=one.item or "",
        type=one.type,
        nullable=one.null == "allowed",
        cls=one.cls,
        ja=one.ja,
        en=one.en,
        example=one.example,
        max_length=one.max_length,
        length=one.length,
        pattern=one.pattern,
        codes=tuple(sorted(one.codes or ())),
        product=one.product,
        subject=one.subject,
        minor=one.minor,
        contact=one.contact,
    )


def _decision(name: str, one: Recorded) -> Decision:
    span = days(one.start, one.end)
    match one:
        case PurposeDecision():
            return Decision(id=name, kind=one.kind, span=span, purposes=frozenset(one.purposes))
        case ItemFieldDecision() | OpenItemDecision():
            return Decision(id=name, kind=one.kind, span=span, item=one.item, fields=frozenset(one.fields))
        case CohortDecision():
            return Decision(
                id=name,
                kind=one.kind,
                span=span,
                versions=frozenset(one.versions),
                ground=one.ground,
                selectors=tuple(map(_predicate, one.selectors)),
            )
        case FieldUseDecision():
            return Decision(
                id=name,
                kind=one.kind,
                span=span,
                fields=frozenset(one.fields),
                partner=one.partner,
                purposes=frozenset(one.purposes),
            )
        case AbroadDecision():
            return Decision(id=name, kind=one.kind, span=span, partner=one.partner, ground=one.ground)
        case GroundDecision():
            return Decision(id=name, kind=one.kind, span=span, ground=one.ground)


def _agreement(name: str, partner: str, one: AgreementShape) -> Agreement:
    clauses = {clause for clause in type(one.clauses).model_fields if getattr(one.clauses, clause) is not None}
    return Agreement(
        id=name,
        partner=partner,
        basis=one.basis,
        term=_term(one),
        clauses=frozenset(clauses),
        evidence=_facts(one.evidence),
        evidence_span=Span(_instant(one.evidence.start), _instant(one.evidence.expires)),
        supervision=None if one.supervision is None else _supervision(one.supervision),
        ground=one.ground,
        programme=one.programme,
        department=one.contract.department,
        records=agreement_records(one),
        reconciliation=None if one.reconciliation is None else days(one.reconciliation.start, one.reconciliation.end),
        grants=tuple(_grant(name, grant, shape, one) for grant, shape in sorted(one.grants.items())),
    )


def _term(one: AgreementShape) -> Span:
    """Return the days of the agreement; the end of use can only cut them."""
    ends = one.term.end
    if one.end is not None:
        ends = one.end.on if ends is None else min(ends, one.end.on)
    return days(one.term.start, ends)


def _facts(evidence: EvidenceRecord) -> frozenset[str]:
    bounds = {"start", "expires"}
    return frozenset(
        name for name in type(evidence).model_fields if name not in bounds and getattr(evidence, name) is not None
    )


def _supervision(one: Supervision) -> Span:
    """Supervision closes gate 2 at the midnight after due day and grace; grace beyond the calendar never ends."""
    last = one.due + min(timedelta(days=one.grace_days), date.max - one.due)
    return Span(None, midnight_after(last))


def _grant(agreement: str, name: str, one: GrantShape, its: AgreementShape) -> Grant:
    limits = one.limits or its.limits
    return Grant(
        # Quotas and schemas are per grant: its id is unique in the co-op.
        id=f"{agreement}.{name}",
        purpose=one.purpose,
        fields=dict(sorted(one.fields.items())),
        products=frozenset(one.products),
        population=tuple(_predicate(condition) for condition in one.population),
        max_age_days=one.max_age_days,
        retention_days=one.retention_days,
        members_per_day=None if limits is None else limits.members_per_day,
        filters={str(name): value for name, value in one.filters.items()},
        case=one.case,
    )


def _predicate(one: Condition) -> Predicate:
    return Predicate(field=one.field, among=one.among, prefixes=one.prefix_in, lowest=one.lowest, highest=one.highest)


def _partner(one: PartnerFile) -> Partner:
    return Partner(
        id=one.id,
        name=one.name,
        corporate_number=one.corporate_number,
        country=one.country,
        clients=frozenset(client.id for client in one.clients),
        receives=Span(None, None if one.archived is None else midnight(one.archived)),
        records=partner_records(one),
    )


def _source(one: SourceFile) -> SourceMap:
    facts = {name: str(getattr(one.facts, name)) for name in type(one.facts).model_fields}
    return SourceMap(
        facts=facts,
        columns=dict(one.columns),
        constants={str(name): value for name, value in sorted(one.constants.items())},
        values={name: ValueForm(**shape.model_dump()) for name, shape in sorted(one.values.items())},
        sql=None
        if one.sql is None
        else SqlView(view=one.sql.view, products=dict(one.sql.products), filters=_filters(one.sql.filters)),
        file=None if one.file is None else _layout(one.file),
    )


def _layout(one: FileShape) -> FileLayout:
    control = one.trailer
    return FileLayout(
        pattern=one.pattern,
        format=one.format,
        encoding=one.encoding,
        delimiter=one.delimiter,
        header=one.header,
        heading=one.heading,
        columns=one.columns,
        fixed=tuple(map(_fixed, one.fixed)),
        record=one.record,
        trailer=None
        if control is None
        else Control(
            mark=control.mark,
            count=_fixed(control.count),
            sums={name: _fixed(place) for name, place in control.sums.items()},
            end=control.end,
        ),
        products=dict(one.products),
        filters=_filters(one.filters),
    )


def _fixed(one: FixedShape) -> FixedColumn:
    return FixedColumn(name=one.name, at=one.at, length=one.length)


def _filters(columns: Mapping[Filter, str]) -> dict[str, str]:
    return {str(name): column for name, column in columns.items()}


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    try:
        return instant.astimezone(UTC)
    except OverflowError:  # hours before the first day of the calendar, or after its last
        return datetime.min.replace(tzinfo=UTC) if instant.year == 1 else FOREVER
