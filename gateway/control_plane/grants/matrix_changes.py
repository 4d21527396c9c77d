"""Changes of cells: proposed one by one, by item, by column or as a copy; written into the files all or not at all.

The files stay the source: a change touches the text of the one agreement file, at the one place that it names, and
every other byte of every file stays (ports/proposals.py, `set`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from gateway.control_plane.grants.matrix import Cell, Matrix, Row, Texts, matrix
from gateway.control_plane.grants.matrix_words import Closed, closed, told
from gateway.control_plane.refusals import FilesRefused
from gateway.core.ceiling import Breach
from gateway.core.policy import Policy, Transform
from gateway.core.refused import Refused
from gateway.ports.proposals import Checked, Files, PolicyFiles


class CellChange(msgspec.Struct, frozen=True, kw_only=True):
    """What one grant is to give of one field; None withholds it."""

    agreement: str
    grant: str
    """The grant's name in the agreement's file."""
    field: str
    transform: Transform | None


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that a change of many cells could not reach."""

    grant: str
    field: str
    why: tuple[Closed, ...]


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """A change of many cells: what changes, and what was left out."""

    changes: tuple[CellChange, ...]
    left_out: tuple[LeftOut, ...]


# ── many cells at once ────────────────────────────────────────────────────────────────────────────────────────────


def fill(
    of: Matrix,
    transform: Transform | None,
    *,
    item: str | None = None,
    field: str | None = None,
    grant: str | None = None,
) -> Bulk:
    """Return the changes that give a whole item, a field, a column, or what they share, one transform."""
    wanted = {
        (at, row.id): transform
        for at, name in of.granted
        if grant in {None, name}
        for row in of.rows
        if item in {None, row.item} and field in {None, row.id}
    }
    return _bulk(of, wanted)


def copy(of: Matrix, source: Mapping[str, Transform], *, grant: str) -> Bulk:
    """Return the changes that make a column give what another grant gives, as far as notice and classes admit it.

    `source` is what the other grant gives, of this agreement or of another partner's. What it withholds is withheld.
    """
    at = next((at for at, name in of.granted if name == grant), None)
    if at is None:
        raise _no_grant(of.agreement, grant, of)
    return _bulk(of, {(at, row.id): source.get(row.id) for row in of.rows})


def _bulk(of: Matrix, wanted: Mapping[tuple[int, str], Transform | None]) -> Bulk:
    changes, left_out = [], []
    names = dict(of.granted)
    rows = {row.id: row for row in of.rows}
    for (at, name), transform in wanted.items():
        row = rows[name]
        if transform == row.cells[at].transform:
            continue
        why = obstacle(row, row.cells[at], transform)
        if not why:
            changes.append(CellChange(agreement=of.agreement, grant=names[at], field=name, transform=transform))
        else:
            left_out.append(LeftOut(grant=names[at], field=name, why=why))
    return Bulk(changes=tuple(changes), left_out=tuple(left_out))


def obstacle(row: Row, cell: Cell, transform: Transform | None) -> tuple[Closed, ...]:
    """Return why a cell may not become this; nothing where it may. Withholding always may."""
    if transform is None or any(choice.transform == transform for choice in cell.choices):
        return ()
    if cell.closed:
        return cell.closed
    fits = ", ".join(row.transforms)
    wrong = Closed(
        rule=f"grant:{row.id}:wrong_transform",
        ja=f"{row.id}: 変換 {transform} はこの型に使えません",
        en=f"{row.id}: the transform {transform} does not take values of its type",
        mend_ja=f"使える変換: {fits}",
        mend_en=f"choose among: {fits}",
    )
    return (wrong,)


# ── into the files ────────────────────────────────────────────────────────────────────────────────────────────────


def apply(files: Files, changes: Sequence[CellChange], *, policy_files: PolicyFiles, coop: str) -> Files:
    """Return the files with every change made. Raises Refused where one cannot be, and then none is."""
    texts = dict(files)
    for agreement in dict.fromkeys(change.agreement for change in changes):
        partner, of = _find(files, agreement, policy_files=policy_files, coop=coop)
        path = agreement_file(coop, partner)
        its = [change for change in changes if change.agreement == agreement]
        _check(of, its)
        for change in its:
            where = ("agreements", agreement, "grants", change.grant, "fields", change.field)
            try:
                texts[path] = policy_files.set(texts[path], where, change.transform)
            except (KeyError, ValueError):
                raise Refused(
                    f"{path}:unwritable",
                    f"{path}: この書き方のファイルでは `{change.grant}` の `{change.field}` だけを変えられません → "
                    "ファイルを直接編集する",
                    f"{path}: the file is written so that `{change.field}` of `{change.grant}` alone cannot be changed; "
                    "edit the file by hand",
                ) from None
    return texts


def agreement_file(coop: str, partner: str) -> str:
    """Return where the agreements with a partner stand."""
    return f"policies/{coop}/agreements/{partner}.yaml"


def matrix_of(files: Files, partner: str, agreement: str, *, policy_files: PolicyFiles, coop: str) -> Matrix:
    """Return the matrix that files make. Raises Refused where the files have errors, KeyError for no such agreement."""
    checked = check_partners(files, {partner}, policy_files=policy_files, coop=coop)
    return matrix(policy_in(checked), partner, agreement, texts=texts_of(checked.document))


