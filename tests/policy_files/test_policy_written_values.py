"""What a policy's values are written as: a day that is none, a bound that is compared as text, an end that parts nothing."""

import pytest

from gateway.adapters.policy_files.folder import files_of
from gateway.adapters.policy_files.in_memory import CheckedFiles
from tests.house import COOP, ROOT

NOTICE = "policies/kyoritsusha/notices/2022-04-01.yaml"
COHORT = "policies/kyoritsusha/decisions/earlier-members.yaml"
SUNNET = "policies/kyoritsusha/agreements/sunnet.yaml"
PS = "policy-semantics"
POPULATION = 'population: [{field: municipality_code, prefix_in: ["06"]}]'


@pytest.mark.parametrize(
    ("file", "day"),
    [(NOTICE, "2011-02-30"), (NOTICE, "2011-13-01"), (NOTICE, "0000-00-00"), (COHORT, "2011-02-30")],
)
def test_a_version_that_is_no_day_is_told_where_it_stands(room, expect, file, day):
    room.edit(file, '"2011-10-26"', f'"{day}"')
    expect("no_such_day", file, day, PS)


def test_a_draft_with_a_version_that_is_no_day_is_told_so_too():
    files = dict(files_of(ROOT / "policies", ROOT / "partners", COOP))
    files[NOTICE] = files[NOTICE].replace('"2011-10-26"', '"2011-02-30"')
    checked = CheckedFiles(samples=True).check(COOP, files)
    assert checked.document is None
    [told] = checked.findings
    assert (told.file, told.severity) == (NOTICE, "error")
    assert "2011-02-30" in told.ja
    assert "日付を直す" in told.ja


@pytest.mark.parametrize(
    "said",
    [
        # As texts, all days of 2006 but those of its last three months come before 2006-4-1.
        'field: birth_date, to: "2006-4-1"',
        'field: birth_date, to: "9"',
        'field: birth_date, from: "20060401"',
        'field: birth_date, from: "2006-02-30"',
        'field: birth_date, to: "２００６-04-01"',
        'field: birth_date, in: ["2006-4-1"]',
        'field: acquired_under, to: "2022-4-1"',
        'field: municipality_code, to: "9"',
        'field: municipality_code, in: ["０６２０３１"]',
    ],
)
def test_a_bound_of_another_form_than_the_values_it_is_held_against_is_refused(room, expect, said):
    room.edit(SUNNET, POPULATION, f"population: [{{{said}}}]")
    expect("population_form", SUNNET, said, PS)


@pytest.mark.parametrize(
    "said",
    [
        "field: birth_date, from: 1950-01-01, to: 2006-04-01",
        'field: birth_date, prefix_in: ["1984-"]',
        "field: acquired_under, from: 2022-04-01",
        'field: municipality_code, from: "060000", to: "069999"',
    ],
)
def test_a_bound_of_the_form_of_its_values_stands(room, said):
    room.edit(SUNNET, POPULATION, f"population: [{{{said}}}]")
    assert [one.text("en") for one in room.lint("kyoritsusha") if one.severity == "error"] == []


@pytest.mark.parametrize("which", ["earlier", "later"])
def test_an_end_of_the_evidence_does_not_let_two_agreements_of_joint_use_stand_side_by_side(room, expect, which):
    text = (room.root / SUNNET).read_text()
    first = text[text.index("  kyoritsusha-sunnet-01:") :]
    second = first.replace("sunnet-01:", "sunnet-02:").replace("term: {", "term: { ")
    ended = '    basis: joint_use\n    evidence: {expires: "2099-01-01T00:00+09:00"}\n'
    if which == "earlier":
        room.edit(SUNNET, "    basis: joint_use\n", ended)
    else:
        second = second.replace("    basis: joint_use\n", ended)
    room.add(SUNNET, (room.root / SUNNET).read_text() + second)
    expect("overlapping", SUNNET, "term: { ", PS)
