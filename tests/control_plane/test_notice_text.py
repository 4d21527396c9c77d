"""The text of a notice: whole from the repository's data, its gaps named, one line per value, samples marked."""

from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, strategies as st

from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.control_plane.notices.document import Document, ItemText, in_order, read_document
from gateway.control_plane.notices.text import MATTERS, NoticeText, compose, marked, plain
from gateway.core.policy import Policy
from gateway.core.trial import TRIAL

ROOT = Path(__file__).resolve().parents[2]
ITEMS = [
    "氏名", "組合員コード", "性別", "生年月日", "住所", "電話番号", "メールアドレス", "その他の属性情報", "利用情報",
    "お問い合わせ情報", "その他共同利用の目的のために必要な情報",
]  # fmt: skip
USERS = [
    "㈱コープ開発センター", "日本生活協同組合連合会", "日本コープ共済生活協同組合連合会", "コープ東北サンネット事業連合",
    "㈱コープコミュニケーションズ", "㈱コープ東北サービス", "㈱コープ電気東北", "㈱コープ東北",
]  # fmt: skip


@cache
def published(coop: str, *, samples: bool = True) -> tuple[bytes, Policy]:
    found = [*(ROOT / "policies" / coop).rglob("*.*"), *(ROOT / "partners").glob("*.yaml")]
    files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(found)}
    checked = CheckedFiles(samples=samples).check(coop, files)
    assert checked.document is not None, checked.findings
    assert checked.policy is not None
    return checked.document, checked.policy


def text_of(coop: str, version: str, *, samples: bool = True, trial: bool = False) -> NoticeText:
    document, policy = published(coop, samples=samples)
    gaps = next(one.gaps for one in policy.notices if one.version == version)
    return compose(read_document(document), version, gaps=gaps, digest=policy.digest, trial=trial)


def kyoritsusha(**changes: bool) -> NoticeText:
    return text_of("kyoritsusha", "2022-04-01", **changes)


def rows(text: NoticeText, heading: str) -> list[str]:
    return [row.text for row in next(one for one in text.sections if one.heading == heading).rows]


@pytest.mark.clause("K-I*", "K-U*")
def test_every_item_and_every_user_stand_in_the_order_of_their_numbers():
    text = kyoritsusha()
    assert rows(text, "共同利用する個人データの項目") == ITEMS
    assert rows(text, "共同利用する者の範囲") == USERS
    said = plain(text)
    for number, label in enumerate(ITEMS, start=1):
        assert f"\n  ({number}) {label}\n" in said
    for number, label in enumerate(USERS, start=1):
        assert f"\n  ({number}) {label}\n" in said


@pytest.mark.clause("K-J0", "K-M1")
def test_the_purpose_and_the_responsible_party_with_address_and_representative_stand_in_it():
    said = plain(kyoritsusha())
    assert "  個人情報の利用目的で定める「商品・サービス」の提供をおこなうため。\n" in said
    assert "  名称: 生活協同組合 共立社\n  住所: 山形県鶴岡市宝田1丁目3-23\n  代表者: 代表理事 渡邊 一弥\n" in said
    assert "共立社が第一次的責任を負うと同時に" in said
    assert "  電話: 0235‐22‐5115\n" in said
    assert "適用期間: 2022年4月1日から\n" in said
    assert "対象: すくすく会員\n" in said
    assert len(rows(kyoritsusha(), "個人情報の利用目的")) == 13
    assert "【未完】" not in said


def test_users_stand_with_their_legal_entity_and_days():
    users = next(one for one in kyoritsusha().sections if one.heading == "共同利用する者の範囲").rows
    assert users[1].more == ("日本生活協同組合連合会 2022年4月1日から",)
    assert users[0].more == ("株式会社コープ開発センター 2022年4月1日から",)


def test_what_an_open_ended_item_holds_carries_the_mark_of_a_sample_decision():
    said = plain(kyoritsusha())
    assert f"  (9) 利用情報\n      {TRIAL}" in said
    assert "  (8) その他の属性情報\n      決定がないため、何も提供されません\n" in said
    assert plain(kyoritsusha(samples=False)).count(TRIAL) == 0


def test_a_text_of_test_data_says_so_in_its_title():
    said = plain(kyoritsusha(trial=True))
    assert said.startswith(f"{TRIAL}個人情報保護方針")
    assert "実在の公表事項ではありません" in said
    assert not plain(kyoritsusha()).startswith(TRIAL)


def test_a_notice_with_gaps_names_every_one_of_them():
    text = text_of("coopdeli", "2017-06-21")
    assert text.missing == tuple(said for name, said in MATTERS.items() if name != "users")
    said = plain(text)
    assert "【未完】" in said
    assert all(f"  - {matter}\n" in said for matter in text.missing)
    assert said.count("(定めがありません)") == 4  # items, purpose, responsible party, contact desk
    assert "生活協同組合コープみらい 加わった日の記録がないため、まだ含まれません\n" in said


def test_the_same_document_makes_the_same_text_and_names_the_version_it_was_made_from():
    assert plain(kyoritsusha()) == plain(kyoritsusha())
    assert published("kyoritsusha")[1].digest[:16] in plain(kyoritsusha())


def test_a_version_whose_text_is_not_held_has_no_text():
    document, policy = published("kyoritsusha")
    with pytest.raises(KeyError):
        compose(read_document(document), "2005-03-31", gaps=(), digest=policy.digest)


def test_what_is_no_document_is_refused():
    with pytest.raises(msgspec.ValidationError):
        read_document(b'{"notices": {"2022-04-01": {"version": 1}}}')


@given(st.text())
def test_a_value_is_one_line_whatever_it_holds(value):
    assert len(marked(value, sample=True).splitlines()) == 1
    assert TRIAL in marked(value, sample=True)
    assert len(marked(value).splitlines()) <= 1


@given(st.text(min_size=1))
def test_a_label_adds_no_line_to_the_text(label):
    document, policy = published("kyoritsusha")
    read = read_document(document)
    notice = read.notices["2022-04-01"]
    items = {**(notice.joint_use.items or {}), "I1": ItemText(label=label)}
    joint = msgspec.structs.replace(notice.joint_use, items=items)
    forged = Document(
        notices={"2022-04-01": msgspec.structs.replace(notice, joint_use=joint)},
        fields=read.fields,
        decisions=read.decisions,
        partners=read.partners,
    )
    made = plain(compose(forged, "2022-04-01", gaps=(), digest=policy.digest))
    assert len(made.splitlines()) == len(plain(kyoritsusha()).splitlines())


@given(st.sets(st.integers(1, 999), min_size=1))
def test_numbered_parts_stand_in_the_order_of_their_numbers(numbers):
    parts = {f"I{number}": number for number in sorted(numbers, key=str)}
    assert [number for _, number in in_order(parts)] == sorted(numbers)
