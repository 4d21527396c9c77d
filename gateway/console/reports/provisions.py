"""第三者提供記録簿: `?from=2026-10-01&to=2026-10-31`, the last month without them."""

from datetime import date, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, export_routes
from gateway.console.navigation import OVERSIGHT
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.reports.shown import Lists, Row, code_of, coop_name, rows_of
from gateway.console.visit import Visit, require
from gateway.core.days import jst_day
from gateway.oversight.reports.month import last_month
from gateway.oversight.reports.provisions import Provisions, provision_tables, provisions
from gateway.oversight.reviews.periods import Period, period_named
from gateway.sheets.tables import Table

MOST_DAYS: Final = 1_100
"""Three years and a little."""


async def show(request: Request) -> Response:
    """Show the records of a period, and what is exempt."""
    visit = require(request, *OVERSIGHT)
    period, refused = period_asked(request, visit)
    made = await provisions(visit.desk.overseeing, visit.coop, period)
    lists = Lists(request, visit)

    def link(table: str, column: str, row: Row) -> str:
        match table, column:
            case ("records", "receiver"):
                return lists.partner(code_of(row["receiver"]))
            case ("records", "index"):
                return lists.entry(row["index"])
            case ("records", "agreement"):
                return lists.agreement(code_of(row["agreement"]))
            case ("exempt", "partner"):
                return lists.partner(code_of(row["partner"]))
            case ("exempt", "releases"):
                return lists.transfers(period, kind="release", partner=code_of(row["partner"]))
            case _:
                return ""

    return page(
        request,
        "report_provisions.html",
        made=made,
        tables=_tables(visit, made),
        rows_of=rows_of,
        link=link,
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        refused=refused,
        most=MOST_DAYS,
    )


async def files(request: Request) -> Export:
    """Return the records of a period."""
    visit = require(request, *OVERSIGHT)
    period, refused = period_asked(request, visit)
    if refused:
        raise Refusal(400, "reports.period.wrong")
    tables = _tables(visit, await provisions(visit.desk.overseeing, visit.coop, period))
    return Export(visit=visit, slug=f"provisions-{period.first}", title=tables[0].title, tables=tables)


def period_asked(request: Request, visit: Visit) -> tuple[Period, bool]:
    """Return the days that `?from=` and `?to=` name, the last month without them; and whether they name none."""
    asked = [request.query_params.get(name, "") for name in ("from", "to")]
    usual = last_month(visit.now)
    if not any(asked):
        return usual, False
    try:
        first, last = map(date.fromisoformat, asked)
    except ValueError:
        return usual, True
    period = period_named(first, last)
    wrong = last > jst_day(visit.now) or last - first >= timedelta(days=MOST_DAYS)
    return (usual, True) if period is None or wrong else (period, False)


ROUTES: Final = (
    Route("/{coop}/reports/provisions", show, methods=["GET"]),
    *export_routes("/{coop}/reports/provisions", files),
)
"""For `PAGES` of app.py."""


def _tables(visit: Visit, made: Provisions) -> tuple[Table, ...]:
    return provision_tables(
        made,
        visit.desk.current(visit.coop),
        coop=coop_name(visit),
        today=jst_day(visit.now),
        trial=visit.desk.demo,
    )
