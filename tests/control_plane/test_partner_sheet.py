"""提供先の一枚: what is said of a partner follows from governance, the version in force and its document alone."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from gateway.control_plane.partners.document import Certificate, EndOfUse, ReturnErase, read_document
from gateway.control_plane.partners.sheet import (
    SOON_DAYS,
    AgreementSheet,
    Sheet,
    agreement_sheet,
    days_left,
    phase,
    sheets,
)
from gateway.core.agreement_gate import check_agreement
from gateway.core.bases import REQUIRED, Basis
from gateway.core.days import FOREVER, Moment, Span, days
from gateway.core.policy import Policy
from gateway.core.state import ClientKey, PartnerState, Snapshot, Version
from gateway.tlog.entries import Partner as Event
from tests import factories
from tests.clock import NOON
from tests.house import COOP, document_of

TODAY = date(2026, 11, 22)
REAL = read_document(document_of(COOP))
INSTANTS = st.integers(-10_000, 10_000).map(lambda hours: NOON + timedelta(hours=hours))


def policy_with(**changes: Any) -> tuple[Policy, str]:
    """A version with one agreement changed as told, and its partner."""
    policy = factories.policy()
    agreement = next(iter(policy.agreements.values()))
    changed = replace(agreement, **changes)
    return replace(policy, agreements={changed.id: changed}), changed.partner


def sheet_of(policy: Policy, partner: str, state: PartnerState | None = None, **changes: Any) -> Sheet:
    """The sheet of a partner, where nothing but `state` was governed."""
    version = Version(effective=NOON - timedelta(days=1), index=0, policy=policy)
    states = {} if state is None else {partner: state}
    snapshot = Snapshot(coop=policy.coop, gov=0, versions=(version,), partners=states)
    values: dict[str, Any] = {"document": None, "events": [], "now": NOON, **changes}
    return next(one for one in sheets(snapshot, policy, **values) if one.partner.id == partner)


def agreement_of(**changes: Any) -> AgreementSheet:
    return sheet_of(*policy_with(**changes)).agreements[0]


def event(kind: Any, partner: str) -> Event:
    time = "2026-11-20T00:00:00.000Z"
    return Event(coop=COOP, time=time, gov=0, partner=partner, event=kind, by="unyo", reason="試験")


def test_the_published_document_names_the_article_of_each_clause():
    text = REAL.agreements["sunnet"]["kyoritsusha-sunnet-01"]
    policy, _ = policy_with(id="kyoritsusha-sunnet-01", partner="sunnet", clauses=frozenset(text.clauses))
    known = replace(next(iter(policy.partners.values())), id="sunnet")
    sheet = sheet_of(replace(policy, partners={"sunnet": known}), "sunnet", document=REAL)
    one = sheet.agreements[0]
    articles = {clause.name: clause.article for clause in one.clauses}
    assert set(articles) == set(REQUIRED[Basis.JOINT_USE].clauses)
    assert (articles["secrecy"], articles["contacts"], articles["end_procedure"]) == ("第3条", "第5条", "第12条")
    assert one.contract is not None
    assert (one.contract.signed, one.contract.department) == (date(2026, 3, 20), "宅配事業部")
    assert one.supervision.last is not None
    assert (one.supervision.last.on, one.supervision.last.method) == (date(2026, 9, 10), "質問票")
    assert sheet.text is not None
    assert sheet.text.short_name == "コープ東北サンネット事業連合"


def test_what_holds_no_document_is_refused():
    with pytest.raises(ValueError, match="agreements"):
        read_document(b'{"partners":{}}')


@pytest.mark.parametrize("basis", Basis)
def test_the_checklist_has_what_the_basis_demands_and_nothing_recorded_by_itself(basis: Basis):
    one = agreement_of(basis=basis, clauses=frozenset(), evidence=frozenset())
    assert tuple(clause.name for clause in one.clauses) == REQUIRED[basis].clauses
    assert tuple(fact.name for fact in one.facts if fact.name != "expires") == REQUIRED[basis].facts
    assert ("expires" in {fact.name for fact in one.facts}) == REQUIRED[basis].ends
    assert one.missing == len(one.clauses) + len(one.facts)


@given(basis=st.sampled_from(list(Basis)), data=st.data())
def test_the_sheet_calls_missing_what_the_gate_calls_missing(basis: Basis, data: st.DataObject):
    needs = REQUIRED[basis]
    clauses = data.draw(st.frozensets(st.sampled_from(needs.clauses))) if needs.clauses else frozenset()
    facts = data.draw(st.frozensets(st.sampled_from(needs.facts))) if needs.facts else frozenset()
    span = data.draw(st.sampled_from([Span(), Span(None, NOON + timedelta(days=1))]))
    policy, partner = policy_with(basis=basis, clauses=clauses, evidence=facts, evidence_span=span)
    one = sheet_of(policy, partner).agreements[0]
    told = check_agreement(
        policy,
        policy.agreements[one.id],
        partner=policy.partners[partner],
        state=PartnerState(active=True),
        client="x",
        signed_with="x",
        moment=Moment(NOON),
    )
    gate = {name.split(":")[1] for name in told if name.endswith(":missing")} - {"supervision"}
    assert {clause.name for clause in (*one.clauses, *one.facts) if not clause.recorded} == gate


def test_without_the_files_a_clause_is_recorded_and_its_article_unknown():
    one = agreement_of(basis=Basis.CONSENT, clauses=frozenset({"secrecy"}))
    assert [(clause.name, clause.recorded, clause.article) for clause in one.clauses] == [
        ("secrecy", True, None),
        ("no_reprovision", False, None),
    ]
    assert (one.contract, one.supervision.due) == (None, None)


@pytest.mark.parametrize(
    ("last", "left", "told"),
    [
        (TODAY - timedelta(days=1), -1, "ended"),
        (TODAY, 0, "soon"),
        (TODAY + timedelta(days=SOON_DAYS), SOON_DAYS, "soon"),
        (TODAY + timedelta(days=SOON_DAYS + 1), SOON_DAYS + 1, "now"),
        (date.max, None, "now"),
        (None, None, "now"),
    ],
)
def test_days_are_counted_to_the_last_day_of_the_term(last: date | None, left: int | None, told: str):
    one = agreement_of(term=days(date(2026, 4, 1), last))
    assert (one.days_left, one.phase) == (left, told)


def test_a_term_to_come_has_not_begun():
    assert agreement_of(term=days(TODAY + timedelta(days=1), None)).phase == "later"


@given(start=st.none() | INSTANTS, end=st.none() | st.just(FOREVER) | INSTANTS)
def test_a_span_is_open_now_or_soon_when_it_holds_this_instant_and_never_else(
    start: datetime | None, end: datetime | None
):
    span = Span(start, end)
    assert (phase(span, NOON) in {"now", "soon"}) == Moment(NOON).within(span)
    if phase(span, NOON) == "soon":
        assert 0 <= (days_left(span, NOON) or 0) <= SOON_DAYS


@pytest.mark.parametrize(
    ("due", "told"),
    [
        (TODAY + timedelta(days=SOON_DAYS + 1), "on_time"),
        (TODAY, "soon"),
        (TODAY - timedelta(days=1), "grace"),
        (TODAY - timedelta(days=30), "grace"),
        (TODAY - timedelta(days=31), "overdue"),
    ],
)
def test_supervision_is_due_in_grace_and_overdue(due: date, told: str):
    policy, partner = policy_with(basis=Basis.JOINT_USE, supervision=days(None, due + timedelta(days=30)))
    name = next(iter(policy.agreements))
    text = replace(
        REAL.agreements["sunnet"]["kyoritsusha-sunnet-01"],
        supervision=msgspec.convert({"due": due, "grace_days": 30, "last": None}, type=type(_supervision())),
    )
    document = replace(REAL, agreements={partner: {name: text}})
    supervision = sheet_of(policy, partner, document=document).agreements[0].supervision
    assert (supervision.standing, supervision.due, supervision.last) == (told, due, None)


def _supervision() -> Any:
    return REAL.agreements["sunnet"]["kyoritsusha-sunnet-01"].supervision


def test_supervision_that_is_not_recorded_is_missing_where_the_basis_demands_it_alone():
    assert agreement_of(basis=Basis.ENTRUSTMENT, supervision=None).supervision.standing == "missing"
    assert agreement_of(basis=Basis.CONSENT, supervision=None).supervision.standing == "not_required"


def test_a_partner_stands_as_its_last_entry_set_it_and_keys_make_nobody_active():
    policy, partner = policy_with()
    key = ClientKey(client="c", kid="k", use="enc", alg="ECDH-ES", thumbprint="t", jwk={}, span=Span(NOON, None))
    state = PartnerState(keys=(key,))
    told = {
        (): "never",
        ("key_added",): "never",
        ("active",): "active",
        ("active", "suspended", "key_ends"): "suspended",
        ("suspended", "active"): "active",
    }
    for kinds, standing in told.items():
        events = [event("active", "somebody-else"), *(event(kind, partner) for kind in kinds)]
        sheet = sheet_of(policy, partner, state, events=events)
        assert sheet.standing == standing
        assert sheet.events is not None
        assert [one.event for one in sheet.events] == list(reversed(kinds))
    unasked = sheet_of(policy, partner, state, events=None)
    assert (unasked.standing, unasked.events) == ("inactive", None)


def test_a_partner_that_left_the_version_is_listed_without_agreements():
    policy, partner = policy_with()
    empty = replace(policy, partners={}, agreements={}, digest="f" * 64)
    versions = tuple(Version(effective=NOON, index=n, policy=one) for n, one in enumerate((policy, empty)))
    found = sheets(Snapshot(coop=COOP, versions=versions), empty, document=None, events=[], now=NOON)
    gone = next(one for one in found if one.partner.id == partner)
    assert (gone.in_policy, gone.agreements) == (False, ())


def test_before_the_first_version_nobody_is_listed():
    assert sheets(Snapshot(coop=COOP), None, document=None, events=[], now=NOON) == []


# ── records that no gate reads ────────────────────────────────────────────────────────────────────────────────────


def ended(on: date, due: date, certificate: Certificate | None = None) -> AgreementSheet:
    """The sheet of an agreement whose file says that its use ends."""
    text = REAL.agreements["sunnet"]["kyoritsusha-sunnet-01"]
    end = EndOfUse(on=on, procedure="第12条", return_erase=ReturnErase(due=due, certificate=certificate))
    policy, _ = policy_with()
    return agreement_sheet(next(iter(policy.agreements.values())), replace(text, end=end), NOON)


@pytest.mark.parametrize(
    ("on", "due", "standing"),
    [
        (date(2026, 11, 23), date(2026, 12, 31), "later"),
        (TODAY, date(2026, 12, 31), "later"),
        (date(2026, 11, 21), TODAY, "waiting"),
        (date(2026, 11, 20), date(2026, 11, 21), "late"),
    ],
)
def test_an_end_of_use_stands_by_its_days_until_it_is_certified(on: date, due: date, standing: str):
    one = ended(on, due).end
    assert one is not None
    assert one.standing == standing
    certified = ended(on, due, Certificate(number="消去-1", on=due, by="責任者")).end
    assert certified is not None
    assert certified.standing == "certified"


def test_without_its_file_an_agreement_shows_no_end_and_no_selection():
    one = agreement_of()
    assert one.end is None
    assert one.selection is None


def test_an_archived_partner_is_told_with_its_day():
    policy, partner = policy_with()
    ends = days(None, date(2027, 1, 31))
    known = replace(policy.partners[partner], receives=ends)
    assert sheet_of(policy, partner).archived is None
    assert sheet_of(replace(policy, partners={partner: known}), partner).archived == ends.end
