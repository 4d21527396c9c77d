"""What differs between two policy versions, one value per difference, and that no widening goes untold."""

from datetime import date, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import fields, replace

from gateway.core.bases import Basis
from gateway.core.changes.comparison import Difference, compare, widens
from gateway.core.changes.sentence import HOW, sentence
from gateway.core.changes.widening import RULES, WEAKER
from gateway.core.days import Span, days
from gateway.core.policy import (
    AGREEMENT_RECORDS,
    PARTNER_RECORDS,
    Agreement,
    Decision,
    Field,
    Grant,
    Ground,
    Item,
    Notice,
    Partner,
    Policy,
    Predicate,
    Purpose,
    Transform,
    User,
)
from gateway.core.sources.file_layout import FileLayout
from gateway.core.sources.source_map import SourceMap, SqlView, ValueForm
from tests import factories as make
from tests.core.test_properties import policies

OLD = make.policy()
GRANT = ("agreements", "sunnet", "a-1", "grants", "delivery")
LATER, EARLIER = days(date(2026, 4, 1), date(2028, 3, 31)), days(date(2026, 4, 1), date(2026, 12, 31))


def granting(of: Policy = OLD, **changes: Any) -> Policy:
    agreement = of.agreements["a-1"]
    return replace(of, agreements={"a-1": replace(agreement, grants=(replace(agreement.grants[0], **changes),))})


def agreeing(**changes: Any) -> Policy:
    return replace(OLD, agreements={"a-1": replace(OLD.agreements["a-1"], **changes)})


def noticing(**changes: Any) -> Policy:
    return replace(OLD, notices=(make.notice(**changes),))


def purposing(**changes: Any) -> Policy:
    purposes = make.notice().purposes
    return noticing(purposes={**purposes, "P4": replace(purposes["P4"], **changes)})


def only(old: Policy, new: Policy) -> Difference:
    (difference,) = compare(old, new)
    return difference


def fields_of_grant(**changes: Transform) -> dict[str, Transform]:
    return {**make.grant().fields, **changes}


# ── one difference, one value ─────────────────────────────────────────────────────────────────────────────────────


@given(policies())
def test_a_policy_does_not_differ_from_itself(policy: Policy) -> None:
    assert compare(policy, replace(policy, digest="1" * 64)) == ()


@given(policies(), policies())
def test_the_way_back_has_the_same_differences_the_other_way_about(one: Policy, two: Policy) -> None:
    back = {"+": "-", "-": "+", "~": "~"}
    there = [(d.sign, d.what, d.path, d.before, d.after) for d in compare(one, two)]
    assert [(back[d.sign], d.what, d.path, d.after, d.before) for d in compare(two, one)] == there
    assert [path for _, _, path, _, _ in there] == sorted({path for _, _, path, _, _ in there})


@given(policies(), policies())
def test_the_order_of_parts_is_no_difference(one: Policy, two: Policy) -> None:
    notice = two.notices[0]
    turned = replace(
        two,
        fields=dict(reversed([*two.fields.items()])),
        decisions=tuple(reversed(two.decisions)),
        notices=(replace(notice, purposes=dict(reversed([*notice.purposes.items()]))),),
    )
    assert compare(two, turned) == ()
    assert compare(one, turned) == compare(one, two)


def test_versions_of_two_coops_are_not_compared() -> None:
    with pytest.raises(ValueError, match="two co-ops"):
        compare(OLD, make.policy(coop="coopdeli"))


def test_a_changed_transform_is_a_changed_field() -> None:
    assert only(OLD, granting(fields=fields_of_grant(phone="as_is"))) == Difference(
        sign="~", what="field", path=(*GRANT, "fields", "phone"), before="phone_last4", after="as_is", wider=True
    )


