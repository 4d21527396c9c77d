"""The matrix says what files grant and may grant; changes of it are those of the files, and no others."""

from datetime import date
from difflib import unified_diff

import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from gateway.control_plane.grants.matrix import TRANSFORMS, matrix, widens
from gateway.control_plane.grants.matrix_changes import CellChange, apply, copy, fill, matrix_of
from gateway.control_plane.refusals import FilesRefused
from gateway.core.bases import Basis
from gateway.core.ceiling import breaches
from gateway.core.days import days
from gateway.core.policy import Decision
from gateway.core.refused import Refused
from tests import factories
from tests.control_plane.matrix_files import AGREEMENT, CHECKED, COOP, FILE, PARTNER, drawn, files

FACTORY = ("sunnet", "a-1")


def made(**changes):
    return matrix(factories.policy(**changes), *FACTORY)


def cell(of, field, *, column=0):
    return next(row for row in of.rows if row.id == field).cells[column]


def rules(of, field):
    return [why.rule for why in cell(of, field).closed]


def apply_here(changes, *, to=None):
    return apply(files() if to is None else to, changes, policy_files=CHECKED, coop=COOP)


def change(field, transform, *, grant="introduction", agreement=AGREEMENT):
    return CellChange(agreement=agreement, grant=grant, field=field, transform=transform)


# ── what it shows ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("K-I*")
def test_every_field_of_the_catalogue_is_a_row_under_its_item_and_class():
    of = drawn()
    rows = {row.id: (group.item, group.cls) for group in of.groups for row in group.rows}
    assert rows["share_yen"] == ("I8", "ordinary")
    assert rows["care_level"] == ("I8", "special_care")
    items = [group.item for group in of.groups]
    assert items == sorted(items, key=lambda item: int(item[1:]))
    assert {group.item: group.label for group in of.groups}["I9"] == "利用情報"
    assert next((row.ja, row.en) for row in of.rows if row.id == "name_kana") == ("フリガナ", "Name in kana")


def test_what_is_not_granted_is_withheld_and_so_is_a_new_field():
    text = files()["policies/kyoritsusha/fields.yaml"]
    new = '  middle_name: {item: I1, type: text, max_length: 60, "null": allowed, class: ordinary, ja: 別名, en: Alias, example: 花}\n'
    of = matrix_of(
        {**files(), "policies/kyoritsusha/fields.yaml": text + new}, PARTNER, AGREEMENT, policy_files=CHECKED, coop=COOP
    )
    row = next(row for row in of.rows if row.id == "middle_name")
    assert [row.cells[at].transform for at, _ in of.granted] == [None, None, None]
    assert cell(drawn(), "sex").transform == "as_is"


def test_the_columns_are_the_grants_and_then_every_purpose_and_product_without_one():
    of = drawn()
    assert [(of.columns[at].purpose, of.columns[at].products, grant) for at, grant in of.granted] == [
        ("P5", ("G1",), "introduction"),
        ("P5", ("G4",), "services"),
        ("P12", ("G1",), "trouble"),
    ]
    without = {(c.purpose, c.products): c.closed.rule for c in of.columns if c.grant is None and c.closed}
    assert len(without) == 13 * 5 - 3
    assert without["P1", ("G1",)] == "notice:P1:undecided"
    assert without["P13", ("G3",)] == "notice:P13:not_joint"
    assert without["P4", ("G1",)] == "grant:P4:not_granted"
    assert of.columns[0].text == "商品・サービスの提供を斡旋するため"


def test_a_closed_cell_says_every_rule_and_its_mend_in_both_languages():
    assert rules(made(), "receivable_yen") == [
        "grant:receivable_yen:undecided",
        "notice:receivable_yen:wrong_purpose",
        "notice:receivable_yen:unresolved",
    ]
    assert rules(made(), "name_kana") == ["notice:name_kana:unresolved"]
    for row in drawn().rows:
        for one in row.cells:
            for why in one.closed:
                assert row.id in why.rule or why.rule.startswith(("notice:P", "grant:P"))
                assert why.ja != why.en
                assert why.mend_ja != why.mend_en
                assert "{" not in why.text("ja") + why.text("en")


