"""項目定義書 as tables: 表紙 (the agreement and its grants), 項目定義, コード値 and 変更履歴, to hand to a partner."""

from collections.abc import Callable, Iterator

from gateway.control_plane.grants.definition_words import (
    basis_said,
    class_said,
    meaning_said,
    place_said,
    sign_said,
    span_said,
    transform_said,
    type_said,
    value_said,
)
from gateway.control_plane.grants.field_definitions import Changed, Definitions, Given, Line
from gateway.control_plane.grants.matrix import natural
from gateway.control_plane.notices.text import marked
from gateway.core.changes.comparison import Difference, Path, grant_name
from gateway.core.days import jst_day
from gateway.sheets.tables import Cell, Column, Note, Said, Table

_YES, _NO = Said("あり", "allowed", "true"), Said("なし", "never", "false")
_GONE = Said("出力しない", "no output", "none")
_NONE = Said("なし(最初の版)", "none: this is the first version")


def definition_tables(
    of: Definitions, *, coop_name: str = "", trial: bool = False, name: Callable[[str], str] = str
) -> tuple[Table, ...]:
    """Return the four tables; `name` gives a person's name by their id."""
    notes = (
        Note(key="agreement", title=Said("契約・覚書", "Agreement"), said=of.agreement.id),
        Note(key="version", title=Said("版", "Version"), said=of.policy.digest),
        Note(key="basis", title=Said("根拠", "Basis"), said=basis_said(of.agreement.basis)),
    )
    return (
        _table("cover", ("表紙", "Cover"), _GRANTS, _grants(of), tuple(_facts(of, coop_name, name)), trial=trial),
        _table("fields", ("項目定義", "Fields"), _FIELDS, _fields(of), notes, trial=trial),
        _table("codes", ("コード値", "Codes"), _CODES, _codes(of), notes, trial=trial),
        _table("history", ("変更履歴", "History"), _HISTORY, _history(of, name), notes, trial=trial),
    )


def _table(
    key: str,
    title: tuple[str, str],
    columns: tuple[Column, ...],
    rows: Iterator[tuple[Cell, ...]],
    notes: tuple[Note, ...],
    *,
    trial: bool,
) -> Table:
    return Table(key=key, title=Said(*title), columns=columns, rows=tuple(rows), notes=notes, trial=trial)


# ── 表紙 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _facts(of: Definitions, coop_name: str, name: Callable[[str], str]) -> Iterator[Note]:
    partner = of.policy.partners.get(of.agreement.partner)
    contract, said = of.words.contract, of.version.publication
    version = of.version.version
    found: list[tuple[str, tuple[str, str], Cell]] = [
        ("coop", ("提供元", "Provided by"), f"{coop_name} ({of.policy.coop})" if coop_name else of.policy.coop),
        (
            "partner",
            ("提供先", "Provided to"),
            of.agreement.partner if partner is None else f"{partner.name} ({partner.id})",
        ),
        (
            "agreement",
            ("契約・覚書", "Agreement"),
            of.agreement.id if contract is None else f"{marked(contract.title)} ({contract.form}) {of.agreement.id}",
        ),
        ("basis", ("根拠", "Basis"), basis_said(of.agreement.basis)),
        ("term", ("契約期間", "Term"), span_said(of.agreement.term)),
        ("department", ("所管部署", "Department"), of.agreement.department),
        ("version", ("版", "Version"), of.policy.digest),
        ("number", ("公布の順", "Published as number"), of.version.number),
        ("effective", ("施行日", "In force from"), jst_day(version.effective)),
        ("proposer", ("起案者", "Drafted by"), None if said is None else name(said.proposer)),
        ("approver", ("承認者", "Approved by"), None if said is None else name(said.approver)),
        ("reason", ("理由", "Reason"), None if said is None else said.reason),
        ("against", ("比較した版", "Compared with"), _NONE if of.against is None else of.against.policy.digest),
    ]
    return (Note(key=key, title=Said(*title), said=cell) for key, title, cell in found)


