"""共同利用台帳 as of any day: `?on=2026-11-22`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, export_routes
from gateway.console.navigation import POLICY
from gateway.console.pages import page
from gateway.console.proposals.versions import day_asked
from gateway.console.refusal import Refusal
from gateway.console.reports.shown import Lists, Row, code_of, coop_name, rows_of
from gateway.console.visit import require
from gateway.core.days import jst_day
from gateway.oversight.reports.ledger import ledger, ledger_table


async def show(request: Request) -> Response:
    """Show the ledger as of a day, today without one."""
    visit = require(request, *POLICY)
    day, refused = day_asked(request, visit)
    made = await ledger(visit.desk.overseeing, visit.coop, day)
    table = ledger_table(made, coop=coop_name(visit), trial=visit.desk.demo)
    lists = Lists(request, visit)

    def link(_: str, column: str, row: Row) -> str:
        match column:
            case "partner":
                return lists.partner(code_of(row["partner"]))
            case "agreement":
                return lists.agreement(code_of(row["agreement"]))
            case _:
                return ""

    return page(
        request,
        "report_ledger.html",
        made=made,
        table=table,
        rows_of=rows_of,
        link=link,
        on=day.isoformat(),
        is_today=day == jst_day(visit.now),
        refused=refused,
    )


async def files(request: Request) -> Export:
    """Return the ledger as of a day."""
    visit = require(request, *POLICY)
    day, refused = day_asked(request, visit)
    if refused:
        raise Refusal(400, "exports.day")
    made = await ledger(visit.desk.overseeing, visit.coop, day)
    table = ledger_table(made, coop=coop_name(visit), trial=visit.desk.demo)
    return Export(visit=visit, slug=f"ledger-{day.isoformat()}", title=table.title, tables=(table,))


ROUTES: Final = (
    Route("/{coop}/reports/ledger", show, methods=["GET"]),
    *export_routes("/{coop}/reports/ledger", files),
)
"""For `PAGES` of app.py."""
