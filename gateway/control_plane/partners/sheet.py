"""提供先の一枚: a partner as governance and the published version leave it, with what its contracts say.

The gates read which clauses are recorded and until when supervision holds; whoever looks after a partner also reads in
which article, by whom it was checked, and how many days are left (document.py). Where the files of a version
were not kept, the sheet says what the gates know and leaves the rest open.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal

import msgspec

from gateway.control_plane.partners.document import (
    AgreementText,
    Check,
    Contacts,
    Contract,
    Document,
    EndOfUse,
    Evidence,
    PartnerText,
    Selection,
    Supervision,
)
from gateway.core.bases import REQUIRED, Basis
from gateway.core.days import FOREVER, Moment, Span, jst_day
from gateway.core.policy import Agreement, Partner, Policy
from gateway.core.state import ClientKey, PartnerState, Snapshot
from gateway.tlog.entries import Partner as Event

SOON_DAYS: Final = 60
"""A term, a supervision or a key that ends within so many days is marked."""

MORE: Final = ("protects", "decided_by", "subjects")
"""Evidence that an agreement may record beyond what its basis demands."""

Standing = Literal["active", "suspended", "never", "inactive"]
"""`inactive` where the log was not asked whether it was suspended or never active."""
Phase = Literal["later", "now", "soon", "ended"]
Supervised = Literal["on_time", "soon", "grace", "overdue", "missing", "not_required"]
Erased = Literal["later", "waiting", "late", "certified"]
"""How the end of use stands: not ended yet, ended and no certificate so far, none though it is due, certified."""


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """A clause, or another fact, that the agreement's basis demands."""

    name: str
    recorded: bool
    article: str | None = None
    """Of a clause, where it stands; of a fact, what is said. None where it is not recorded, or the files were not kept."""


class SupervisionSheet(msgspec.Struct, frozen=True, kw_only=True):
    """How supervision stands: after `due` in its grace, from `closes` on nothing is released."""

    standing: Supervised
    due: date | None
    closes: datetime | None
    grace_days: int | None
    last: Check | None


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """A grant in short: how many fields leave for its purpose, and how long the partner may keep them."""

    purpose: str
    products: tuple[str, ...]
    fields: int
    retention_days: int


class EndSheet(msgspec.Struct, frozen=True, kw_only=True):
    """The end of use, and how it stands."""

    said: EndOfUse
    standing: Erased