def test_a_new_grant_is_told_with_its_fields() -> None:
    more = make.grant(id="a-1.trouble", purpose="P12", fields={"name": "as_is", "phone": "mask"})
    found = compare(OLD, agreeing(grants=(make.grant(), more)))
    at = ("agreements", "sunnet", "a-1", "grants", "trouble")
    assert [(d.sign, d.what, d.path, d.after) for d in found] == [
        ("+", "grant", at, "P12"),
        ("+", "field", (*at, "fields", "name"), "as_is"),
        ("+", "field", (*at, "fields", "phone"), "mask"),
    ]
    assert all(map(widens, found))
    assert not any(map(widens, compare(agreeing(grants=(make.grant(), more)), OLD)))


def test_the_first_version_is_new_in_every_part() -> None:
    found = compare(None, OLD)
    assert {d.sign for d in found} == {"+"}
    assert {d.what for d in found} >= {"notice", "purpose", "item", "user", "decision", "agreement", "grant", "field"}
    assert sum(d.what == "catalogue" for d in found) == len(make.FIELDS)


def test_days_are_told_as_days_and_instants_as_instants() -> None:
    assert only(OLD, agreeing(term=LATER)).before == "2026-04-01..2027-03-31"
    assert only(OLD, agreeing(term=LATER)).after == "2026-04-01..2028-03-31"
    assert only(OLD, agreeing(term=Span(make.NOON, None))).after == "2026-11-22T12:00:00+09:00/"


def test_a_condition_is_told_in_signs() -> None:
    population = (Predicate(field="municipality_code", prefixes=("06",)), Predicate(field="birth_date", lowest="1990"))
    assert only(OLD, granting(population=population)).after == (
        'birth_date from "1990"',
        'municipality_code starts ["06"]',
    )


def test_a_number_of_another_type_is_another_value() -> None:
    one, other = Predicate(field="x", among=(1,)), Predicate(field="x", among=(True,))
    assert only(granting(population=(one,)), granting(population=(other,))).after == ("x in [true]",)
    assert only(OLD, replace(OLD, fields={**OLD.fields, "name": replace(OLD.fields["name"], example=1)})).after == 1


