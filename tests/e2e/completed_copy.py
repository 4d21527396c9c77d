"""A co-op of the tests' own, `coopdeli-test`: the files of コープデリ with the page that the real text links to filled in.

Whatever the real co-op has not published is invented here, and marked 【試験】 in the text and wherever it is quoted.
"""

import hashlib
import shutil
from datetime import date
from pathlib import Path

from tests.e2e.policy_copies import change, in_term
from tests.e2e.serving import ROOT

COOP = "coopdeli-test"
AGREEMENT = f"{COOP}-jccu-01"
DEPARTMENT = "個人情報管理部"
_JCCU, _ASIDE = "agreements/jccu.yaml", "agreement-to-come.yaml"

LINKED_PAGE = """
【試験】共同利用について
【試験】目的: 【試験】アフターサービスと商品事故への対応のため。
【試験】項目: 【試験】氏名、【試験】組合員コード、【試験】電話番号、【試験】メールアドレス
【試験】管理責任者: 【試験】コープデリ連合会 【試験】埼玉県さいたま市試験区1丁目1-1 【試験】代表理事 試験 花子
【試験】2022年4月1日 改訂
"""
_ITEMS = """items:
    I1: {label: 【試験】氏名, fields: [name]}
    I2: {label: 【試験】組合員コード, fields: [member_code]}
    I3: {label: 【試験】電話番号, fields: [phone]}
    I4: {label: 【試験】メールアドレス, fields: [email]}"""
_RESPONSIBLE = """responsible_parties:
    - role: 【試験】管理責任者
      name: {text: 【試験】コープデリ連合会, from: 2022-04-01}
      address: {text: 【試験】埼玉県さいたま市試験区1丁目1-1, from: 2022-04-01}
      representative: {text: 【試験】代表理事 試験 花子, from: 2022-04-01}"""
_PURPOSE = r"""\g<1>
    joint: "yes"
    reading: {by: 【試験】個人情報管理部, approved_by: 【試験】管理責任者, date: 2026-03-20, sample: true,
              reason: 【試験】公表した共同利用の目的に当たる}"""
_FIELDS = """
  phone: {item: I3, type: phone, max_length: 16, "null": allowed, class: ordinary, contact: true, identifies: true, ja: 電話番号, en: Telephone, example: 03-0000-0000}
  email: {item: I4, type: email, max_length: 254, "null": allowed, class: ordinary, contact: true, identifies: true, ja: メールアドレス, en: E-mail, example: hanako@example.jp}
"""


def incomplete(policies: Path, *, today: date) -> Path:
    """Copy `policies/` and add the co-op as the real text leaves it, without an agreement; return its folder.

    `partners/` goes beside it, where the lint of a folder looks for it. The agreement, in term, is kept aside for
    `complete`.
    """
    folder = in_term(policies, today=today) / COOP
    shutil.copytree(ROOT / "partners", policies.with_name("partners"))
    shutil.copytree(policies / "coopdeli", folder)
    for path in folder.rglob("*.yaml"):
        change(path, r"(?m)^coop: coopdeli$", f"coop: {COOP}")
    change(folder / _JCCU, "coopdeli-jccu-01", AGREEMENT)
    change(folder / _JCCU, "department: 【見本】個人情報管理部", f"department: {DEPARTMENT}")
    (folder / _JCCU).rename(policies.with_name(_ASIDE))
    (folder / _JCCU).parent.rmdir()
    return folder


def complete(folder: Path) -> Path:
    """Fill in what the notice lacks, and conclude the agreement: two fields for one purpose; return the folder."""
    agreement = folder / _JCCU
    agreement.parent.mkdir()
    folder.parent.with_name(_ASIDE).rename(agreement)
    change(folder / "fields.yaml", "member_code: {item: null", "member_code: {item: I2")
    change(folder / "fields.yaml", "name: {item: null", "name: {item: I1")
    change(folder / "fields.yaml", r"\n\Z", _FIELDS)
    _publish_what_was_missing(folder)
    return folder


def widen(folder: Path) -> Path:
    """Grant two fields more; return the folder."""
    change(folder / _JCCU, r"(fields: \{member_code: as_is, name: as_is)", r"\1, phone: as_is, email: as_is")
    return folder


def _publish_what_was_missing(folder: Path) -> None:
    """Make the version of the day from which an address and a representative had to be published (法27条5項3号)."""
    old, new = "2017-06-21", "2022-04-01"
    text = (folder / f"source/{old}.txt").rename(folder / f"source/{new}.txt")
    text.write_text(text.read_text() + LINKED_PAGE)
    notice = (folder / f"notices/{old}.yaml").rename(folder / f"notices/{new}.yaml")
    change(notice, r"\{version: \"2017-06-21\", quote: 2017年6月21日, text: held\}", _versions(old, new))
    change(notice, r"(?m)^version: .*$", f'version: "{new}"')
    change(notice, f"from: {old}", f"from: {new}")
    change(notice, f"file: source/{old}.txt", f"file: source/{new}.txt")
    change(notice, r"sha256: \w+", f"sha256: {hashlib.sha256(text.read_bytes()).hexdigest()}")
    change(notice, r"P4: \{(text: [^,]+), joint: unknown\}", "P4:\n    " + _PURPOSE)
    change(notice, "purpose: null", "purpose: {id: J1, text: 【試験】アフターサービスと商品事故への対応のため。}")
    change(notice, "items: null", _ITEMS)
    change(notice, r"responsible_parties: \[\].*", _RESPONSIBLE)


def _versions(old: str, new: str) -> str:
    return (
        f'{{version: "{old}", quote: 2017年6月21日, text: header_only}}, '
        f'{{version: "{new}", quote: 【試験】2022年4月1日, text: held}}'
    )
