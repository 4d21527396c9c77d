"""監査資料: what a pack over a period has to show, clause by clause, and the pack itself as one archive.

Whoever takes it away is in the log, with the digest of what was taken, before the first byte leaves.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, disposition, export_routes
from gateway.console.navigation import OVERSIGHT
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.reports.provisions import period_asked
from gateway.console.reports.shown import Lists, Row, coop_name, rows_of
from gateway.console.visit import Visit, require
from gateway.core.refused import Refused
from gateway.core.trial import TRIAL
from gateway.oversight.log.noting import note_taken
from gateway.oversight.reports.checked import checked_table
from gateway.oversight.reports.evidence import clause_table, safety_table
from gateway.oversight.reports.gathering import gather
from gateway.oversight.reports.pack import archived, audit_pack
from gateway.sheets.fonts import FontsMissing
from gateway.sheets.tables import Said, Table

VIEW: Final = "audit-pack"
TITLE: Final = Said("監査資料", "Audit pack")


async def show(request: Request) -> Response:
    """Show what there is to show of a period; nothing is read before one is asked for."""
    visit = require(request, *OVERSIGHT)
    period, refused = period_asked(request, visit)
    asked = "from" in request.query_params and not refused
    told = ""
    tables: tuple[Table, ...] = ()
    if asked:
        try:
            tables = await _tables(request, visit)
        except Refused as fault:
            told = fault.ja if visit.texts.language == "ja" else fault.en
    lists = Lists(request, visit)

    def link(table: str, column: str, _: Row) -> str:
        return lists.readable("measures") if (table, column) == ("safety", "declared") else ""

    return page(
        request,
        "report_pack.html",
        tables=tables,
        rows_of=rows_of,
        link=link,
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        asked=asked,
        refused=refused,
        told=told,
    )


async def files(request: Request) -> Export:
    """Return the clauses and safety measures with their evidence."""
    visit = require(request, *OVERSIGHT)
    try:
        tables = await _tables(request, visit)
    except Refused:
        raise Refusal(409, "reports.pack.not_over") from None
    return Export(visit=visit, slug="audit-evidence", title=TITLE, tables=tables)


async def take(request: Request) -> Response:
    """Return the pack, once it is in the log that it is taken."""
    visit = require(request, *OVERSIGHT)
    period, refused = period_asked(request, visit)
    if refused:
        raise Refusal(400, "reports.period.wrong")
    desk, lang = visit.desk.overseeing, visit.texts.language
    try:
        made = await audit_pack(desk, visit.coop, period, name=coop_name(visit), lang=lang, trial=visit.desk.demo)
    except FontsMissing:
        raise Refusal(503, "exports.no_fonts") from None
    except Refused:
        raise Refusal(409, "reports.pack.not_over") from None
    body = archived(made)
    reason = f"{TITLE.ja} {period.first} – {period.last}"
    await note_taken(desk, visit.coop, VIEW, body, by=visit.person.id, reason=reason)
    mark = TRIAL if visit.desk.demo else ""
    name = f"{mark}{coop_name(visit)}_{TITLE.text(lang)}_{period.first}_{period.last}.zip"
    ascii_name = f"{visit.coop}-audit-pack-{period.first}-{period.last}.zip"
    return Response(
        body,
        headers={"Content-Type": "application/zip", "Content-Disposition": disposition(name, ascii_name=ascii_name)},
    )


ROUTES: Final = (
    Route("/{coop}/reports/pack", show, methods=["GET"]),
    Route("/{coop}/reports/pack.zip", take, methods=["GET"]),
    *export_routes("/{coop}/reports/pack", files),
)
"""For `PAGES` of app.py."""


async def _tables(request: Request, visit: Visit) -> tuple[Table, ...]:
    period, refused = period_asked(request, visit)
    if refused:
        raise Refusal(400, "reports.period.wrong")
    made = await gather(visit.desk.overseeing, visit.coop, period)
    trial = visit.desk.demo
    return clause_table(made, trial=trial), safety_table(made, trial=trial), checked_table(made.checked, trial=trial)
