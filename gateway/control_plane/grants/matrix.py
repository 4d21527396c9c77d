"""The 提供範囲 matrix of one agreement: what each field gives for each purpose, and what it may give.

Rows are the fields of the catalogue under the items of the notice, columns the grants and whatever else could be
granted. Nothing is judged here: each grant is put to the ceiling (core/ceiling.py) as if it granted every field, so a
cell is closed exactly where publishing would be refused. A field that is not granted is withheld, a new one too.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import get_args

import msgspec

from gateway.control_plane.grants.matrix_words import SHUTS_ALL, Closed, closed, said
from gateway.core.ceiling import Breach, breaches
from gateway.core.policy import Agreement, Field, FieldClass, Grant, Policy, Transform

TRANSFORMS: tuple[Transform, ...] = get_args(Transform)
_CLASSES: tuple[FieldClass, ...] = get_args(FieldClass)
_UNGRANTABLE = frozenset({"unknown_purpose", "use_required", "purpose_basis", "no_products", "unknown_product"})
"""Purposes and products that make no column of their own: the notice does not offer them to this basis."""


class Choice(msgspec.Struct, frozen=True):
    """A transform that a cell may have."""

    transform: Transform
    widens: bool
    """Whether the partner would learn what cannot be made from what it gets now."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """What one grant gives of one field; None: withheld."""

    transform: Transform | None
    choices: tuple[Choice, ...]
    """Empty where the cell is closed: then it can only be withheld."""
    closed: tuple[Closed, ...] = ()
    cautions: tuple[Closed, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the catalogue."""

    id: str
    ja: str
    en: str
    item: str
    cls: FieldClass
    transforms: tuple[Transform, ...]
    """What its type admits."""
    cells: tuple[Cell, ...]
    """One for each column."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of one class under one item of the notice."""

    item: str
    label: str
    cls: FieldClass
    rows: tuple[Row, ...]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A grant, or a purpose (× product class) without one."""

    purpose: str
    products: tuple[str, ...]
    grant: str | None
    """The grant's name in the agreement's file; None where there is none yet, and so no cell to set."""
    text: str = ""
    closed: Closed | None = None
    cautions: tuple[Closed, ...] = ()


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """What one agreement grants, and may grant."""

    partner: str
    agreement: str
    columns: tuple[Column, ...]
    """Grants first, then what is not granted."""
    groups: tuple[Group, ...]
    findings: tuple[Closed, ...]
    """What stands against the agreement as a whole."""

    @property
    def rows(self) -> Iterator[Row]:
        """The rows, in order."""
        return (row for group in self.groups for row in group.rows)

    @property
    def granted(self) -> tuple[tuple[int, str], ...]:
        """The columns that can be set, with their grants."""
        return tuple((at, column.grant) for at, column in enumerate(self.columns) if column.grant is not None)


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """The words of the notice, which the gates do not read: id → text as published."""

    items: Mapping[str, str] = {}
    purposes: Mapping[str, str] = {}
    products: Mapping[str, str] = {}


def matrix(policy: Policy, partner: str, agreement: str, *, texts: Texts | None = None) -> Matrix:
    """Return the matrix of an agreement with a partner. Raises KeyError where they have none of this name."""
    its = policy.agreements[agreement]
    if its.partner != partner:
        raise KeyError(agreement)
    texts = texts or Texts()
    names = sorted({*policy.fields, *(name for grant in its.grants for name in grant.fields)})
    admits = _admitted(policy, its, names)
    findings: dict[Closed, None] = {}
    judged = []
    for grant, given in _columns(policy, its):
        # Where there is no grant yet there is no cell to set: only the column itself is judged.
        verdict = _judge(policy, its, grant, names if given is not None else [])
        if given is None and any(one.state in _UNGRANTABLE and not one.caution for one in verdict.column):
            continue
        findings.update((closed(one), None) for one in verdict.agreement)
        shut = next((one for one in verdict.agreement if one.state in SHUTS_ALL and not one.caution), None)
        judged.append((_column(grant, given, verdict, shut, texts), given, verdict))
    rows = [
        _row(policy.fields.get(name), name, admits[name], [_cell(name, admits[name], *one) for one in judged])
        for name in names
    ]
    rows.sort(key=lambda row: (natural(row.item), _CLASSES.index(row.cls)))
    return Matrix(
        partner=partner,
        agreement=agreement,
        columns=tuple(column for column, _, _ in judged),
        groups=tuple(
            Group(item=item, label=texts.items.get(item, ""), cls=cls, rows=tuple(group))
            for (item, cls), group in groupby(rows, key=lambda row: (row.item, row.cls))
        ),
        findings=tuple(findings),
    )


def widens(was: Transform | None, now: Transform | None) -> bool:
    """Tell whether a partner that got a field as it `was` learns something from `now` that it could not work out.

    Withheld and `drop` teach nothing, `mask` only whether there is a value, as_is everything. Of those between only the
    prefecture follows from another, the municipality; age bands move with the day, so the year of birth tells no band.
    """
    if was == now or (was, now) == ("municipality", "prefecture"):
        return False
    before, after = _teaches(was), _teaches(now)
    return after > before or after == before == _SOME


_NOTHING, _PRESENCE, _SOME, _ALL = range(4)


def _teaches(transform: Transform | None) -> int:
    match transform:
        case None | "drop":
            return _NOTHING
        case "mask":
            return _PRESENCE
        case "as_is":
            return _ALL
        case _:
            return _SOME


def natural(name: str) -> tuple[str | int, ...]:
    """Return what sorts `I2` before `I10`."""
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", name))


def local(grant: Grant) -> str:
    """Return the name that a grant has in the agreement's file."""
    return grant.id.rpartition(".")[2]


