"""The matrix as its template shows it: cells with marks, and every reason told once, by number."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gateway.control_plane.grants.matrix import Column, Matrix, Row
from gateway.control_plane.grants.matrix_words import WITHHELD, Closed, told
from gateway.core.policy import FieldClass, Transform
from gateway.core.transforms import TRANSFORM_WORDS

Language = Literal["ja", "en"]
Pending = Mapping[tuple[str, str], Transform | None]
"""(grant, field) → what was chosen and is not saved."""
KEYS: dict[Transform, str] = {name: str((at + 1) % 10) for at, name in enumerate(TRANSFORM_WORDS)}
"""Transform → the digit that sets it: 1 to 9, then 0."""


class Option(msgspec.Struct, frozen=True):
    """A choice of a cell."""

    value: str
    text: str
    widens: bool


class ShownCell(msgspec.Struct, frozen=True, kw_only=True):
    """A cell on screen."""

    name: str
    was: str
    now: str
    mark: str
    """`+`, `~`, `-`, or nothing where it is not changed."""
    options: tuple[Option, ...]
    """Beside withholding."""
    why: int
    """Number of the reason why it is closed, or of what is to be minded; 0 for none."""
    closed: bool


class ShownRow(msgspec.Struct, frozen=True, kw_only=True):
    """A field on screen."""

    id: str
    label: str
    cells: tuple[ShownCell, ...]


class ShownGroup(msgspec.Struct, frozen=True, kw_only=True):
    """An item and class on screen."""

    item: str
    label: str
    cls: FieldClass
    rows: tuple[ShownRow, ...]


class ShownColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A grant on screen."""

    grant: str
    purpose: str
    text: str
    products: tuple[str, ...]
    why: int


class Ungranted(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose without a grant: why, for which product classes."""

    purpose: str
    text: str
    products: tuple[str, ...]
    why: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a matrix on screen."""

    partner: str
    agreement: str
    columns: tuple[ShownColumn, ...]
    groups: tuple[ShownGroup, ...]
    ungranted: tuple[Ungranted, ...]
    reasons: tuple[str, ...]
    findings: tuple[str, ...]
    items: tuple[tuple[str, str], ...]
    transforms: tuple[tuple[str, str, str], ...]
    """Name, words, digit."""
    words: Mapping[str, str]
    """Transform → words; the empty name: withheld."""
    counts: Mapping[str, int]
    """Mark → how many cells."""


def show(of: Matrix, pending: Pending, *, lang: Language) -> Shown:
    """Return what the template shows of a matrix and what was chosen in it."""
    reasons: dict[str, int] = {}

    def number(whys: tuple[Closed, ...]) -> int:
        return reasons.setdefault(told(whys, lang), len(reasons) + 1) if whys else 0

    at_language = 0 if lang == "ja" else 1
    words: dict[str, str] = {name: both[at_language] for name, both in TRANSFORM_WORDS.items()}
    words[""] = WITHHELD[at_language]
    columns = tuple(
        ShownColumn(
            grant=grant,
            purpose=of.columns[at].purpose,
            text=of.columns[at].text,
            products=of.columns[at].products,
            why=number(_of_column(of.columns[at])),
        )
        for at, grant in of.granted
    )
    counts = {"+": 0, "~": 0, "-": 0}

    def cell(row: Row, at: int, grant: str) -> ShownCell:
        its = row.cells[at]
        was, now = its.transform or "", pending.get((grant, row.id), its.transform) or ""
        mark = "" if was == now else "+" if not was else "~" if now else "-"
        if mark:
            counts[mark] += 1
        options = tuple(Option(one.transform, words[one.transform], one.widens) for one in its.choices)
        if was and its.closed:  # what stands may be withheld, and nothing else
            options = (Option(was, words[was], widens=False),)
        return ShownCell(
            name=f"{grant}/{row.id}",
            was=was,
            now=now,
            mark=mark,
            options=options,
            why=number(its.closed or its.cautions),
            closed=bool(its.closed),
        )

    groups = tuple(
        ShownGroup(
            item=group.item,
            label=group.label,
            cls=group.cls,
            rows=tuple(
                ShownRow(
                    id=row.id,
                    label=row.ja if lang == "ja" else row.en,
                    cells=tuple(cell(row, at, grant) for at, grant in of.granted),
                )
                for row in group.rows
            ),
        )
        for group in of.groups
    )
    return Shown(
        partner=of.partner,
        agreement=of.agreement,
        columns=columns,
        groups=groups,
        ungranted=_ungranted(of, lang),
        reasons=tuple(reasons),
        findings=tuple(one.text(lang) for one in of.findings),
        items=tuple({group.item: group.label for group in of.groups if group.item}.items()),
        transforms=tuple((name, words[name], KEYS[name]) for name in TRANSFORM_WORDS),
        words=words,
        counts=counts,
    )


def _of_column(column: Column) -> tuple[Closed, ...]:
    return column.cautions if column.closed is None else (column.closed,)


def _ungranted(of: Matrix, lang: Language) -> tuple[Ungranted, ...]:
    """Return the purposes without a grant, the product classes of one reason together."""
    products: dict[tuple[str, str, str], list[str]] = {}
    for column in of.columns:
        if column.grant is None and column.closed is not None:
            key = column.purpose, column.text, column.closed.text(lang)
            products.setdefault(key, []).extend(column.products)
    return tuple(
        Ungranted(purpose=purpose, text=text, products=tuple(its), why=why)
        for (purpose, text, why), its in products.items()
    )