@pytest.mark.clause("K-I8", "K-I9")
def test_an_open_item_opens_with_its_decision_and_only_within_the_term():
    decision = Decision(id="d", kind="item_field", span=factories.YEAR, item="I1", fields=frozenset({"name_kana"}))
    assert cell(made(decisions=(decision,)), "name_kana").choices
    past = Decision(
        id="d",
        kind="item_field",
        span=days(date(2020, 1, 1), date(2020, 2, 1)),
        item="I1",
        fields=frozenset({"name_kana"}),
    )
    assert not cell(made(decisions=(past,)), "name_kana").choices


def test_a_partner_that_is_no_joint_user_closes_every_cell():
    of = made(notices=(factories.notice(users=()),))
    assert all("notice:sunnet:not_a_user" in rules(of, row.id) for row in of.rows)
    assert [one.rule for one in of.findings] == ["notice:sunnet:not_a_user"]


@pytest.mark.clause("D-E1")
def test_another_basis_has_its_own_purposes():
    grants = (factories.grant(purpose="P13"),)
    of = made(agreements={"a-1": factories.agreement(Basis.ENTRUSTMENT, grants=grants)})
    assert cell(of, "receivable_yen").closed
    assert cell(of, "name_kana").choices


def test_what_one_notice_alone_forbids_is_a_caution():
    first = factories.notice(effective=days(date(2022, 4, 1), None))
    items = {name: item for name, item in first.items.items() if name != "I6"}
    later = factories.notice(version="2026-10-01", effective=days(date(2026, 10, 1), None), items=items)
    one = cell(made(notices=(first, later)), "phone")
    assert one.choices
    assert [(why.rule, "2026-10-01" in why.ja) for why in one.cautions] == [("notice:phone:not_stated", True)]


def test_an_open_cell_offers_exactly_what_publishing_would_accept():
    policy = factories.policy()
    agreement = policy.agreements["a-1"]
    for row in made().rows:
        offered = {choice.transform for choice in row.cells[0].choices}
        for transform in TRANSFORMS:
            grant = factories.grant(fields={row.id: transform})
            said = factories.policy(agreements={"a-1": factories.agreement(grants=(grant,), partner=agreement.partner)})
            accepted = not [breach for breach in breaches(said) if not breach.caution]
            assert accepted == (transform in offered), (row.id, transform)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (None, "as_is", True),
        (None, "drop", False),
        (None, "mask", True),
        ("drop", "mask", True),
        ("mask", "drop", False),
        ("municipality", "prefecture", False),
        ("prefecture", "municipality", True),
        ("age_band", "birth_year", True),
        ("birth_year", "age_band", True),
        ("as_is", "pairwise_id", False),
        ("pairwise_id", "as_is", True),
        ("as_is", "as_is", False),
        ("as_is", None, False),
    ],
)
def test_widening_is_what_the_partner_could_not_work_out_before(was, now, said):
    assert widens(was, now) is said


def test_no_such_agreement_is_no_matrix():
    with pytest.raises(KeyError):
        matrix(factories.policy(), "jccu", "a-1")


# ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def some_changes(draw):
    of = drawn()
    cells = [(row, at, grant) for row in of.rows for at, grant in of.granted]
    chosen = draw(st.lists(st.sampled_from(cells), min_size=1, max_size=6, unique_by=lambda one: (one[0].id, one[2])))
    return [
        change(
            row.id, draw(st.sampled_from([None, *(choice.transform for choice in row.cells[at].choices)])), grant=grant
        )
        for row, at, grant in chosen
    ]


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(some_changes())
def test_changes_are_seen_in_the_matrix_and_taken_back_leave_no_trace(changes):
    of = drawn()
    before = {(row.id, grant): row.cells[at].transform for row in of.rows for at, grant in of.granted}
    wanted = before | {(one.field, one.grant): one.transform for one in changes}
    assume({grant for _, grant in of.granted} == {grant for (_, grant), now in wanted.items() if now is not None})

    after = apply_here(changes)

    assert {path for path in after if after[path] != files()[path]} <= {FILE}
    again = matrix_of(after, PARTNER, AGREEMENT, policy_files=CHECKED, coop=COOP)
    assert {(row.id, grant): row.cells[at].transform for row in again.rows for at, grant in again.granted} == wanted

    inverse = [change(one.field, before[one.field, one.grant], grant=one.grant) for one in reversed(changes)]
    back = apply_here(inverse, to=after)
    assert CHECKED.check(COOP, back).digest == CHECKED.check(COOP, files()).digest
    # A key that was taken out comes back last in its block: the same meaning, on another line.
    if not any(before[one.field, one.grant] is not None and one.transform is None for one in changes):
        assert back == files()