OTHERS: dict[type, tuple[Any, dict[str, Any], str]] = {
    Notice: (
        make.notice(),
        {
            "version": "2023-01-01",
            "effective": LATER,
            "published": LATER,
            "gaps": ("users",),
            "programmes": None,
            "joint_subjects": None,
            "subjects": None,
            "products": frozenset({"G1"}),
            "purposes": {},
            "items": {},
            "users": (),
            "grounds": {},
            "class_purposes": {},
            "held": False,
        },
        "notice",
    ),
    Purpose: (
        make.notice().purposes["P4"],
        {
            "id": "P40",
            "joint": "no",
            "marketing": True,
            "subjects": frozenset({"member"}),
            "case_required": True,
            "uses_only": True,
            "bases": frozenset({Basis.LAW}),
        },
        "purpose",
    ),
    Item: (
        make.notice().items["I1"],
        {"id": "I90", "fields": frozenset(), "open": True, "never": frozenset({"financial"})},
        "item",
    ),
    User: (make.notice().users[0], {"partner": "jccu", "span": LATER, "filter_required": "insurer"}, "user"),
    Ground: (
        make.notice().grounds["law"],
        {"id": "T9", "basis": Basis.LIFE, "case_required": True, "contact_only": True, "review": True},
        "ground",
    ),
    Decision: (
        make.OPEN_ITEM,
        {
            "id": "d-9",
            "kind": "item_field",
            "span": LATER,
            "item": "I8",
            "fields": frozenset({"name"}),
            "partner": "jccu",
            "purposes": frozenset({"P4"}),
            "versions": frozenset({"2018-03-08"}),
            "selectors": (Predicate(field="status", among=("active",)),),
            "ground": "T1",
        },
        "decision",
    ),
    Agreement: (
        make.agreement(),
        {
            "id": "a-9",
            "partner": "jccu",
            "basis": Basis.LAW,
            "term": LATER,
            "clauses": frozenset(),
            "evidence": frozenset({"law"}),
            "evidence_span": LATER,
            "supervision": None,
            "reconciliation": LATER,
            "ground": "T1",
            "programme": "sukusuku",
            "grants": (),
            "department": "共済事業部",
            "records": dict.fromkeys(AGREEMENT_RECORDS, "第3条"),
        },
        "agreement",
    ),
    Grant: (
        make.grant(),
        {
            "id": "a-1.other",
            "purpose": "P6",
            "fields": {"name": "as_is"},
            "products": frozenset({"G2"}),
            "population": (Predicate(field="status", among=("active",)),),
            "max_age_days": 8,
            "retention_days": 91,
            "members_per_day": 5,
            "case": "KAIKO-1",
            "filters": {"insurer": "A"},
        },
        "grant",
    ),
    Partner: (
        OLD.partners["sunnet"],
        {
            "id": "jccu",
            "name": "日本生協連",
            "corporate_number": "1",
            "country": "DE",
            "clients": frozenset({"c-2"}),
            "receives": EARLIER,
            "records": dict.fromkeys(PARTNER_RECORDS, "山形県"),
        },
        "partner",
    ),
    Field: (
        make.FIELDS["name"],
        {
            "id": "name_2",
            "item": "I2",
            "type": "code",
            "nullable": True,
            "cls": "free_text",
            "ja": "氏名2",
            "en": "name 2",
            "example": "A",
            "max_length": 61,
            "length": 7,
            "pattern": "x",
            "codes": ("1",),
            "product": "G1",
            "subject": "gift",
            "minor": True,
            "contact": True,
        },
        "catalogue",
    ),
    SourceMap: (
        OLD.source,
        {
            "facts": {"status": "STATUS"},
            "columns": {"name": "NAME"},
            "constants": {"stops": []},
            "values": {"BIRTH": ValueForm(form="yyyymmdd")},
            "sql": SqlView(view="members"),
            "file": FileLayout(pattern="members_*.csv", format="csv"),
        },
        "source",
    ),
}
"""Part → one of its kind, another value of each of its members, and what it is called."""


def put(part: Any) -> Policy:
    """The policy with one part in its place."""
    notice = make.notice()
    match part:
        case Notice():
            return replace(OLD, notices=(part,))
        case Purpose():
            return noticing(purposes={**{k: v for k, v in notice.purposes.items() if k != "P4"}, part.id: part})
        case Item():
            return noticing(items={**{k: v for k, v in notice.items.items() if k != "I1"}, part.id: part})
        case User():
            return noticing(users=(part,))
        case Ground():
            return noticing(grounds={**{k: v for k, v in notice.grounds.items() if k != "law"}, part.id: part})
        case Decision():
            return replace(OLD, decisions=(part,))
        case Agreement():
            return replace(OLD, agreements={part.id: part})
        case Grant():
            return agreeing(grants=(part,))
        case Partner():
            return replace(OLD, partners={part.id: part})
        case Field():
            return replace(OLD, fields={**{k: v for k, v in OLD.fields.items() if k != "name"}, part.id: part})
    return replace(OLD, source=part)


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.__name__)
def test_whatever_a_policy_says_otherwise_is_a_difference(kind: type) -> None:
    part, others, what = OTHERS[kind]
    assert set(others) == {one.name for one in fields(kind)}
    assert compare(OLD, put(part)) == ()
    words = set()
    for name, value in others.items():
        found = compare(OLD, put(replace(part, **{name: value})))
        assert found, name
        words |= {d.path[-1] for d in found if d.sign == "~" and d.what == what}
    assert RULES.get(what, {}).keys() <= words, "a rule for a word that is never said"


# ── which way it went ─────────────────────────────────────────────────────────────────────────────────────────────

