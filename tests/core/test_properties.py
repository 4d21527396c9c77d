"""What must hold whatever the notice, agreement, request and record: released ⊆ asked ∩ grant ⊆ notice."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, note, settings, strategies as st
from msgspec.structs import replace

from gateway.core.days import Moment, Span, days
from gateway.core.decide import decide
from gateway.core.grant_schema import grant_schema
from gateway.core.member_gate import member_gate
from gateway.core.outcome import Denial, Permit
from gateway.core.policy import Decision, Field, Grant, Item, Notice, Policy, Transform
from gateway.core.projection import projection
from gateway.core.request import DataRequest
from gateway.core.state import PartnerState, Version
from gateway.core.transforms import FITS
from tests import factories as make

TODAY = date(2026, 11, 22)
NAMES = sorted(make.FIELDS)
around = st.integers(-3, 3).map(lambda n: TODAY + timedelta(days=n))
spans = st.just(make.YEAR) | st.just(make.YEAR) | st.builds(days, st.none() | around, st.none() | around)


def fitting(field: Field) -> st.SearchStrategy[Transform]:
    return st.sampled_from(sorted(t for t, types in FITS.items() if types is None or field.type in types))


@st.composite
def grants(draw: st.DrawFn, purpose: str = "P4") -> Grant:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    return make.grant(
        purpose=purpose,
        fields={name: draw(fitting(make.FIELDS[name])) for name in names},
        products=frozenset({"G1"}),
    )


@st.composite
def notices(draw: st.DrawFn) -> Notice:
    notice = make.notice()
    items = draw(st.sets(st.sampled_from(sorted(notice.items))).map(frozenset)) if draw(st.booleans()) else None
    kept = notice.items if items is None else {k: v for k, v in notice.items.items() if k in items}
    return replace(
        notice,
        items=kept,
        users=notice.users if draw(st.integers(0, 4)) else (),
        effective=draw(spans) if draw(st.booleans()) else notice.effective,
        gaps=() if draw(st.integers(0, 4)) else ("items",),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    resolved = draw(st.lists(st.sampled_from(NAMES), unique=True))
    decisions = [
        Decision(id=f"o-{n}", kind="open_item", span=draw(spans), item=make.FIELDS[n].item, fields=frozenset({n}))
        for n in resolved
    ]
    decisions += [
        Decision(
            id=f"u-{n}",
            kind="field_use",
            span=draw(spans),
            fields=frozenset({n}),
            partner="sunnet",
            purposes=frozenset({"P4", "P6"}),
        )
        for n in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]
    agreement = make.agreement(grants=(draw(grants()),), term=draw(spans))
    return make.policy(notices=(draw(notices()),), decisions=tuple(decisions), agreements={"a-1": agreement})


@st.composite
def requests(draw: st.DrawFn, grant: Grant | None = None) -> DataRequest:
    pool = sorted(grant.fields) if grant and draw(st.integers(0, 3)) else NAMES
    return make.request(fields=tuple(draw(st.lists(st.sampled_from(pool), min_size=1, unique=True))))


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    values: dict[str, st.SearchStrategy[Any]] = {
        "member_code": st.from_regex(r"\A[0-9]{8}\Z"),
        "name": st.text(min_size=1, max_size=60),
        "name_kana": st.none() | st.text(max_size=60),
        "birth_date": st.none() | st.dates(date(1900, 1, 1), TODAY).map(str),
        "postal_code": st.none() | st.from_regex(r"\A[0-9]{7}\Z"),
        "municipality_code": st.none() | st.from_regex(r"\A[0-9]{6}\Z"),
        "phone": st.none() | st.text("0123456789-‐ー", max_size=16),
        "delivery_day": st.none() | st.sampled_from(["1", "2", "3"]),
        "receivable_yen": st.none() | st.integers(0, 10**9),
        "care_level": st.none() | st.sampled_from(["1", "2"]),
        "child_birth_date": st.none() | st.dates(date(2000, 1, 1), TODAY).map(str),
        "inquiry_text": st.none() | st.text(max_size=100),
        "status": st.sampled_from(["active", "active", "active", "withdrawn", None]),
        "subject": st.sampled_from(["member", "member", "staff"]),
        "programmes": st.just([{"id": "sukusuku"}]),
        "acquired_under": st.sampled_from(["2022-04-01", "2022-04-01", "2018-03-08"]),
        "as_of": st.sampled_from(["2026-11-21T20:00:00Z", "2026-10-01T00:00:00Z"]),
        "consents": st.just(
            [
                {
                    "id": "c",
                    "partner": "sunnet",
                    "purpose": "P4",
                    "fields": ["care_level"],
                    "from": "2026-01-01T00:00:00Z",
                }
            ]
        ),
        "stops": st.just([]),
    }
    return {name: draw(value) for name, value in values.items()}


def decision_of(policy: Policy, asked: DataRequest, at: datetime = make.NOON, **state: Any) -> Permit | Denial:
    return decide(
        asked,
        make.bound(asked),
        partner="sunnet",
        client="c-1",
        signed_with="sig-1",
        snapshot=make.snapshot(policy, **state),
        at=at,
    )


def released(permit: Permit, record: dict[str, Any], at: datetime = make.NOON) -> dict[str, Any] | None:
    """What leaves of one record, as the partner reads it."""
    rows, _ = permit.rows.read(msgspec.Raw(json.dumps([record]).encode()))
    moment = Moment(at)
    found, _ = member_gate(permit, moment, str.encode)(rows)
    if not found:
        return None
    (data,) = projection(permit, moment, lambda code: "p" * 22)(found)
    result: dict[str, Any] = json.loads(msgspec.json.encode(data))
    return result


@pytest.mark.clause("D-02", "K-03")
@given(st.data())
def test_released_is_within_asked_within_grant_within_notice(data: st.DataObject) -> None:
    policy = data.draw(policies())
    grant = policy.agreements["a-1"].grants[0]
    asked = data.draw(requests(grant))
    decision = decision_of(policy, asked)
    if isinstance(decision, Denial):
        assert decision.reasons
        return
    notice = policy.notices[0]
    now = Moment(make.NOON)
    for name in decision.fields:
        assert name in asked.fields
        assert name in grant.fields
        item = notice.items[policy.fields[name].item]
        assert name in item.fields or any(
            name in d.fields and d.item == item.id and now.within(d.span)
            for d in policy.decisions
            if d.kind in {"open_item", "item_field"}
        )
    out = released(decision, data.draw(records()))
    if out is not None:
        assert set(out) <= set(asked.fields) & set(grant.fields)


@given(st.data())
def test_every_released_record_validates_against_its_grants_schema(data: st.DataObject) -> None:
    policy = data.draw(policies())
    grant = policy.agreements["a-1"].grants[0]
    asked = data.draw(requests(grant))
    decision = decision_of(policy, asked)
    out = released(decision, data.draw(records())) if isinstance(decision, Permit) else None
    if out is not None:
        schema = grant_schema(grant, policy.fields)
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(out, schema, jsonschema.Draft202012Validator)


@given(st.data())
def test_widening_a_grant_never_changes_the_answer_to_an_unchanged_request(data: st.DataObject) -> None:
    policy = data.draw(policies())
    agreement = policy.agreements["a-1"]
    grant = agreement.grants[0]
    asked = data.draw(requests(grant))
    decision = decision_of(policy, asked)
    if isinstance(decision, Denial):
        return
    more = {name: data.draw(fitting(make.FIELDS[name])) for name in data.draw(st.sets(st.sampled_from(NAMES)))}
    wide = replace(grant, fields={**more, **grant.fields})
    others = (replace(wide, id="other", purpose="P6"),)
    wider = replace(policy, agreements={"a-1": replace(agreement, grants=(wide, *others))})
    again = decision_of(wider, asked)
    assert isinstance(again, Permit)
    record = data.draw(records())
    assert released(again, record) == released(decision, record)


def removals(policy: Policy, permit: Permit) -> dict[str, Policy | dict[str, Any]]:
    """Everything the gates stand on, taken away one by one: a changed policy, or a changed snapshot."""
    notice, agreement = policy.notices[0], policy.agreements["a-1"]

    def noticed(**changes: Any) -> Policy:
        return replace(policy, notices=(replace(notice, **changes),))

    def agreed(**changes: Any) -> Policy:
        return replace(policy, agreements={"a-1": replace(agreement, **changes)})

    gone = Span(None, make.NOON)
    first = next(iter(permit.fields))
    item = notice.items[policy.fields[first].item]
    keys = (make.key("sig"), make.key("enc"))
    return {
        "published": noticed(published=gone),
        "in force": noticed(effective=gone),
        "complete": noticed(gaps=("items",)),
        "user": noticed(users=()),
        "purpose": noticed(purposes={}),
        "product": noticed(products=frozenset({"G2"})),
        "item": noticed(items={k: v for k, v in notice.items.items() if k != item.id}),
        "item field": replace(
            noticed(items={**notice.items, item.id: Item(id=item.id, fields=frozenset())}), decisions=()
        ),
        "term": agreed(term=gone),
        "clauses": agreed(clauses=frozenset()),
        "supervision": agreed(supervision=gone),
        "grant": agreed(grants=()),
        "field": agreed(
            grants=(
                replace(
                    agreement.grants[0], fields={k: v for k, v in agreement.grants[0].fields.items() if k != first}
                ),
            )
        ),
        "active": {"partners": {"sunnet": PartnerState(active=False, keys=keys)}},
        "encryption key": {"partners": {"sunnet": PartnerState(active=True, keys=keys[:1])}},
        "signing key": {"partners": {"sunnet": PartnerState(active=True, keys=keys[1:])}},
        "policy": {"versions": ()},
    }


@given(st.data())
def test_removing_any_gates_condition_turns_release_into_denial(data: st.DataObject) -> None:
    policy = data.draw(policies())
    asked = data.draw(requests(policy.agreements["a-1"].grants[0]))
    decision = decision_of(policy, asked)
    if isinstance(decision, Denial):
        return
    for what, without in removals(policy, decision).items():
        note(what)
        if isinstance(without, Policy):
            assert isinstance(decision_of(without, asked), Denial)
        else:
            assert isinstance(decision_of(policy, asked, **without), Denial)


@given(st.data())
def test_a_decision_stands_until_its_valid_until(data: st.DataObject) -> None:
    first, second = data.draw(policies()), replace(data.draw(policies()), digest="1" * 64)
    asked = data.draw(requests(first.agreements["a-1"].grants[0]))
    begins = make.NOON + timedelta(hours=data.draw(st.integers(-48, 48)))
    versions = (
        Version(effective=make.PAST, index=0, policy=first),
        Version(effective=begins, index=1, policy=second),
    )
    decision = decision_of(first, asked, versions=versions)
    assert decision.valid_until is not None
    assert decision.valid_until > make.NOON
    left = min(decision.valid_until, datetime(2027, 12, 31, tzinfo=UTC)) - make.NOON
    at = make.NOON + left * data.draw(st.floats(0, 0.999999))
    again = decision_of(first, asked, at=at, versions=versions)
    assert type(again) is type(decision)
    assert again.valid_until == decision.valid_until
    if isinstance(decision, Permit) and isinstance(again, Permit):
        assert (again.fields, again.policy.digest, again.members) == (
            decision.fields,
            decision.policy.digest,
            decision.members,
        )
    elif isinstance(decision, Denial) and isinstance(again, Denial):
        assert again.reasons == decision.reasons


def test_the_strategies_reach_both_permits_and_denials() -> None:
    """A property that only ever sees denials would prove nothing."""
    seen: set[type] = set()

    @settings(max_examples=300, derandomize=True)
    @given(st.data())
    def look(data: st.DataObject) -> None:
        policy = data.draw(policies())
        seen.add(type(decision_of(policy, data.draw(requests(policy.agreements["a-1"].grants[0])))))

    look()
    assert seen == {Permit, Denial}
