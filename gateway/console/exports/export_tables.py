"""The tables of the views: versions, proposals, people, partners, grants and a version of the notice."""

from typing import Final

from starlette.requests import Request

from gateway.console.exports.exports import Export, column, export_routes, exported, head, note, said, yes
from gateway.console.grants.matrix_overview import overview_rows
from gateway.console.navigation import EVERYBODY, POLICY
from gateway.console.partners.partners import read_sheets
from gateway.console.people.people import Line, When, lines_of
from gateway.console.proposals.proposals import asked, narrowed
from gateway.console.proposals.versions import as_of, day_asked, rows_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.grants.definition_words import basis_said
from gateway.control_plane.partners.sheet import AgreementSheet, Sheet
from gateway.core.changes.proposal import STATES
from gateway.core.days import jst_day
from gateway.core.policy import Policy
from gateway.core.staff import RoleHeld
from gateway.sheets.tables import Cell, Column


async def versions(request: Request) -> Export:
    """Return the versions as of a day (`?on=`)."""
    visit = require(request, *EVERYBODY)
    day, refused = day_asked(request, visit)
    if refused:
        raise Refusal(400, "exports.day")
    at = as_of(day, visit)
    columns = (
        column("number", "versions.number", "number"),
        column("standing", "versions.standing"),
        column("effective", "versions.effective", "instant"),
        column("agreements", "versions.agreements", "number"),
        column("entry", "versions.index", "number"),
        column("digest", "versions.digest"),
    )
    rows = tuple(
        (
            row.number,
            said(f"standing.{row.standing}", row.standing),
            row.version.effective,
            len(row.version.policy.agreements),
            row.version.index,
            row.version.policy.digest,
        )
        for row in rows_of(visit.desk.current(visit.coop), at)
    )
    return exported(visit, "versions", said("nav.versions"), columns=columns, rows=rows, notes=head(visit, at=at))


async def proposals(request: Request) -> Export:
    """Return the proposals, narrowed as on the page (`?state=`, `?mine=1`)."""
    visit = require(request, *POLICY)
    state, mine = asked(request)
    if state is None and request.query_params.get("state"):
        raise Refusal(400, "exports.state", states=", ".join(STATES))
    notes = head(visit)
    if state is not None:
        notes = (*notes, note("state", "exports.filter.state", said(f"state.{state}", state)))
    if mine:
        notes = (*notes, note("mine", "exports.filter.mine", visit.name_of(visit.person.id)))
    columns = (
        column("id", "exports.id"),
        column("title", "proposal.title"),
        column("state", "proposal.state"),
        column("department", "proposal.department"),
        column("author", "proposal.author"),
        column("editor", "proposal.editor"),
        column("approver", "proposal.approver"),
        column("effective", "proposal.effective", "instant"),
        column("reason", "proposal.reason"),
        column("created", "proposal.created", "instant"),
        column("changed", "proposal.changed", "instant"),
        column("revision", "proposal.revision", "number"),
        column("entry", "exports.entry", "number"),
    )
    rows = tuple(
        (
            one.id,
            one.title,
            said(f"state.{one.state}", one.state),
            one.department,
            visit.name_of(one.author),
            visit.name_of(one.editor),
            visit.name_of(one.approver),
            one.effective or said("proposal.at_once", "at_once"),
            one.reason,
            one.created,
            one.changed,
            one.revision,
            one.published,
        )
        for one in narrowed(visit, await visit.desk.proposals.all(visit.coop), state=state, mine=mine)
    )
    return exported(visit, "proposals", said("nav.proposals"), columns=columns, rows=rows, notes=notes)


async def people(request: Request) -> Export:
    """Return who holds which role: a row for each role, one for whoever holds none."""
    visit = require(request, *EVERYBODY)
    columns = (
        column("person", "exports.person_id"),
        column("name", "exports.person"),
        column("active", "exports.active"),
        column("role", "exports.role"),
        column("department", "proposal.department"),
        column("when", "exports.when"),
        column("start", "exports.start", "instant"),
        column("end", "exports.end", "instant"),
        column("deputy_for", "exports.deputy_for"),
    )
    rows = tuple(row for line in lines_of(visit) for row in _roles(visit, line))
    return exported(visit, "people", said("nav.people"), columns=columns, rows=rows, notes=head(visit))


