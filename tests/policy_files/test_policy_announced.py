"""Another legal person may not be responsible from a day before that was published (法27条6項): refused in its place."""

from datetime import date

import pytest

from tests.control_plane.matrix_files import CHECKED, COOP, files
from tests.control_plane.notice_versions import NOTICE, two_versions

NAME = "      name: {text: 生活協同組合 共立社, from: 2022-04-01}"
BEGINS = date(2026, 11, 15)


def other(**details: str) -> tuple[str, str]:
    """The responsible party's name from the middle of November on."""
    said = "".join(f"\n      {key}: {value}" for key, value in details.items() if key != "name")
    return NAME, f"      name: {{text: {details['name']}, from: {BEGINS}}}{said}"


def found(*changes: tuple[str, str], published: date) -> list[tuple[str, int, str]]:
    told = CHECKED.check(COOP, two_versions(files(), *changes, published=published)).findings
    return [(one.file, one.line, one.rule) for one in told if one.severity == "error"]


def test_a_party_that_answers_before_it_was_announced_is_refused_with_file_line_and_mend():
    made = two_versions(files(), other(name="別の生協"), published=date(2026, 11, 16))
    (told,) = [one for one in CHECKED.check(COOP, made).findings if one.severity == "error"]
    place = next(at for at, line in enumerate(made[NOTICE].splitlines(), start=1) if "responsible_parties" in line)
    assert (told.file, told.rule) == (NOTICE, "法27条6項")
    assert told.line in {place, place + 1}
    assert "2026-11-15" in told.ja
    assert "あらかじめ公表します → 公表日を変更の日以前にする" in told.ja
    assert "that is announced before; publish it by that day" in told.en


@pytest.mark.parametrize("published", [date(2026, 11, 14), BEGINS])
def test_announced_before_or_on_the_day_it_may_stand(published: date):
    assert found(other(name="別の生協"), published=published) == []


def test_only_another_name_of_the_same_legal_person_may_be_announced_after():
    assert found(other(name="生活協同組合共立社"), published=date(2026, 11, 20)) == []


def test_a_corporate_number_in_both_versions_tells_that_it_is_the_same_person():
    number = ("      municipality_code:", '      corporate_number: "1390005000001"\n      municipality_code:')
    first = {path: text.replace(*number) for path, text in files().items()}
    made = two_versions(first, other(name="新しい名の生協"), published=date(2026, 11, 20))
    errors = [one.ja for one in CHECKED.check(COOP, made).findings if one.severity == "error"]
    assert not any("責任を有する者の変更" in one for one in errors), errors


@pytest.mark.clause("D-09")
def test_a_version_that_takes_effect_before_it_is_published_is_refused_as_before():
    assert [rule for _, _, rule in found(published=date(2026, 12, 2))] == ["policy-semantics"]
