"""What reports call things, in both languages: legal bases with their articles, transforms, kinds of entries."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from gateway.core.bases import REQUIRED, Basis
from gateway.core.days import FOREVER, Span, jst_day
from gateway.sheets.tables import Said

_BASES: Final[Mapping[Basis, tuple[str, str]]] = {
    Basis.JOINT_USE: ("共同利用", "joint use"),
    Basis.ENTRUSTMENT: ("委託", "entrustment"),
    Basis.CONSENT: ("本人の同意", "consent"),
    Basis.LAW: ("法令", "law"),
    Basis.LIFE: ("生命・身体・財産の保護", "life, body or property"),
    Basis.PUBLIC_HEALTH: ("公衆衛生・児童の健全育成", "public health"),
    Basis.GOV_COOPERATION: ("国の機関等への協力", "cooperation with government"),
}
_TICK: Final = timedelta(milliseconds=1)
_NO_THIRD_PARTY: Final = frozenset({Basis.JOINT_USE, Basis.ENTRUSTMENT})

TRANSFORMS: Final[Mapping[str, tuple[str, str]]] = {
    "as_is": ("そのまま", "as it is"),
    "mask": ("伏せ字", "masked"),
    "prefecture": ("都道府県まで", "prefecture"),
    "municipality": ("市区町村まで", "municipality"),
    "birth_year": ("生年", "year of birth"),
    "age_band": ("年代", "age band"),
    "postal_3": ("郵便番号の上3桁", "first 3 of postal code"),
    "phone_last4": ("電話番号の下4桁", "last 4 of telephone"),
    "drop": ("出力しない", "no output"),
    "pairwise_id": ("提供先別ID", "pairwise id"),
}


def basis_said(code: str) -> Said:
    """Return a legal basis with its article, and whether it is provision to a third party; a code of no basis as it is."""
    try:
        basis = Basis(code)
    except ValueError:
        return Said(code or "(不明)", code or "(unknown)", code)
    ja, en = _BASES[basis]
    article = REQUIRED[basis].article
    if basis in _NO_THIRD_PARTY:
        return Said(
            f"{ja}({article}・第三者提供に当たらない)", f"{en} ({article}: no provision to a third party)", code
        )
    return Said(f"{ja}({article})", f"{en} ({article})", code)


def basis_named(code: str) -> Said:
    """Return a legal basis in a word."""
    try:
        return Said(*_BASES[Basis(code)], code)
    except ValueError:
        return Said(code or "(不明)", code or "(unknown)", code)


def transform_said(field: Said, transform: str) -> Said:
    """Return a field with what is done to it before it leaves; nothing is added where it leaves as it is."""
    ja, en = TRANSFORMS.get(transform, (transform, transform))
    if transform == "as_is":
        return field
    return Said(f"{field.ja}({ja})", f"{field.en} ({en})", field.code)


def joined(parts: list[Said]) -> Said:
    """Return several texts as one; programs get their codes."""
    return Said(
        "、".join(one.ja for one in parts), ", ".join(one.en for one in parts), " ".join(one.code for one in parts)
    )


def days_of(span: Span) -> tuple[date | None, date | None]:
    """Return the first and the last JST day of a span; None for a side that is open."""
    last = None if span.end is None or span.end >= FOREVER else jst_day(span.end - _TICK)
    return (None if span.start is None else jst_day(span.start)), last


def both(text: str, code: str = "") -> Said:
    """Return a text that is the same in both languages: a name, or a quotation."""
    return Said(text, text, code)