def test_comments_and_every_other_line_stay():
    after = apply_here([change("sex", "mask"), change("phone", "phone_last4")])
    lines = list(unified_diff(files()[FILE].splitlines(), after[FILE].splitlines(), n=0, lineterm=""))[2:]
    assert [line for line in lines if not line.startswith("@@")] == [
        "-          sex: as_is",
        "+          sex: mask",
        "+          phone: phone_last4",
    ]


def test_no_change_is_no_change():
    assert apply_here([change("sex", "as_is"), change("phone", None)]) == files()
    assert apply_here([]) == files()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ([change("no_such", "as_is")], "request:no_such:unknown"),
        ([change("name", "as_is", grant="delivery")], "grant:delivery:not_granted"),
        ([change("name", "as_is", agreement="kyoritsusha-jccu-99")], "agreement:kyoritsusha-jccu-99:unknown"),
        ([change("name", "age_band")], "grant:name:wrong_transform"),
        ([change("name", "scramble")], "grant:name:wrong_transform"),
        ([change("bank_account", "as_is")], "grant:bank_account:undecided"),
        ([change("name", "as_is"), change("name", "mask")], "request:name:malformed"),
        (
            [change(name, None, grant="trouble") for name in ("member_code", "name", "phone", "email")],
            "grant:trouble:not_granted",
        ),
    ],
)
def test_a_change_that_may_not_be_made_is_refused_and_nothing_is_changed(changes, rule):
    good = change("email", "mask")
    with pytest.raises(Refused) as refused:
        apply_here([good, *changes])
    assert refused.value.rule == rule
    assert refused.value.ja != refused.value.en
    named = {part for one in changes for part in (one.field, one.grant, one.agreement)}
    assert any(part in refused.value.ja and part in refused.value.en for part in named)
    assert (refused.value.ja.count("→"), refused.value.en.count(";")) >= (1, 1)


def test_files_with_errors_are_refused_with_their_findings():
    broken = {**files(), FILE: files()[FILE].replace("purpose: P12", "purpose: P99")}
    with pytest.raises(FilesRefused) as refused:
        apply_here([change("sex", "mask")], to=broken)
    assert [one.file for one in refused.value.findings if one.severity == "error"] == [FILE]


# ── many cells ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_filling_an_item_sets_what_admits_it_and_tells_the_rest():
    bulk = fill(drawn(), "postal_3", item="I5", grant="introduction")
    assert bulk.changes == ()
    assert [(one.field, one.why[0].rule) for one in bulk.left_out] == [
        ("address_line", "grant:address_line:wrong_transform"),
        ("municipality_code", "grant:municipality_code:wrong_transform"),
    ]
    bulk = fill(drawn(), "mask", item="I5", grant="introduction")
    assert {one.field for one in bulk.changes} == {"address_line", "municipality_code", "postal_code"}


def test_filling_a_column_leaves_closed_cells_withheld():
    bulk = fill(drawn(), "mask", grant="trouble")
    assert "bank_account" in {one.field for one in bulk.left_out}
    after = matrix_of(apply_here(bulk.changes), PARTNER, AGREEMENT, policy_files=CHECKED, coop=COOP)
    for row in after.rows:
        assert row.cells[2].transform == (None if row.cells[2].closed else "mask")


def test_copying_a_column_gives_what_is_admitted_and_withholds_the_rest():
    other = matrix_of(files(), "coop-kyosai", "kyoritsusha-coop-kyosai-01", policy_files=CHECKED, coop=COOP)
    column = next(at for at, grant in other.granted if grant == "kyosai")
    source = {row.id: its for row in other.rows if (its := row.cells[column].transform)}
    bulk = copy(drawn(), source, grant="trouble")
    # The grant is for G1, and this field belongs to G2.
    assert [(one.field, one.why[0].rule) for one in bulk.left_out] == [
        ("kyosai_enrolled", "grant:kyosai_enrolled:not_granted")
    ]
    after = matrix_of(apply_here(bulk.changes), PARTNER, AGREEMENT, policy_files=CHECKED, coop=COOP)
    given = {row.id: row.cells[2].transform for row in after.rows if row.cells[2].transform}
    assert given == {name: one for name, one in source.items() if name != "kyosai_enrolled"}


def test_copying_onto_no_grant_is_refused():
    with pytest.raises(Refused) as refused:
        copy(drawn(), {}, grant="nobody")
    assert refused.value.rule == "grant:nobody:not_granted"