class AgreementSheet(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement in force or not, and what it still lacks."""

    id: str
    basis: Basis
    term: Span
    phase: Phase
    days_left: int | None
    """Days from today to the last one: 0 on the last day, None where it has no end, negative after it."""
    contract: Contract | None
    clauses: tuple[Clause, ...]
    facts: tuple[Clause, ...]
    supervision: SupervisionSheet
    selection: Selection | None
    end: EndSheet | None
    grants: tuple[Granted, ...]

    @property
    def last_day(self) -> datetime | None:
        """An instant of the term's last day."""
        return _last_day(self.term)

    @property
    def missing(self) -> int:
        """How many clauses and facts are not recorded."""
        return sum(not one.recorded for one in (*self.clauses, *self.facts))


class KeySheet(msgspec.Struct, frozen=True, kw_only=True):
    """A registered key and how its span stands."""

    key: ClientKey
    phase: Phase
    days_left: int | None


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one partner."""

    partner: Partner
    text: PartnerText | None
    standing: Standing
    in_policy: bool
    """Whether the version in force names the partner."""
    archived: datetime | None
    """Since when, or from when, nothing is released to it for good."""
    agreements: tuple[AgreementSheet, ...]
    keys: tuple[KeySheet, ...]
    events: tuple[Event, ...] | None
    """The newest first; None where the log was not asked."""


def sheets(
    snapshot: Snapshot,
    policy: Policy | None,
    *,
    document: Document | None,
    events: Sequence[Event] | None,
    now: datetime,
) -> list[Sheet]:
    """Return the sheet of every partner that a published version names, those with an agreement first.

    `policy` is the version in force, `document` the same version's; `events` are the log's, in its order.
    """
    named = {name: one for version in snapshot.versions for name, one in version.policy.partners.items()}
    in_force = {} if policy is None else policy.partners
    made = [
        _sheet(
            one,
            state=snapshot.partner(name),
            policy=policy if name in in_force else None,
            document=document,
            events=None if events is None else [event for event in events if event.partner == name],
            now=now,
        )
        for name, one in {**named, **in_force}.items()
    ]
    return sorted(made, key=lambda one: (not one.agreements, not one.in_policy, one.partner.id))


def standing(state: PartnerState, events: Sequence[Event] | None) -> Standing:
    """Return how a partner stands by the last entry that set its state; keys alone make nobody active."""
    if events is None:
        return "active" if state.active else "inactive"
    for event in reversed(events):
        match event.event:
            case "active" | "suspended" as state_set:
                return state_set
    return "never"


def phase(span: Span, now: datetime) -> Phase:
    """Return where in a span this instant lies."""
    moment = Moment(now)
    if not moment.begun(span.start):
        return "later"
    if not moment.within(span):
        return "ended"
    left = days_left(span, now)
    return "soon" if left is not None and left <= SOON_DAYS else "now"


def days_left(span: Span, now: datetime) -> int | None:
    """Return the JST days from today to the span's last one, None where it has no end."""
    last = _last_day(span)
    return None if last is None else (jst_day(last) - jst_day(now)).days


def _last_day(span: Span) -> datetime | None:
    if span.end is None or span.end >= FOREVER:
        return None
    return span.end - timedelta(milliseconds=1)


def _sheet(
    partner: Partner,
    *,
    state: PartnerState,
    policy: Policy | None,
    document: Document | None,
    events: Sequence[Event] | None,
    now: datetime,
) -> Sheet:
    texts = {} if document is None else document.agreements.get(partner.id, {})
    own = [] if policy is None else [one for one in policy.agreements.values() if one.partner == partner.id]
    keys = sorted(
        state.keys, key=lambda key: (key.client, key.use, key.span.start is not None, key.span.start, key.kid)
    )
    return Sheet(
        partner=partner,
        text=None if document is None else document.partners.get(partner.id),
        standing=standing(state, events),
        in_policy=policy is not None,
        archived=partner.receives.end,
        agreements=tuple(agreement_sheet(one, texts.get(one.id), now) for one in sorted(own, key=lambda one: one.id)),
        keys=tuple(KeySheet(key=key, phase=phase(key.span, now), days_left=days_left(key.span, now)) for key in keys),
        events=None if events is None else tuple(reversed(events)),
    )


def agreement_sheet(one: Agreement, text: AgreementText | None, now: datetime) -> AgreementSheet:
    """Return how an agreement stands; `text` is what its file says, None where it was not kept."""
    needs = REQUIRED[one.basis]
    said = None if text is None else text.evidence
    facts = [_fact(name, said, recorded=name in one.evidence) for name in needs.facts]
    # What the basis does not demand is shown where it is recorded all the same.
    facts += [_fact(name, said, recorded=True) for name in MORE if name in one.evidence and name not in needs.facts]
    ends = one.evidence_span.end is not None
    if needs.ends or ends:
        facts.append(_fact("expires", said, recorded=ends))
    return AgreementSheet(
        id=one.id,
        basis=one.basis,
        term=one.term,
        phase=phase(one.term, now),
        days_left=days_left(one.term, now),
        contract=None if text is None else text.contract,
        clauses=tuple(
            Clause(name=name, recorded=name in one.clauses, article=_article(text, name)) for name in needs.clauses
        ),
        facts=tuple(facts),
        supervision=_supervision(one, None if text is None else text.supervision, now),
        selection=None if text is None else text.evidence.selection,
        end=None if text is None or text.end is None else _end(text.end, now),
        grants=tuple(
            Granted(
                purpose=grant.purpose,
                products=tuple(sorted(grant.products)),
                # `drop` lets nothing leave.
                fields=sum(transform != "drop" for transform in grant.fields.values()),
                retention_days=grant.retention_days,
            )
            for grant in one.grants
        ),
    )


def _fact(name: str, said: Evidence | None, *, recorded: bool) -> Clause:
    return Clause(name=name, recorded=recorded, article=None if said is None else said.text(name))


def _end(said: EndOfUse, now: datetime) -> EndSheet:
    today = jst_day(now)
    standing: Erased = "late" if said.return_erase.due < today else "waiting"
    if said.return_erase.certificate is not None:
        standing = "certified"
    elif today <= said.on:
        standing = "later"
    return EndSheet(said=said, standing=standing)


def _article(text: AgreementText | None, clause: str) -> str | None:
    said = None if text is None else text.clauses.get(clause)
    return said.article if isinstance(said, Contacts) else said


def _supervision(one: Agreement, text: Supervision | None, now: datetime) -> SupervisionSheet:
    return SupervisionSheet(
        standing=_supervised(one, None if text is None else text.due, now),
        due=None if text is None else text.due,
        closes=None if one.supervision is None else one.supervision.end,
        grace_days=None if text is None else text.grace_days,
        last=None if text is None else text.last,
    )


def _supervised(one: Agreement, due: date | None, now: datetime) -> Supervised:
    if not REQUIRED[one.basis].supervised:
        return "not_required"
    if one.supervision is None:
        return "missing"
    if not Moment(now).within(one.supervision):
        return "overdue"
    today = jst_day(now)
    if due is not None and due < today:
        return "grace"
    return "soon" if due is not None and (due - today).days <= SOON_DAYS else "on_time"