def check_partners(files: Files, partners: Iterable[str], *, policy_files: PolicyFiles, coop: str) -> Checked:
    """Return what the files say, leaving out the agreements of all other partners.

    An agreement is judged by catalogue, notices and decisions, never by another partner's agreement; reading a hundred
    of those for the sake of one would take seconds. All of them are checked where a proposal is submitted.
    """
    kept = {agreement_file(coop, partner) for partner in partners}
    others = agreement_file(coop, "")[: -len(".yaml")]
    wanted = {path: text for path, text in files.items() if path in kept or not path.startswith(others)}
    return policy_files.check(coop, wanted)


def policy_in(checked: Checked) -> Policy:
    """Return the policy that was read. Raises FilesRefused where the files have errors."""
    if checked.policy is None:
        raise FilesRefused(checked.findings)
    return checked.policy


class _Labelled(msgspec.Struct, frozen=True):
    label: str | None = None
    text: str | None = None
    uses: dict[str, "_Labelled"] = {}


class _JointUse(msgspec.Struct, frozen=True):
    items: dict[str, _Labelled] | None = None


class _Notice(msgspec.Struct, frozen=True):
    joint_use: _JointUse = _JointUse()
    purposes: dict[str, _Labelled] = {}
    products: dict[str, str] | None = None


class _Document(msgspec.Struct, frozen=True):
    notices: dict[str, _Notice] = {}


def texts_of(document: bytes | None) -> Texts:
    """Return the words of the notices in a canonical document; of the newest, where several say something."""
    items: dict[str, str] = {}
    purposes: dict[str, str] = {}
    products: dict[str, str] = {}
    for _, notice in sorted(msgspec.json.decode(document, type=_Document).notices.items()) if document else ():
        items |= {name: one.label or "" for name, one in (notice.joint_use.items or {}).items()}
        products |= notice.products or {}
        for name, one in notice.purposes.items():
            purposes[name] = one.text or ""
            purposes |= {f"{name}.{use}": f"{one.text or ''} ({its.label or use})" for use, its in one.uses.items()}
    return Texts(items=items, purposes=purposes, products=products)


def _find(files: Files, agreement: str, *, policy_files: PolicyFiles, coop: str) -> tuple[str, Matrix]:
    folder, end = agreement_file(coop, "\0").split("\0")
    naming = {
        path.removeprefix(folder).removesuffix(end)
        for path, text in files.items()
        if path.startswith(folder) and path.endswith(end) and agreement in text
    }
    if naming:
        checked = check_partners(files, naming, policy_files=policy_files, coop=coop)
        policy = policy_in(checked)
        if agreement in policy.agreements:
            partner = policy.agreements[agreement].partner
            return partner, matrix(policy, partner, agreement, texts=texts_of(checked.document))
    raise Refused(
        f"agreement:{agreement}:unknown",
        f"契約 `{agreement}` がファイルにありません → 契約のIDを確かめる",
        f"no agreement `{agreement}` stands in the files; mind its id",
    )


def _check(of: Matrix, changes: Sequence[CellChange]) -> None:
    """Raise Refused for the first change that may not be made, or where a grant would be left with nothing."""
    columns = {name: at for at, name in of.granted}
    rows = {row.id: row for row in of.rows}
    given = {name: {row.id for row in of.rows if row.cells[at].transform is not None} for at, name in of.granted}
    told_of: set[tuple[str, str]] = set()
    for change in changes:
        if change.grant not in columns:
            raise _no_grant(of.agreement, change.grant, of)
        here = f"{of.agreement} / {change.grant} / {change.field}"
        row = rows.get(change.field)
        if row is None:
            raise _refused(here, (_unknown_field(change.field),))
        if (change.grant, change.field) in told_of:
            raise _refused(here, (_twice(change.field),))
        told_of.add((change.grant, change.field))
        cell = row.cells[columns[change.grant]]
        if change.transform != cell.transform and (whys := obstacle(row, cell, change.transform)):
            raise _refused(here, whys)
        (given[change.grant].discard if change.transform is None else given[change.grant].add)(change.field)
    for empty in _emptied(given, changes):
        raise Refused(
            f"grant:{empty}:not_granted",
            f"{of.agreement} / {empty}: 提供する項目がなくなります → 一つは残すか、契約のファイルから提供範囲そのものを除く",
            f"{of.agreement} / {empty}: no field would be left; keep one, or remove the grant from the agreement's file",
        )


def _refused(here: str, whys: tuple[Closed, ...]) -> Refused:
    return Refused(whys[0].rule, f"{here}: {told(whys, 'ja')}", f"{here}: {told(whys, 'en')}")


def _unknown_field(name: str) -> Closed:
    return closed(Breach(state="unknown_field", path=(), subject=name))


def _twice(name: str) -> Closed:
    return Closed(
        rule=f"request:{name}:malformed",
        ja="同じセルの変更が二度あります",
        en="the cell is changed twice",
        mend_ja="一つにする",
        mend_en="keep one of the two",
    )


def _emptied(given: Mapping[str, set[str]], changes: Sequence[CellChange]) -> Iterator[str]:
    return (name for name in dict.fromkeys(change.grant for change in changes) if not given[name])


def _no_grant(agreement: str, grant: str, of: Matrix) -> Refused:
    names = ", ".join(name for _, name in of.granted)
    return Refused(
        f"grant:{grant}:not_granted",
        f"{agreement}: 提供範囲 `{grant}` はありません → 次のいずれか: {names}",
        f"{agreement}: there is no grant `{grant}`; choose among: {names}",
    )
