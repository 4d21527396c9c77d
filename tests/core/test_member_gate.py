"""Gate 4 and the records it reads: whoever fails is not available; each malformed record is refused alone."""

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from gateway.core.bases import Basis
from gateway.core.days import Moment, Span, days
from gateway.core.decide import decide
from gateway.core.member_gate import member_gate
from gateway.core.outcome import Permit
from gateway.core.policy import Decision, Policy, Predicate
from gateway.core.request import DataRequest
from gateway.core.state import Restriction
from tests import factories as make

RECORD: dict[str, Any] = {
    "member_code": "00000101",
    "name": "髙﨑 花子",
    "birth_date": "1984-11-22",
    "phone": "0235‐22‐5115",
    "status": "active",
    "subject": "member",
    "programmes": [{"id": "sukusuku", "from": "2023-04-01", "to": None}],
    "acquired_under": "2022-04-01",
    "as_of": "2026-11-21T20:00:00Z",
    "consents": [],
    "stops": [],
}
LATER = "2026-11-22T04:00:00Z"
EARLIER = "2026-11-22T02:00:00Z"
TAG = b"tag"


def permit_for(policy: Policy | None = None, asked: DataRequest = make.REQUEST) -> Permit:
    permit = decide(
        asked,
        make.bound(asked),
        partner="sunnet",
        client="c-1",
        signed_with="sig-1",
        snapshot=make.snapshot(policy),
        at=make.NOON,
    )
    assert isinstance(permit, Permit), permit
    return permit


def row_of(permit: Permit, record: dict[str, Any]) -> Any:
    rows, refused = permit.rows.read(msgspec.Raw(msgspec.json.encode([record])))
    assert refused == []
    return rows[0]


def admitted(
    record: dict[str, Any],
    *,
    policy: Policy | None = None,
    asked: DataRequest = make.REQUEST,
    restrictions: tuple[Restriction, ...] = (),
    at: datetime = make.NOON,
) -> tuple[bool, datetime]:
    permit = replace(permit_for(policy, asked), restrictions={TAG: restrictions})
    moment = Moment(at)
    rows, tags = member_gate(permit, moment, lambda _: TAG)([row_of(permit, record)])
    assert len(rows) == len(tags)
    return bool(rows), moment.until


def test_the_usual_member_is_admitted() -> None:
    assert admitted(RECORD)[0]


FAILING: dict[str, dict[str, Any]] = {
    "withdrawn": {"status": "withdrawn"},
    "status missing": {"status": None},
    "subject missing": {"subject": None},
    "another subject": {"subject": "staff"},
    "outside the programme": {"programmes": []},
    "another programme": {"programmes": [{"id": "other"}]},
    "programmes missing": {"programmes": None},
    "programme ended yesterday": {"programmes": [{"id": "sukusuku", "to": "2026-11-21"}]},
    "programme from tomorrow": {"programmes": [{"id": "sukusuku", "from": "2026-11-23"}]},
    "acquired under a version that covers nobody": {"acquired_under": "2018-03-08"},
    "acquisition missing": {"acquired_under": None},
    "eight JST days old": {"as_of": "2026-11-14T14:59:59Z"},
    "from the future": {"as_of": LATER},
    "as_of missing": {"as_of": None},
    "stops missing": {"stops": None},
    "consents missing": {"consents": None},
    "stop_use": {"stops": [{"kind": "stop_use", "from": EARLIER}]},
    "stop_provide": {"stops": [{"kind": "stop_provide", "from": EARLIER}]},
    "protected": {"stops": [{"kind": "protected", "from": EARLIER}]},
    "stop for this partner": {"stops": [{"kind": "stop_use", "partner": "sunnet", "from": EARLIER}]},
    "stop for this purpose": {"stops": [{"kind": "stop_use", "purpose": "P4", "from": EARLIER}]},
}


@pytest.mark.clause("D-01", "D-04a", "K-00", "K-02")
@pytest.mark.parametrize("case", FAILING)
def test_failing_members(case: str) -> None:
    assert not admitted({**RECORD, **FAILING[case]})[0]