def _columns(*columns: tuple[str, str, str] | tuple[str, str, str, str]) -> tuple[Column, ...]:
    return tuple(
        Column(key=key, title=Said(ja, en), kind="number" if more else "text") for key, ja, en, *more in columns
    )


_GRANTS = _columns(
    ("change", "変更", "Change"),
    ("grant", "提供範囲", "Grant"),
    ("purpose", "利用目的", "Purpose"),
    ("purpose_text", "利用目的の本文", "Purpose as published"),
    ("products", "商品・サービスの範囲", "Product classes"),
    ("whom", "対象者", "Members"),
    ("max_age_days", "鮮度(日以内)", "Freshness (days at most)", "number"),
    ("retention_days", "保存日数", "Retention (days)", "number"),
    ("members_per_day", "1日の人数(上限)", "Members a day at most", "number"),
    ("sentence", "提供の内容", "In words"),
    ("before", "変更の内容", "What changed"),
)


def _grants(of: Definitions) -> Iterator[tuple[Cell, ...]]:
    for one in of.grants:
        yield (
            sign_said(one.sign),
            one.name,
            one.grant.purpose,
            marked(of.words.texts.purposes.get(one.grant.purpose, "")),
            ", ".join(sorted(one.grant.products, key=natural)),
            Said(*one.whom),
            one.grant.max_age_days,
            one.grant.retention_days,
            one.grant.members_per_day,
            Said(*one.sentence),
            _what(one),
        )


# ── 項目定義 ──────────────────────────────────────────────────────────────────────────────────────────────────────

_FIELDS = _columns(
    ("change", "変更", "Change"),
    ("grant", "提供範囲", "Grant"),
    ("purpose", "利用目的", "Purpose"),
    ("products", "商品・サービスの範囲", "Product classes"),
    ("field", "データ項目", "Field"),
    ("ja", "名称", "Name in Japanese"),
    ("en", "名称(英語)", "Name in English"),
    ("item", "公表項目", "Item of the notice"),
    ("item_text", "公表項目の本文", "Item as published"),
    ("class", "種別", "Class"),
    ("type", "元の型", "Type at source"),
    ("max_length", "元の最大長", "Maximum length at source", "number"),
    ("null", "元の空欄", "Null at source"),
    ("transform", "変換", "Transform"),
    ("meaning", "変換の意味", "What the transform does"),
    ("given_type", "提供時の型", "Type as given"),
    ("given_max_length", "提供時の最大長", "Maximum length as given", "number"),
    ("given_pattern", "提供時の書式(正規表現)", "Pattern as given"),
    ("given_null", "提供時の空欄", "Null as given"),
    ("codes", "コード値", "Codes"),
    ("example", "例", "Example"),
    ("before", "変更の内容", "What changed"),
)


def _fields(of: Definitions) -> Iterator[tuple[Cell, ...]]:
    for line in of.lines:
        field, given = line.field, line.released
        yield (
            sign_said(line.sign),
            _grant(of, line),
            line.grant.purpose,
            ", ".join(sorted(line.grant.products, key=natural)),
            field.id,
            field.ja,
            field.en,
            field.item,
            marked(of.words.texts.items.get(field.item, "")),
            class_said(field.cls),
            type_said(field.type),
            field.max_length or field.length,
            _YES if field.nullable else _NO,
            transform_said(line.transform),
            meaning_said(line.transform),
            _given_type(line),
            None if given is None else given.length,
            None if given is None else given.pattern,
            None if given is None else _YES if given.nullable else _NO,
            _listed(of, line),
            _example(line),
            _what(line),
        )


def _grant(of: Definitions, line: Line) -> str:
    return grant_name(of.agreement, line.grant)


def _given_type(line: Line) -> Said:
    if line.released is None:
        return _GONE
    if line.transform == "as_is":
        return type_said(line.field.type)
    return Said("文字列", "string", line.released.json_type)


