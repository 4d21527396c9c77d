"""What the 項目定義書 says in words: legal bases, types of fields, places that a version changed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from gateway.control_plane.grants.matrix_words import KINDS
from gateway.core.bases import BASIS_WORDS, REQUIRED, Basis
from gateway.core.changes.comparison import Difference, Plain, Sign, span_text
from gateway.core.changes.sentence import HOW
from gateway.core.days import FOREVER, Span, jst_day
from gateway.core.policy import FieldClass, FieldType, Transform
from gateway.core.transforms import TRANSFORM_WORDS
from gateway.sheets.tables import Said

_NO_THIRD_PARTY: Final = frozenset({Basis.JOINT_USE, Basis.ENTRUSTMENT})
"""Art. 27(5): who receives data on these is no third party."""

TYPES: Final[dict[FieldType, tuple[str, str]]] = {
    "code": ("番号(文字列)", "code (string)"),
    "text": ("文字列", "string"),
    "enum": ("コード値", "code list"),
    "date": ("日付 YYYY-MM-DD", "date YYYY-MM-DD"),
    "digits": ("数字(文字列)", "digits (string)"),
    "jis_x0402": ("市区町村コード JIS X 0402", "municipality code JIS X 0402"),
    "phone": ("電話番号(文字列)", "telephone number (string)"),
    "email": ("メールアドレス(文字列)", "e-mail address (string)"),
    "boolean": ("真偽値", "boolean"),
    "integer": ("整数", "integer"),
}
SIGNS: Final[dict[Sign, tuple[str, str]]] = {
    "+": ("追加(+)", "new (+)"),
    "~": ("変更(~)", "changed (~)"),
    "-": ("削除(-)", "gone (-)"),
}
"""The sign stands behind the word: a cell that begins with it would be a formula."""

_PLACES: Final[dict[str, tuple[str, str]]] = {
    "grants": ("提供範囲", "grant"),
    "fields": ("データ項目", "field"),
    "basis": ("根拠", "basis"),
    "term": ("契約期間", "term"),
    "clauses": ("必須条項", "clauses"),
    "supervision": ("監督の期限", "supervision"),
    "department": ("所管部署", "department"),
    "programme": ("制度", "programme"),
    "purpose": ("利用目的", "purpose"),
    "products": ("商品・サービスの範囲", "product classes"),
    "population": ("対象者", "population"),
    "filters": ("対象者の絞り込み", "filters"),
    "max_age_days": ("鮮度(日)", "freshness (days)"),
    "retention_days": ("保存日数", "retention (days)"),
    "members_per_day": ("1日の人数", "members a day"),
    "case": ("案件番号", "case number"),
    "item": ("公表項目", "item of the notice"),
    "type": ("型", "type"),
    "nullable": ("空欄", "may be null"),
    "cls": ("種別", "class"),
    "ja": ("名称", "name in Japanese"),
    "en": ("名称(英語)", "name in English"),
    "example": ("例", "example"),
    "max_length": ("最大文字数", "maximum length"),
    "length": ("桁数", "number of digits"),
    "pattern": ("書式", "pattern"),
    "codes": ("コード表", "code list"),
}


def basis_said(basis: Basis) -> Said:
    """Return a legal basis with its article, and whether what it covers is provision to a third party."""
    ja, en = BASIS_WORDS[basis]
    own = basis in _NO_THIRD_PARTY
    return Said(
        f"{ja}({REQUIRED[basis].article}・{'第三者提供に当たらない' if own else '第三者提供'})",
        f"{en} (APPI {_article(basis)}, {'no provision to a third party' if own else 'provision to a third party'})",
        basis.value,
    )


def _article(basis: Basis) -> str:
    """`法27条5項3号` → `Art. 27(5)(3)`."""
    first, *more = (part for part in _digits(REQUIRED[basis].article))
    return f"Art. {first}" + "".join(f"({part})" for part in more)


def _digits(text: str) -> list[str]:
    return "".join(one if one.isdecimal() else " " for one in text).split()


def span_said(span: Span) -> Said:
    """Return a span as its first and last day in Japan; the code is that of a comparison."""
    first = "" if span.start is None else jst_day(span.start).isoformat()
    open_ended = span.end is None or span.end >= FOREVER
    last = "" if span.end is None or open_ended else jst_day(span.end - timedelta(milliseconds=1)).isoformat()
    ja = f"{first}から{last}まで" if last else f"{first}から(期限なし)"
    en = f"{first} to {last}" if last else f"{first} on, without an end"
    return Said(ja, en, span_text(span))


def class_said(cls: FieldClass) -> Said:
    """Return what guards a field."""
    return Said(*KINDS[cls], cls)


def transform_said(transform: Transform) -> Said:
    """Return a transform's name."""
    return Said(*TRANSFORM_WORDS[transform], transform)


def meaning_said(transform: Transform) -> Said:
    """Return how a field is given by a transform."""
    ja, en = HOW[transform]
    return Said(ja, en) if transform == "drop" else Said(f"{ja}渡す", f"given {en}")


def type_said(name: FieldType) -> Said:
    """Return a field's type."""
    return Said(*TYPES[name], name)


def sign_said(sign: Sign | None) -> Said | None:
    """Return what became of something."""
    return None if sign is None else Said(*SIGNS[sign], sign)


def place_said(path: tuple[str, ...], labels: Mapping[str, tuple[str, str]]) -> Said:
    """Return a place within an agreement, or within the catalogue, by its path; fields with their labels."""
    return Said(*(" > ".join(_part(path, at, labels)[lang] for at in range(len(path))) for lang in (0, 1)))


def _part(path: tuple[str, ...], at: int, labels: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """Words and names take turns in a path, and only words have other words."""
    part = path[at]
    if at % 2 == 0:
        return _PLACES.get(part, (part, part))
    if path[at - 1] == "fields" and part in labels:
        ja, en = labels[part]
        return f"{ja} ({part})", f"{en} ({part})"
    return part, part


def value_said(difference: Difference, value: Plain) -> Said | str:
    """Return what something was or is: a transform or a basis in words, anything else as it is written."""
    if difference.what == "field" and isinstance(value, str):
        for name, words in TRANSFORM_WORDS.items():
            if name == value:
                return Said(*words, name)
    if difference.what == "agreement" and isinstance(value, str) and value in BASIS_WORDS:
        return basis_said(Basis(value))
    match value:
        case None:
            return ""
        case bool():
            return Said("はい", "yes", "true") if value else Said("いいえ", "no", "false")
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)
