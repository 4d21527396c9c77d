"""Two people are two names: a blank, its width or a character that nobody sees makes nobody another person."""

from pathlib import Path

import pytest

from gateway.adapters.policy_files.folder import files_of
from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.app.office import office_of
from gateway.control_plane.changes.publish import NotTwoPeople, publish
from gateway.core.plain_text import same_name
from tests.clock import SettableClock
from tests.house import COOP, ROOT, running_house

REAL = files_of(ROOT / "policies", ROOT / "partners", COOP)
COHORT = f"policies/{COOP}/decisions/earlier-members.yaml"
NOTICE = f"policies/{COOP}/notices/2022-04-01.yaml"
ONE = "佐藤 太郎"
SPELT = ["佐藤 太郎", "佐藤\u3000太郎", "佐藤太郎", "佐藤 太郎 ", "佐藤\u200b 太郎", "\ufeff佐藤 太郎"]


@pytest.mark.parametrize("other", SPELT)
def test_one_name_is_one_person_however_it_is_spaced(other: str):
    assert same_name(ONE, other)


@pytest.mark.parametrize(
    ("one", "other"), [("Sato", "ＳＡＴＯ"), ("ｻﾄｳ", "サトウ"), ("か\u3099", "が"), ("渡邊 一弥", "渡邊\u3000一弥")]
)
def test_width_and_case_make_nobody_another(one: str, other: str):
    assert same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("佐藤 太郎", "佐藤 次郎"), ("渡邊", "渡辺"), ("髙橋", "高橋"), ("か", "が"), ("sato-1", "sato1")],
)
def test_another_name_is_another_person(one: str, other: str):
    assert not same_name(one, other)


@pytest.mark.parametrize("other", SPELT)
@pytest.mark.parametrize(
    ("file", "by", "approved"),
    [
        (COHORT, "by: 【見本】組合員サービス部", "approved_by: 【見本】管理責任者"),
        (NOTICE, "by: 【見本】宅配事業部", "approved_by: 【見本】管理責任者"),
    ],
    ids=["decision", "reading"],
)
def test_nobody_approves_their_own_decision_by_another_spelling(file: str, by: str, approved: str, other: str):
    text = REAL[file].replace(by, f'by: "{ONE}"', 1).replace(approved, f'approved_by: "{other}"', 1)
    checked = CheckedFiles(samples=True).check(COOP, dict(REAL) | {file: text})
    assert checked.document is None
    [told] = [one for one in checked.findings if one.severity == "error"]
    assert told.file == file
    assert "別の人が承認する" in told.ja


async def test_nobody_publishes_alone_by_another_spelling(database_url: str, tmp_path: Path, clock: SettableClock):
    async with running_house(database_url, tmp_path, clock, published=False, demo=True) as house:
        office = office_of(house.settings, house.stores)
        document = office.policy_files.check(COOP, REAL).document or b""
        for other in SPELT:
            with pytest.raises(NotTwoPeople):
                await publish(
                    office.log,
                    house.stores.snapshots.current(COOP),
                    document,
                    proposer=ONE,
                    approver=other,
                    reason="試験",
                    effective=None,
                    clock=clock,
                )
        assert [one.kind for one in await house.entries() if one.kind == "publish"] == []