PASSING: dict[str, dict[str, Any]] = {
    "the last day of the programme": {"programmes": [{"id": "sukusuku", "to": "2026-11-22"}]},
    "seven JST days old": {"as_of": "2026-11-14T15:00:00Z"},
    "a stop that has ended": {"stops": [{"kind": "stop_use", "from": "2026-01-01T00:00:00Z", "to": EARLIER}]},
    "a stop that has not begun": {"stops": [{"kind": "stop_use", "from": LATER}]},
    "a stop for another partner": {"stops": [{"kind": "stop_use", "partner": "jccu", "from": EARLIER}]},
    "a stop for another purpose": {"stops": [{"kind": "stop_use", "purpose": "P3", "from": EARLIER}]},
    "a marketing stop under delivery": {"stops": [{"kind": "marketing_stop", "from": EARLIER}]},
}


@pytest.mark.parametrize("case", PASSING)
def test_passing_members(case: str) -> None:
    assert admitted({**RECORD, **PASSING[case]})[0]


@pytest.mark.parametrize("kind", ["stop_use", "stop_provide", "protected"])
def test_the_gateways_own_restriction_suffices(kind: Any) -> None:
    stop = Restriction(kind=kind, start=make.PAST)
    assert not admitted(RECORD, restrictions=(stop,))[0]
    assert admitted(RECORD, restrictions=(replace(stop, end=make.NOON),))[0]
    assert admitted(RECORD, restrictions=(replace(stop, partner="jccu"),))[0]


@pytest.mark.clause("D-P2", "D-P7", "K-P2")
def test_a_marketing_stop_excludes_guidance_and_not_delivery() -> None:
    stopped = {**RECORD, "stops": [{"kind": "marketing_stop", "from": EARLIER}]}
    grants = (
        make.grant(id="guide", purpose="P20.guide"),
        make.grant(id="deliver", purpose="P20.deliver"),
    )
    policy = make.policy(agreements={"a-1": make.agreement(grants=grants)})
    assert not admitted(stopped, policy=policy, asked=make.request(purpose="P20.guide"))[0]
    assert admitted(stopped, policy=policy, asked=make.request(purpose="P20.deliver"))[0]


@pytest.mark.parametrize(
    ("basis", "excluded"),
    [
        (Basis.JOINT_USE, {"stop_use", "stop_provide", "protected"}),
        (Basis.CONSENT, {"stop_use", "stop_provide", "protected"}),
        (Basis.ENTRUSTMENT, {"stop_use", "protected"}),
        (Basis.LAW, set()),
        (Basis.LIFE, set()),
        (Basis.PUBLIC_HEALTH, {"stop_use", "protected"}),
        (Basis.GOV_COOPERATION, {"stop_use", "protected"}),
    ],
)
def test_which_stops_bind_which_basis(basis: Basis, excluded: set[str]) -> None:
    policy = make.policy(agreements={"a-1": make.agreement(basis)})
    consent = {
        "id": "c",
        "partner": "sunnet",
        "purpose": "P4",
        "fields": ["name", "birth_date", "phone"],
        "from": EARLIER,
    }
    for kind in ("stop_use", "stop_provide", "protected"):
        record = {**RECORD, "consents": [consent], "stops": [{"kind": kind, "from": EARLIER}]}
        assert admitted(record, policy=policy)[0] is (kind not in excluded)


@pytest.mark.clause("D-T1", "K-T1")
@pytest.mark.parametrize(
    "change",
    [
        {"partner": "jccu"},
        {"purpose": "P3"},
        {"fields": ["name"]},
        {"from": LATER},
        {"to": EARLIER},
    ],
)
def test_consent_must_be_this_partners_this_purposes_for_every_field_and_now(change: dict[str, Any]) -> None:
    policy = make.policy(agreements={"a-1": make.agreement(Basis.CONSENT)})
    consent = {
        "id": "c",
        "partner": "sunnet",
        "purpose": "P4",
        "fields": ["name", "birth_date", "phone"],
        "from": EARLIER,
    }
    assert admitted({**RECORD, "consents": [consent]}, policy=policy)[0]
    assert not admitted({**RECORD, "consents": [{**consent, **change}]}, policy=policy)[0]