def _example(line: Line) -> Said | None:
    """Return the example, marked as one: nobody is to take it for a member's."""
    said = marked(line.example)
    return Said(f"例: {said}", f"e.g. {said}", said) if said else None


def _listed(of: Definitions, line: Line) -> str | None:
    if not line.field.codes or line.transform != "as_is":
        return None
    words = of.words.codes.get(line.field.id, {})
    return ", ".join(f"{code}={words[code]}" if code in words else code for code in line.field.codes)


def _what(part: Line | Given) -> Said | None:
    """Return what a part said before, word by word; nothing for one that came or went as a whole."""
    said = [_change(one) for one in part.changes if one.sign == "~"]
    if not said:
        return None
    return Said("、".join(one.ja for one in said), "; ".join(one.en for one in said))


def _change(one: Difference) -> Said:
    before, after = value_said(one, one.before), value_said(one, one.after)
    place = place_said(one.path[-1:], {}) if one.what != "field" else Said("変換", "transform")
    return Said(*(f"{_of(place, at)}: {_of(before, at)} → {_of(after, at)}" for at in (0, 1)))


def _of(said: Said | str, at: int) -> str:
    return said if isinstance(said, str) else (said.ja, said.en)[at]


# ── コード値, 変更履歴 ────────────────────────────────────────────────────────────────────────────────────────────

_CODES = _columns(
    ("field", "データ項目", "Field"),
    ("ja", "名称", "Name in Japanese"),
    ("en", "名称(英語)", "Name in English"),
    ("code", "コード", "Code"),
    ("label", "意味", "Meaning"),
)


def _codes(of: Definitions) -> Iterator[tuple[Cell, ...]]:
    """Yield every code that may be given: a field under several grants once, none of a field that is transformed."""
    fields = {line.field.id: line.field for line in of.lines if line.sign != "-" and line.transform == "as_is"}
    for _, field in sorted(fields.items()):
        words = of.words.codes.get(field.id, {})
        for code in field.codes:
            yield field.id, field.ja, field.en, code, words.get(code)


_HISTORY = (
    Column(key="number", title=Said("公布の順", "Number"), kind="number"),
    Column(key="effective", title=Said("施行日時", "In force from"), kind="instant"),
    Column(key="entry", title=Said("提供ログの番号", "Log entry"), kind="number"),
    *_columns(
        ("proposer", "起案者", "Drafted by"),
        ("approver", "承認者", "Approved by"),
        ("reason", "理由", "Reason"),
        ("change", "変更", "Change"),
        ("place", "箇所", "Place"),
        ("before", "変更前", "Before"),
        ("after", "変更後", "After"),
        ("version", "版", "Version"),
    ),
)


def _history(of: Definitions, name: Callable[[str], str]) -> Iterator[tuple[Cell, ...]]:
    for changed in of.history:
        said = changed.publication
        head: tuple[Cell, ...] = (
            changed.number,
            changed.version.effective,
            changed.version.index,
            None if said is None else name(said.proposer),
            None if said is None else name(said.approver),
            None if said is None else said.reason,
        )
        for one in _told(of, changed):
            yield (
                *head,
                sign_said(one.sign),
                _place(of, one),
                value_said(one, one.before),
                value_said(one, one.after),
                changed.version.policy.digest,
            )


def _told(of: Definitions, changed: Changed) -> tuple[Difference, ...]:
    """Return the differences; an agreement that is new or gone as a whole is one line."""
    whole = [one for one in changed.differences if one.path == _at(of) and one.sign != "~"]
    return tuple(whole) or changed.differences


def _at(of: Definitions) -> Path:
    return ("agreements", of.agreement.partner, of.agreement.id)


def _place(of: Definitions, one: Difference) -> Said:
    labels = {line.field.id: (line.field.ja, line.field.en) for line in of.lines}
    path = one.path[len(_at(of)) :] if one.path[0] == "agreements" else one.path
    return place_said(path, labels) if path else Said("契約・覚書", "agreement")