IN_06 = Predicate(field="municipality_code", prefixes=("06",))
IN_06_07 = Predicate(field="municipality_code", prefixes=("06", "07"))
IN_062 = Predicate(field="municipality_code", prefixes=("062",))
ACTIVE = Predicate(field="status", among=("active",))
BORN_1980 = Predicate(field="birth_date", lowest="1980-01-01")
BORN_1990 = Predicate(field="birth_date", lowest="1990-01-01")
NARROWER = {
    "field out": (granting(), granting(fields={"name": "as_is"})),
    "transform": (granting(), granting(fields=fields_of_grant(phone="mask"))),
    "population added": (granting(), granting(population=(IN_06,))),
    "population narrowed": (granting(population=(IN_06_07,)), granting(population=(ACTIVE, IN_06))),
    "prefix lengthened": (granting(population=(IN_06,)), granting(population=(IN_062,))),
    "bound raised": (granting(population=(BORN_1980,)), granting(population=(BORN_1990,))),
    "fresher": (granting(), granting(max_age_days=6)),
    "kept for less": (granting(), granting(retention_days=89)),
    "limit": (granting(), granting(members_per_day=5)),
    "term": (OLD, agreeing(term=EARLIER)),
    "clause out": (OLD, agreeing(clauses=make.agreement().clauses - {"secrecy"})),
    "supervision out": (OLD, agreeing(supervision=None)),
    "marketing": (OLD, purposing(marketing=True)),
    "not joint": (OLD, purposing(joint="review")),
    "case": (OLD, purposing(case_required=True)),
    "user out": (OLD, noticing(users=())),
    "gap": (OLD, noticing(gaps=("users",))),
    "class held": (OLD, noticing(class_purposes={"financial": frozenset({"P1"}), "free_text": frozenset({"P1"})})),
    "decision out": (OLD, replace(OLD, decisions=())),
    "agreement out": (OLD, replace(OLD, agreements={})),
    "client out": (OLD, replace(OLD, partners={"sunnet": replace(OLD.partners["sunnet"], clients=frozenset())})),
    "partner archived": (
        OLD,
        replace(OLD, partners={"sunnet": replace(OLD.partners["sunnet"], receives=EARLIER)}),
    ),
    "label": (OLD, replace(OLD, fields={**OLD.fields, "name": replace(OLD.fields["name"], ja="お名前")})),
}
FILTERED = noticing(users=(User(partner="sunnet", span=Span(), filter_required="insurer"),))
WIDER = {
    "age band for year": (
        granting(fields=fields_of_grant(birth_date="age_band")),
        granting(fields=fields_of_grant(birth_date="birth_year")),
    ),
    "dropped, now granted": (granting(), granting(fields=fields_of_grant(name_kana="drop"))),
    "filter given": (granting(), granting(filters={"insurer": "A"})),
    "limit lifted": (granting(members_per_day=5), granting(members_per_day=None)),
    "notice out": (OLD, replace(OLD, notices=())),
    "notice begins later": (OLD, noticing(effective=days(date(2023, 4, 1), None))),
    "filtered user out": (FILTERED, noticing(users=())),
    "class let go": (OLD, noticing(class_purposes={})),
    "no products": (OLD, noticing(products=frozenset())),
    "break-glass end": (
        agreeing(basis=Basis.LIFE, evidence_span=Span()),
        agreeing(basis=Basis.LIFE, evidence_span=Span(None, make.NOON + timedelta(days=1))),
    ),
    "other number": (
        OLD,
        replace(OLD, partners={"sunnet": replace(OLD.partners["sunnet"], corporate_number="9" * 13)}),
    ),
    "other column": (OLD, replace(OLD, source=SourceMap(facts={}, columns={"name": "ADDRESS"}))),
    "type of a value": (
        granting(population=(Predicate(field="x", among=(1,)),)),
        granting(population=(Predicate(field="x", among=(True,)),)),
    ),
}


@pytest.mark.parametrize("case", NARROWER)
def test_what_can_let_nothing_new_out_is_not_wider_and_its_way_back_may_be(case: str) -> None:
    old, new = NARROWER[case]
    assert compare(old, new)
    assert not any(map(widens, compare(old, new)))
    assert any(map(widens, compare(new, old))) or case == "label"