@pytest.mark.clause("D-U3", "K-P8")
def test_special_care_needs_the_decision_and_the_members_own_consent() -> None:
    decisions = (
        Decision(id="o", kind="open_item", span=make.YEAR, item="I8", fields=frozenset({"care_level"})),
        Decision(
            id="u",
            kind="field_use",
            span=make.YEAR,
            fields=frozenset({"care_level"}),
            partner="sunnet",
            purposes=frozenset({"P4"}),
        ),
    )
    grants = (make.grant(fields={"care_level": "as_is"}),)
    policy = make.policy(agreements={"a-1": make.agreement(grants=grants)}, decisions=decisions)
    asked = make.request(fields=("care_level",))
    record = {**RECORD, "care_level": "1"}
    consent = {"id": "c", "partner": "sunnet", "purpose": "P4", "fields": ["care_level"], "from": EARLIER}
    assert not admitted(record, policy=policy, asked=asked)[0]
    assert admitted({**record, "consents": [consent]}, policy=policy, asked=asked)[0]


@pytest.mark.clause("K-00")
def test_acquired_under_an_older_version_is_covered_by_its_text_or_by_a_cohort_decision() -> None:
    old = {**RECORD, "acquired_under": "2021-06-01"}
    older = make.notice(version="2021-06-01", effective=days(date(2021, 6, 1), date(2022, 3, 31)))
    now = make.notice()
    assert admitted(old, policy=make.policy(notices=(older, now)))[0]
    assert not admitted(old, policy=make.policy(notices=(replace(older, held=False), now)))[0]
    assert not admitted(old, policy=make.policy(notices=(replace(older, users=()), now)))[0]
    assert not admitted(old, policy=make.policy(notices=(replace(older, items={}), now)))[0]
    assert not admitted(old, policy=make.policy(notices=(replace(older, purposes={}), now)))[0]
    cohort = Decision(id="k", kind="cohort", span=make.YEAR, versions=frozenset({"2021-06-01"}))
    policy = make.policy(notices=(replace(older, held=False), now), decisions=(make.OPEN_ITEM, cohort))
    assert admitted(old, policy=policy)[0]


def test_a_cohort_decision_covers_only_those_its_selectors_choose() -> None:
    chosen = Predicate(field="municipality_code", prefixes=("06",))
    cohort = Decision(id="k", kind="cohort", span=make.YEAR, versions=frozenset({"2021-06-01"}), selectors=(chosen,))
    policy = make.policy(decisions=(make.OPEN_ITEM, cohort))
    old = {**RECORD, "acquired_under": "2021-06-01"}
    assert admitted({**old, "municipality_code": "062031"}, policy=policy)[0]
    assert not admitted({**old, "municipality_code": "052019"}, policy=policy)[0]
    assert not admitted({**old, "municipality_code": None}, policy=policy)[0]


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        (Predicate(field="municipality_code", prefixes=("06",)), "062031", True),
        (Predicate(field="municipality_code", prefixes=("06",)), "052019", False),
        (Predicate(field="municipality_code", prefixes=("06",)), None, False),
        (Predicate(field="municipality_code", among=("062031", "062049")), "062049", True),
        (Predicate(field="municipality_code", lowest="060000", highest="069999"), "062031", True),
        (Predicate(field="municipality_code", lowest="062032"), "062031", False),
    ],
)
def test_the_population_is_judged_on_fields_that_need_not_be_granted(
    condition: Predicate, value: str | None, holds: bool
) -> None:
    policy = make.policy(agreements={"a-1": make.agreement(grants=(make.grant(population=(condition,)),))})
    permit = permit_for(policy)
    assert "municipality_code" in permit.rows.columns
    assert "municipality_code" not in permit.fields
    assert admitted({**RECORD, "municipality_code": value}, policy=policy)[0] is holds


def test_the_boundaries_of_a_member_end_the_answer() -> None:
    _, until = admitted({**RECORD, "stops": [{"kind": "stop_use", "from": LATER}]})
    assert until == datetime.fromisoformat(LATER)
    # fresh through the seventh JST day after the 22nd (as_of 05:00 JST on the 22nd)
    assert admitted(RECORD)[1] == days(None, date(2026, 11, 29)).end


def test_a_restriction_that_begins_later_ends_the_answer() -> None:
    start = make.NOON + timedelta(minutes=1)
    assert admitted(RECORD, restrictions=(Restriction(kind="stop_use", start=start),)) == (True, start)