def _roles(visit: Visit, line: Line) -> list[tuple[Cell, ...]]:
    one = line.person
    who: tuple[Cell, ...] = (one.id, one.name, yes(one.active))
    kinds: tuple[tuple[When, tuple[RoleHeld, ...]], ...] = (
        ("now", line.now),
        ("later", line.later),
        ("ended", line.ended),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            *who,
            said(f"role.{role.role}", role.role),
            role.department,
            said(f"exports.when.{when}", when),
            role.span.start,
            role.span.end,
            visit.name_of(role.deputy_for),
        )
        for when, roles in kinds
        for role in roles
    ]
    return rows or [(*who, None, None, None, None, None, None)]


async def partners(request: Request) -> Export:
    """Return the partners: a row for each agreement, one for a partner without any."""
    visit = require(request, *EVERYBODY)
    found, _ = await read_sheets(visit)
    policy = _in_force(visit)
    columns = (
        column("partner", "exports.partner_id"),
        column("name", "partners.name"),
        column("corporate_number", "partners.number"),
        column("country", "partners.country"),
        column("standing", "partners.state"),
        column("in_policy", "exports.in_policy"),
        column("agreement", "exports.agreement"),
        column("contract", "partners.contract"),
        column("department", "partners.department"),
        column("basis", "partners.basis"),
        column("first_day", "exports.first_day", "day"),
        column("last_day", "exports.last_day", "day"),
        column("days_left", "exports.days_left", "number"),
        column("missing", "exports.missing", "number"),
        column("supervision_due", "partners.supervision", "day"),
        column("supervision", "partners.supervision.record"),
        column("keys", "partners.keys"),
        column("clients", "partners.clients"),
    )
    rows = tuple(row for sheet in found for row in _agreements(sheet))
    notes = head(visit, version=None if policy is None else policy.digest)
    return exported(visit, "partners", said("nav.partners"), columns=columns, rows=rows, notes=notes)


def _agreements(sheet: Sheet) -> list[tuple[Cell, ...]]:
    one = sheet.partner
    who: tuple[Cell, ...] = (
        one.id,
        one.name,
        one.corporate_number,
        one.country,
        said(f"partners.standing.{sheet.standing}", sheet.standing),
        yes(sheet.in_policy),
    )
    more: tuple[Cell, ...] = (
        ", ".join(f"{key.key.use} {key.key.kid}" for key in sheet.keys if key.phase != "ended"),
        ", ".join(sorted(one.clients)),
    )
    rows: list[tuple[Cell, ...]] = [(*who, *_agreement_cells(its), *more) for its in sheet.agreements]
    return rows or [(*who, *_NO_AGREEMENT, *more)]


_NO_AGREEMENT: Final[tuple[Cell, ...]] = (None,) * 10


def _agreement_cells(its: AgreementSheet) -> tuple[Cell, ...]:
    last = its.last_day
    return (
        its.id,
        None if its.contract is None else its.contract.title,
        None if its.contract is None else its.contract.department,
        basis_said(its.basis),
        None if its.term.start is None else jst_day(its.term.start),
        None if last is None else jst_day(last),
        its.days_left,
        its.missing,
        its.supervision.due,
        said(f"partners.supervised.{its.supervision.standing}", its.supervision.standing),
    )


async def grants(request: Request) -> Export:
    """Return partners × purposes with the number of fields, as in force."""
    visit = require(request, *POLICY)
    policy = _in_force(visit)
    found, purposes = ([], []) if policy is None else overview_rows(policy)
    columns = (
        column("partner", "exports.partner_id"),
        column("name", "matrix.partner"),
        column("agreement", "exports.agreement"),
        column("basis", "matrix.basis"),
        *(
            Column(key=f"purpose:{one}", title=said("exports.fields_of", purpose=one), kind="number")
            for one in purposes
        ),
    )
    rows = tuple(
        (
            row.partner,
            row.name,
            row.agreement,
            None if policy is None else basis_said(policy.agreements[row.agreement].basis),
            *(row.counts.get(one) for one in purposes),
        )
        for row in found
    )
    notes = head(visit, version=None if policy is None else policy.digest)
    return exported(visit, "grants", said("exports.overview"), columns=columns, rows=rows, notes=notes)


ROUTES: Final = (
    *export_routes("/{coop}/versions", versions),
    *export_routes("/{coop}/proposals", proposals),
    *export_routes("/{coop}/people", people),
    *export_routes("/{coop}/partners", partners),
    *export_routes("/{coop}/grants", grants),
)
"""For `PAGES` of app.py."""


def _in_force(visit: Visit) -> Policy | None:
    return visit.policy
