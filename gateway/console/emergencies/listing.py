"""緊急提供: all of a co-op with how each stands, what waits for whom, and the same as a file. The URL is the state: `?standing=…`."""

from collections import Counter
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, column, export_routes, head, note, said
from gateway.console.navigation import POLICY
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.visit import require
from gateway.control_plane.emergencies.acts import all_kept
from gateway.control_plane.emergencies.record import STANDINGS, Kept, Standing
from gateway.control_plane.grants.definition_words import basis_said
from gateway.sheets.tables import Table

PATH: Final = "/{coop}/emergencies"
TONES: Final[dict[Standing, str]] = {
    "asked": "wait",
    "lapsed": "plain",
    "approved": "wait",
    "in_force": "bad",
    "to_review": "wait",
    "refused": "plain",
    "withdrawn": "plain",
    "closed": "good",
}


async def show(request: Request) -> Response:
    """Show them all, or those that stand as the URL says."""
    visit = require(request, *POLICY)
    if visit.desk.office is None or visit.desk.office.emergencies is None:
        return page(request, "no_log.html", key="nav.emergencies")
    all_of_it = await all_kept(visit.desk.office, visit.coop)
    asked = _asked(request)
    return page(
        request,
        "emergencies.html",
        rows=_chosen(all_of_it, asked),
        asked=asked,
        counts=Counter(one.standing for one in all_of_it),
        total=len(all_of_it),
        standings=STANDINGS,
        tones=TONES,
        named=visit.partner_names,
        asks=visit.holds("admin"),
    )


async def export(request: Request) -> Export:
    """Return the same rows as a table: what may be told of them without their evidence, which stands in the dossier."""
    visit = require(request, *POLICY)
    if visit.desk.office is None:
        raise Refusal(503)
    asked, named = _asked(request), visit.partner_names
    columns = (
        column("id", "emergencies.id"),
        column("standing", "emergencies.standing"),
        column("partner", "emergencies.partner"),
        column("basis", "emergencies.basis"),
        column("purpose", "emergencies.purpose"),
        column("members", "emergencies.members", "number"),
        column("asked", "emergencies.asked", "instant"),
        column("author", "emergencies.author"),
        column("approved", "emergencies.approved", "instant"),
        column("approver", "emergencies.approver"),
        column("expires", "emergencies.expires", "instant"),
        column("closed_by", "emergencies.closed_by"),
        column("finding", "emergencies.finding"),
    )
    rows = tuple(
        (
            one.dossier.id,
            said(f"emergencies.standing.{one.standing}", one.standing),
            named.get(one.said.partner, one.said.partner),
            basis_said(one.said.basis),
            one.said.purpose,
            one.said.members,
            one.dossier.opened,
            visit.name_of(one.dossier.author),
            one.said.approved,
            visit.name_of(one.said.approver),
            one.said.expires,
            visit.name_of(one.said.closed_by),
            one.said.finding if one.said.finding != "" else said("emergencies.finding.none", "none"),
        )
        for one in _chosen(await all_kept(visit.desk.office, visit.coop), asked)
    )
    notes = head(visit)
    if asked:
        notes = (*notes, note("standing", "emergencies.standing", said(f"emergencies.standing.{asked}", asked)))
    table = Table(
        key="emergencies",
        title=said("nav.emergencies"),
        columns=columns,
        rows=rows,
        notes=notes,
        trial=visit.desk.demo,
    )
    return Export(visit=visit, slug="emergencies", title=said("nav.emergencies"), tables=(table,))


ROUTES: Final = (Route(PATH, show, methods=["GET"]), *export_routes(PATH, export))


def _asked(request: Request) -> str:
    asked = request.query_params.get("standing", "")
    return asked if asked in STANDINGS else ""


def _chosen(rows: list[Kept], asked: str) -> list[Kept]:
    return [one for one in rows if asked in {"", one.standing}]