MALFORMED: dict[str, dict[str, Any]] = {
    "null in a field that is never null": {"name": None},
    "a number where text is meant": {"name": 7},
    "too long": {"name": "長" * 61},
    "not a date": {"birth_date": "1984-11-31"},
    "as_of without a zone": {"as_of": "2026-11-21T20:00:00"},
    "an unknown kind of stop": {"stops": [{"kind": "sleep", "from": EARLIER}]},
    "programmes as text": {"programmes": "sukusuku"},
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_record_is_refused_alone(case: str) -> None:
    permit = permit_for()
    bad = {**RECORD, "member_code": "00000102", **MALFORMED[case]}
    rows, refused = permit.rows.read(
        msgspec.Raw(msgspec.json.encode([RECORD, bad, {**RECORD, "member_code": "00000103"}]))
    )
    assert [row.code for row in rows] == ["00000101", "00000103"]
    assert refused == ["00000102"]


def test_two_records_of_one_member_are_both_refused() -> None:
    twice = [RECORD, {**RECORD, "member_code": "00000102"}, {**RECORD, "name": "別人"}]
    rows, refused = permit_for().rows.read(msgspec.Raw(msgspec.json.encode(twice)))
    assert ([row.code for row in rows], refused) == (["00000102"], ["00000101"])


def test_a_record_without_a_code_is_refused_and_nobodys() -> None:
    rows, refused = permit_for().rows.read(msgspec.Raw(msgspec.json.encode([{"name": "x"}, RECORD])))
    assert [row.code for row in rows] == ["00000101"]
    assert refused == [None]


def test_only_asked_and_gate_fields_can_spoil_a_row() -> None:
    rows, refused = permit_for().rows.read(
        msgspec.Raw(msgspec.json.encode([{**RECORD, "email": 5, "receivable_yen": "x"}]))
    )
    assert (len(rows), refused) == (1, [])


def test_a_code_with_a_trailing_newline_is_no_code() -> None:
    bad = {**RECORD, "member_code": "00000101\n"}
    rows, refused = permit_for(asked=make.request(fields=("member_code",))).rows.read(
        msgspec.Raw(msgspec.json.encode([bad]))
    )
    assert (rows, refused) == ([], ["00000101\n"])


def test_the_span_of_days_is_inclusive_in_japan() -> None:
    assert days(date(2026, 11, 22), date(2026, 11, 22)) == Span(
        datetime.fromisoformat("2026-11-21T15:00:00Z"), datetime.fromisoformat("2026-11-22T15:00:00Z")
    )


MANY = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["active", "left", None]),
            "subject": st.sampled_from(["member", "employee"]),
            "as_of": st.sampled_from(
                [
                    None,
                    RECORD["as_of"],
                    EARLIER,
                    LATER,
                    "2026-11-14T15:00:00Z",
                    "2026-11-14T14:59:59Z",
                    "2027-01-01T00:00:00Z",
                ]
            ),
            "consents": st.sampled_from([None, []]),
            "stops": st.sampled_from(
                [
                    None,
                    [],
                    [{"kind": "stop_provide", "from": EARLIER}],
                    [{"kind": "stop_provide", "from": LATER}],
                    [{"kind": "stop_use", "from": "2026-01-01T00:00:00Z", "to": EARLIER}],
                ]
            ),
        }
    ),
    max_size=12,
)


@given(MANY, st.sets(st.integers(0, 11)))
def test_many_are_available_as_each_alone(facts: list[dict[str, Any]], restricted: set[int]) -> None:
    records = [{**RECORD, **one, "member_code": f"{n:08}"} for n, one in enumerate(facts)]
    stop = Restriction(kind="stop_use", start=make.NOON - timedelta(days=1), end=make.NOON + timedelta(hours=5))
    permit = permit_for()
    permit = replace(permit, restrictions={f"{n:08}".encode(): (stop,) for n in restricted})
    rows, _ = permit.rows.read(msgspec.Raw(msgspec.json.encode(records)))
    together = Moment(make.NOON)
    found, tags = member_gate(permit, together, str.encode)(rows)
    assert tags == [row.code.encode() for row in found]
    alone, untils = [], [Moment(make.NOON).until]
    for row in rows:
        moment = Moment(make.NOON)
        alone += member_gate(permit, moment, str.encode)([row])[0]
        untils.append(moment.until)
    assert (found, together.until) == (alone, min(untils))
