"""What reports call things, in both languages: legal bases with their articles, transforms, kinds of entries."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from gateway.core.bases import BASIS_WORDS, REQUIRED, Basis
from gateway.core.days import FOREVER, Span, jst_day
from gateway.core.transforms import TRANSFORM_WORDS
from gateway.sheets.tables import Said

_TICK: Final = timedelta(milliseconds=1)
_NO_THIRD_PARTY: Final = frozenset({Basis.JOINT_USE, Basis.ENTRUSTMENT})


def basis_said(code: str) -> Said:
    """Return a legal basis with its article, and whether it is provision to a third party; a code of no basis as it is."""
    try:
        basis = Basis(code)
    except ValueError:
        return Said(code or "(不明)", code or "(unknown)", code)
    ja, en = BASIS_WORDS[basis]
    article = REQUIRED[basis].article
    if basis in _NO_THIRD_PARTY:
        return Said(
            f"{ja}({article}・第三者提供に当たらない)", f"{en} ({article}: no provision to a third party)", code
        )
    return Said(f"{ja}({article})", f"{en} ({article})", code)


def basis_named(code: str) -> Said:
    """Return a legal basis in a word."""
    try:
        return Said(*BASIS_WORDS[Basis(code)], code)
    except ValueError:
        return Said(code or "(不明)", code or "(unknown)", code)


def transform_said(field: Said, transform: str) -> Said:
    """Return a field with what is done to it before it leaves; nothing is added where it leaves as it is."""
    words: Mapping[str, tuple[str, str]] = TRANSFORM_WORDS  # type: ignore[assignment]  # keys of an entry are any text
    ja, en = words.get(transform, (transform, transform))
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
