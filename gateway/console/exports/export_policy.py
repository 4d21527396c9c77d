"""The tables of what a version says: items, purposes and users of its notice, and the matrix of an agreement."""

from collections.abc import Iterable
from typing import Final

from starlette.requests import Request

from gateway.console.exports.exports import Export, column, export_routes, head, note, said, yes
from gateway.console.navigation import POLICY
from gateway.console.notices.notices import chosen_of, document_of, row_asked
from gateway.console.notices.notices_view import (
    DecisionShown,
    Term,
    VersionShown,
    items_shown,
    purposes_shown,
    users_shown,
    version_shown,
)
from gateway.console.proposals.versions import rows_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.grants.definition_words import basis_said, class_said, span_said, transform_said
from gateway.control_plane.grants.matrix import Matrix
from gateway.core.bases import Basis
from gateway.core.changes.proposal import Proposal
from gateway.core.days import jst_day
from gateway.core.policy import Policy
from gateway.sheets.tables import Cell, Column, Note, Said, Table

Rows = Iterable[tuple[Cell, ...]]


async def notice(request: Request) -> Export:
    """Return a version of the notice, chosen as on the page (`?version=`, `?policy=`)."""
    visit = require(request, *POLICY)
    found = rows_of(visit.desk.current(visit.coop), visit.now)
    if not found:
        raise Refusal(404)
    policy = row_asked(request, found).version.policy
    document = await document_of(visit, policy)
    versions = [version_shown(one, document, visit.now) for one in reversed(policy.notices)]
    chosen = chosen_of(versions, request.query_params.get("version", ""))
    if chosen is None:
        raise Refusal(404)
    comma = visit.texts("notices.comma")
    items: Rows = (
        (
            one.id,
            one.label,
            yes(one.open),
            yes(one.resolved),
            comma.join(one.fields).unescape(),
            comma.join(visit.texts(f"notices.class.{name}") for name in one.never).unescape(),
            _ids(one.decisions),
        )
        for one in items_shown(visit, policy, chosen.notice, document)
    )
    purposes: Rows = (
        (
            one.id,
            one.text,
            said("notices.by_use", "by_use") if one.uses_only else said(f"notices.joint.{one.joint}", one.joint),
            yes(one.marketing),
            yes(one.case_required),
            one.by,
            one.approved_by,
            None if one.read is None else jst_day(one.read),
            _ids(one.decisions),
        )
        for one in purposes_shown(visit, policy, chosen.notice, document)
    )
    users: Rows = (
        (
            one.label,
            one.partner,
            one.name,
            yes(one.member),
            one.filter_required,
            *_days(one.term),
            said(f"notices.standing.{one.term.standing}", one.term.standing),
        )
        for one in users_shown(visit, policy, chosen.notice, document)
    )
    notes = _notice_notes(visit, policy, chosen)
    return Export(
        visit=visit,
        slug=f"notice-{chosen.notice.version}",
        title=said("nav.notices"),
        tables=(
            _table(visit, "items", "notices.items.table", columns=_item_columns(), rows=items, notes=notes),
            _table(visit, "purposes", "notices.purposes.table", columns=_purpose_columns(), rows=purposes, notes=notes),
            _table(visit, "users", "notices.users", columns=_user_columns(), rows=users, notes=notes),
        ),
    )


def _notice_notes(visit: Visit, policy: Policy, chosen: VersionShown) -> tuple[Note, ...]:
    return (
        *head(visit, version=policy.digest),
        note("notice", "exports.notice", chosen.notice.version),
        note("state", "notices.state", said(f"notices.state.{chosen.state}", chosen.state)),
        *(() if chosen.state != "incomplete" else (note("missing", "notices.missing", _matters(chosen)),)),
        note("effective", "notices.effective", span_said(chosen.notice.effective)),
        note("basis", "partners.basis", basis_said(Basis.JOINT_USE)),
    )