class _Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the ceiling says of a column that grants every field."""

    agreement: tuple[Breach, ...]
    column: tuple[Breach, ...]
    cells: Mapping[str, list[Breach]]


def _columns(policy: Policy, its: Agreement) -> Iterator[tuple[Grant, Grant | None]]:
    """Yield every grant, then what the notices would let be asked for besides, as a grant for one product class."""
    grants = sorted(its.grants, key=lambda grant: (natural(grant.purpose), sorted(grant.products), grant.id))
    yield from ((grant, grant) for grant in grants)
    products = sorted({product for notice in policy.notices for product in notice.products}, key=natural)
    taken = {(grant.purpose, product) for grant in grants for product in grant.products or (None,)}
    for purpose in sorted({purpose for notice in policy.notices for purpose in notice.purposes}, key=natural):
        for product in products or (None,):
            if (purpose, product) not in taken:
                classes = frozenset() if product is None else frozenset({product})
                yield _supposed(its, purpose=purpose, products=classes), None


def _supposed(its: Agreement, *, purpose: str, products: frozenset[str] = frozenset()) -> Grant:
    return Grant(
        id=f"{its.id}.supposed", purpose=purpose, products=products, fields={}, max_age_days=0, retention_days=0
    )


def _judge(policy: Policy, its: Agreement, grant: Grant, names: list[str]) -> _Verdict:
    every: dict[str, Transform] = dict.fromkeys(names, "as_is")
    supposed = msgspec.structs.replace(its, grants=(msgspec.structs.replace(grant, fields=every),))
    asked = msgspec.structs.replace(policy, agreements={its.id: supposed})
    whole: list[Breach] = []
    column: list[Breach] = []
    cells: dict[str, list[Breach]] = {}
    for breach in breaches(asked):
        match breach.path:
            case (_, _, _, "grants", _, "fields", str(name)):
                cells.setdefault(name, []).append(breach)
            case (_, _, _, "grants", *_):
                column.append(breach)
            case _:
                whole.append(breach)
    return _Verdict(
        agreement=tuple(one for one in whole if said(one.state)),
        column=tuple(one for one in column if said(one.state)),
        cells=cells,
    )


def _admitted(policy: Policy, its: Agreement, names: list[str]) -> dict[str, tuple[Transform, ...]]:
    """Return what each field's type admits, asked of the ceiling for one transform after the other."""
    wrong: set[tuple[str, str]] = set()
    for transform in TRANSFORMS:
        grant = msgspec.structs.replace(_supposed(its, purpose=""), fields=dict.fromkeys(names, transform))
        supposed = msgspec.structs.replace(its, grants=(grant,))
        asked = msgspec.structs.replace(policy, notices=(), agreements={its.id: supposed})
        wrong |= {(one.subject, transform) for one in breaches(asked) if one.state == "wrong_transform"}
    known = policy.fields
    return {name: tuple(one for one in TRANSFORMS if name in known and (name, one) not in wrong) for name in names}


def _column(grant: Grant, given: Grant | None, verdict: _Verdict, shut: Breach | None, texts: Texts) -> Column:
    wrong = next((one for one in verdict.column if not one.caution), None) or shut
    if wrong is None and given is None:
        wrong = Breach(state="no_grant", path=(), subject=grant.purpose)
    return Column(
        purpose=grant.purpose,
        products=tuple(sorted(grant.products, key=natural)),
        grant=None if given is None else local(given),
        text=texts.purposes.get(grant.purpose, ""),
        closed=None if wrong is None else closed(wrong),
        cautions=tuple(closed(one) for one in verdict.column if one.caution),
    )


def _cell(name: str, admits: tuple[Transform, ...], column: Column, given: Grant | None, verdict: _Verdict) -> Cell:
    now = None if given is None else given.fields.get(name)
    found = verdict.cells.get(name, ())
    wrong = tuple(closed(one) for one in found if not one.caution)
    if column.closed is not None or wrong:
        return Cell(transform=now, choices=(), closed=(*wrong, *((column.closed,) if column.closed else ())))
    return Cell(
        transform=now,
        choices=tuple(Choice(one, widens(now, one)) for one in admits),
        cautions=tuple(closed(one) for one in found),
    )


def _row(field: Field | None, name: str, admits: tuple[Transform, ...], cells: list[Cell]) -> Row:
    return Row(
        id=name,
        ja=name if field is None else field.ja,
        en=name if field is None else field.en,
        item="" if field is None else field.item,
        cls="ordinary" if field is None else field.cls,
        transforms=admits,
        cells=tuple(cells),
    )