@pytest.mark.parametrize("case", WIDER)
def test_what_could_let_something_new_out_is_wider(case: str) -> None:
    old, new = WIDER[case]
    assert any(map(widens, compare(old, new)))


def test_every_transform_has_those_that_tell_no_more() -> None:
    assert WEAKER.keys() == HOW.keys() == set(get_args(Transform))
    for one, weaker in WEAKER.items():
        assert all(WEAKER[other] <= weaker | {other} for other in weaker - {one}), one


# ── a grant in words ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_grant_is_a_sentence_in_both_languages() -> None:
    labels = {
        "member_code": ("組合員コード", "member code"),
        "name": ("氏名", "name"),
        "phone": ("電話番号", "telephone"),
    }
    catalogue = {k: replace(make.FIELDS[k], ja=ja, en=en) for k, (ja, en) in labels.items()}
    grant = make.grant(
        fields={"member_code": "as_is", "name": "as_is", "phone": "drop"},
        population=(Predicate(field="status", among=("active",)),),
        members_per_day=20_000,
    )
    policy = replace(OLD, fields=catalogue)
    ja, en = sentence(policy, make.agreement(), grant, purposes={"P4": ("お届け", "delivery")})
    assert ja == (
        "サンネットに、お届け(P4)のため、G1の組合員コード・氏名をそのまま渡す。電話番号は、求められても渡さない。"
        "対象は在籍の状態が「active」である組合員。7日以内の情報に限り、提供先での保存は90日、1日20,000人まで。"
    )
    assert en == (
        "サンネット receives, for delivery (P4) of G1: member code, name unchanged. telephone: never given, even when"
        " asked for. It covers members with status active, information at most 7 days old, kept by the partner for 90"
        " days, 20,000 members a day at most."
    )


@pytest.mark.parametrize(
    ("condition", "ja", "en"),
    [
        (IN_06_07, "「06」か「07」で始まるものである組合員", "beginning 06 or 07"),
        (BORN_1990, "1990-01-01以降である組合員", "from 1990-01-01"),
        (Predicate(field="receivable_yen", lowest=1, highest=9), "1以上、9以下である組合員", "from 1 up to 9"),
        (Predicate(field="status", among=(True,)), "「はい」である組合員", "status yes"),
    ],
    ids=["prefixes", "date", "numbers", "boolean"],
)
def test_a_condition_is_said_in_words(condition: Predicate, ja: str, en: str) -> None:
    said = sentence(OLD, make.agreement(), make.grant(population=(condition,), max_age_days=1))
    assert ja in said[0]
    assert f"{en}, information at most 1 day old" in said[1]


def test_a_filter_and_a_missing_purpose_name_are_said_too() -> None:
    said = sentence(OLD, make.agreement(), make.grant(filters={"insurer": "A"}, fields={"name": "drop"}))
    assert said[0].startswith("サンネットに、P4のため渡すデータ項目はない。nameは、求められても渡さない。")
    assert "対象はinsurerが「A」である組合員。" in said[0]
    assert said[1].startswith("サンネット receives no field for P4. name: never given, even when asked for.")


@given(policies(), st.lists(st.sampled_from([IN_06, IN_06_07, ACTIVE, BORN_1990]), max_size=2).map(tuple))
def test_every_granted_field_is_in_its_sentence(policy: Policy, population: tuple[Predicate, ...]) -> None:
    agreement = policy.agreements["a-1"]
    grant = replace(agreement.grants[0], population=population)
    for text in sentence(policy, agreement, grant):
        assert all(name in text for name in (*grant.fields, "サンネット", "P4"))


def test_a_date_far_away_is_a_day_like_any_other() -> None:
    assert only(OLD, agreeing(term=days(date.min, None))).after == "0001-01-01.."