def _matters(chosen: VersionShown) -> Said:
    matters = [said(f"notices.matter.{gap}", gap) for gap in chosen.notice.gaps]
    return Said(
        "、".join(one.ja for one in matters),
        ", ".join(one.en for one in matters),
        ", ".join(one.code for one in matters),
    )


def _item_columns() -> tuple[Column, ...]:
    return (
        column("item", "notices.item"),
        column("label", "exports.item_text"),
        column("open", "exports.open"),
        column("resolved", "exports.resolved"),
        column("fields", "notices.fields"),
        column("never", "exports.never"),
        column("decisions", "notices.decisions"),
    )


def _purpose_columns() -> tuple[Column, ...]:
    return (
        column("purpose", "notices.purpose"),
        column("text", "exports.purpose_text"),
        column("joint", "notices.joint"),
        column("marketing", "notices.marketing"),
        column("case_required", "notices.case"),
        column("by", "exports.by"),
        column("approved_by", "exports.approved_by"),
        column("read", "exports.read", "day"),
        column("decisions", "notices.decisions"),
    )


def _user_columns() -> tuple[Column, ...]:
    return (
        column("label", "notices.user"),
        column("partner", "exports.partner_id"),
        column("name", "notices.entity"),
        column("member", "exports.member"),
        column("filter_required", "exports.filter_required"),
        column("first_day", "exports.first_day", "day"),
        column("last_day", "exports.last_day", "day"),
        column("standing", "notices.state"),
    )


def _ids(decisions: Iterable[DecisionShown]) -> str:
    return ", ".join(one.id for one in decisions)


def _days(term: Term) -> tuple[Cell, Cell]:
    first, last = term.first, term.last
    return (None if first is None else jst_day(first)), (None if last is None else jst_day(last))


# ── 提供範囲 ──────────────────────────────────────────────────────────────────────────────────────────────────────


def matrix_export(visit: Visit, of: Matrix, policy: Policy, *, proposal: Proposal | None = None) -> Export:
    """Return the matrix of an agreement: a row for each field, a column for each grant; empty where it is withheld.

    `policy` is what the matrix was made of: a version, or what a proposal's files say.
    """
    columns = (
        column("item", "matrix.fill.item"),
        column("item_text", "exports.item_text"),
        column("class", "exports.class"),
        column("field", "matrix.field"),
        column("ja", "exports.name_ja"),
        column("en", "exports.name_en"),
        *(Column(key=f"grant:{name}", title=_heading(of, at, name)) for at, name in of.granted),
    )
    rows: Rows = (
        (
            row.item,
            group.label,
            class_said(row.cls),
            row.id,
            row.ja,
            row.en,
            *(
                None if how is None else transform_said(how)
                for how in (row.cells[at].transform for at, _ in of.granted)
            ),
        )
        for group in of.groups
        for row in group.rows
    )
    partner = policy.partners.get(of.partner)
    notes = (
        *head(visit, version=policy.digest if proposal is None else None),
        *(() if proposal is None else (note("proposal", "exports.proposal", f"{proposal.title} ({proposal.id})"),)),
        note("partner", "matrix.partner", of.partner if partner is None else partner.name),
        note("agreement", "exports.agreement", of.agreement),
        note("basis", "matrix.basis", basis_said(policy.agreements[of.agreement].basis)),
    )
    table = _table(visit, "matrix", "exports.matrix", columns=columns, rows=rows, notes=notes)
    return Export(visit=visit, slug=f"grants-{of.agreement}", title=table.title, tables=(table,))


def _heading(of: Matrix, at: int, name: str) -> Said:
    its = of.columns[at]
    text = f"{name} ({', '.join((its.purpose, *its.products))})"
    return Said(text, text)


ROUTES: Final = export_routes("/{coop}/notices", notice)
"""For `PAGES` of app.py; the matrix has its own in matrix.py."""


def _table(
    visit: Visit, key: str, title: str, *, columns: tuple[Column, ...], rows: Rows, notes: tuple[Note, ...]
) -> Table:
    return Table(key=key, title=said(title), columns=columns, rows=tuple(rows), notes=notes, trial=visit.desk.demo)
