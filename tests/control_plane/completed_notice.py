"""The notice of コープデリ as the real text leaves it, and completed in the drafting functions' own way, marked 【試験】."""

from functools import cache
from pathlib import Path
from typing import Any

from gateway.adapters.policy_files.folder import files_of
from gateway.adapters.policy_files.in_memory import CheckedFiles
from gateway.control_plane.drafting.notice import (
    PartyTyped,
    PurposeTyped,
    set_joint_purpose,
    set_mapping,
    set_responsible,
)
from gateway.control_plane.drafting.notice_items import FieldTyped, ItemsTyped, ItemTyped, add_field, set_items
from gateway.control_plane.drafting.notice_version import VersionTyped, new_version
from gateway.ports import Files

ROOT = Path(__file__).resolve().parents[2]
COOP = "coopdeli"
OLD, NEW = "2017-06-21", "2022-04-01"
FOLDER = f"policies/{COOP}"
CHECKED = CheckedFiles(samples=True)
REAL: Files = files_of(ROOT / "policies", ROOT / "partners", COOP)
LINKED_PAGE = """
【試験】共同利用について
【試験】目的: 【試験】アフターサービスと商品事故への対応のため。
【試験】項目: 【試験】氏名、【試験】組合員コード、【試験】電話番号、【試験】メールアドレス
【試験】管理責任者: 【試験】コープデリ連合会 【試験】埼玉県さいたま市試験区1丁目1-1 【試験】代表理事 試験 花子
【試験】窓口: 【試験】相談室 03-0000-0000 平日 午前9時から午後5時
【試験】2022年4月1日 改訂
"""
TEXT = REAL[f"{FOLDER}/source/{OLD}.txt"] + LINKED_PAGE
VERSION = {"like": OLD, "effective": NEW, "published": NEW, "quote": "【試験】2022年4月1日", "text": TEXT}
PURPOSE = "【試験】アフターサービスと商品事故への対応のため。"
PARTY = {
    "role": "【試験】管理責任者",
    "name": "【試験】コープデリ連合会",
    "name_from": NEW,
    "address": "【試験】埼玉県さいたま市試験区1丁目1-1",
    "address_from": NEW,
    "representative": "【試験】代表理事 試験 花子",
    "representative_from": NEW,
}
READING = {
    "joint": "yes",
    "by": "【試験】個人情報管理部",
    "approved_by": "【試験】管理責任者",
    "read_on": "2026-03-20",
    "reason": "【試験】公表した共同利用の目的に当たる",
}
PHONE: dict[str, Any] = {
    "field": "phone",
    "ja": "電話番号",
    "en": "Telephone",
    "type": "phone",
    "cls": "ordinary",
    "null": "allowed",
    "max_length": "16",
    "example": "03-0000-0000",
}
EMAIL = PHONE | {"field": "email", "ja": "メールアドレス", "en": "E-mail", "type": "email", "max_length": "254"}
EMAIL |= {"example": "hanako@example.jp"}
FLAGS = ("contact", "identifies")
LABELS = ("【試験】氏名", "【試験】組合員コード", "【試験】電話番号", "【試験】メールアドレス")
BELONGS = {"name": "I1", "member_code": "I2", "phone": "I3", "email": "I4"}


def versioned(files: Files = REAL, /, **changes: str) -> Files:
    """The files with a new version of the notice."""
    return new_version(files, COOP, VersionTyped(**{**VERSION, **changes}), policy_files=CHECKED)[0]


@cache
def completed() -> Files:
    """The files with a version that lacks nothing."""
    files = versioned()
    for field in (PHONE, EMAIL):
        files = add_field(files, COOP, NEW, FieldTyped(**field, flags=FLAGS), policy_files=CHECKED)
    items = tuple(ItemTyped(label=label) for label in LABELS)
    typed = ItemsTyped(items=items, belongs=BELONGS, itself=frozenset(BELONGS))
    files = set_items(files, COOP, NEW, typed, policy_files=CHECKED)
    files = set_mapping(files, COOP, NEW, "P4", PurposeTyped(**READING, sample=True), policy_files=CHECKED)
    files = set_joint_purpose(files, COOP, NEW, PURPOSE, policy_files=CHECKED)
    return set_responsible(files, COOP, NEW, PartyTyped(**PARTY), policy_files=CHECKED)
