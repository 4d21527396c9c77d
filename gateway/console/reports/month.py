"""提供実績月報: `?month=2026-10`, the last month without one."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, export_routes
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.reports.shown import Lists, Row, code_of, coop_name, rows_of
from gateway.console.visit import Visit, require
from gateway.core.staff import Role
from gateway.oversight.reports.catalogue import field_names, partner_names
from gateway.oversight.reports.month import Month, last_month, month, month_named, month_tables
from gateway.oversight.reviews.periods import Period
from gateway.sheets.tables import Table

READERS: Final[tuple[Role, ...]] = ("manager", "compliance", "auditor")


async def show(request: Request) -> Response:
    """Show the report of a month."""
    visit = require(request, *READERS)
    period, refused = _asked(request, visit)
    made = await month(visit.desk.overseeing, visit.coop, period)
    lists = Lists(request, visit)

    def link(table: str, column: str, row: Row) -> str:
        match table, column:
            case ("totals", "value"):
                return _total(lists, period, code_of(row["figure"]))
            case ("uses", "partner") | ("reasons", "partner"):
                return lists.partner(code_of(row["partner"]))
            case ("uses", "releases" | "denials" as what):
                kind = "release" if what == "releases" else "denial"
                of = {"partner": code_of(row["partner"]), "purpose": code_of(row["purpose"])}
                return lists.transfers(period, kind=kind, **of) if row[what] else ""
            case ("reasons", "denials"):
                return lists.transfers(period, kind="denial", partner=code_of(row["partner"]))
            case _:
                return ""

    return page(
        request,
        "report_month.html",
        made=made,
        month=f"{period.first:%Y-%m}",
        tables=_tables(visit, made),
        rows_of=rows_of,
        link=link,
        refused=refused,
    )


async def files(request: Request) -> Export:
    """Return the report of a month."""
    visit = require(request, *READERS)
    period, refused = _asked(request, visit)
    if refused:
        raise Refusal(400, "reports.month.wrong")
    tables = _tables(visit, await month(visit.desk.overseeing, visit.coop, period))
    return Export(visit=visit, slug=f"month-{period.first:%Y-%m}", title=tables[0].title, tables=tables)


ROUTES: Final = (
    Route("/{coop}/reports/month", show, methods=["GET"]),
    *export_routes("/{coop}/reports/month", files),
)
"""For `PAGES` of app.py."""


def _asked(request: Request, visit: Visit) -> tuple[Period, bool]:
    """Return the month that `?month=` names, the last one without it; and whether it names none though it is there."""
    asked = request.query_params.get("month", "")
    found = month_named(asked)
    return found or last_month(visit.now), bool(asked) and found is None


def _tables(visit: Visit, made: Month) -> tuple[Table, ...]:
    snapshot = visit.desk.current(visit.coop)
    return month_tables(
        made,
        coop=coop_name(visit),
        names=partner_names(snapshot),
        fields=field_names(snapshot),
        trial=visit.desk.demo,
    )


_KINDS: Final = {
    "releases": "release",
    "denials": "denial",
    "published": "publish",
    "restricted": "restrict",
    "lifted": "restrict",
    "follow_ups": "follow_up",
    "entries": "",
}


def _total(lists: Lists, period: Period, figure: str) -> str:
    if figure in _KINDS:
        return lists.transfers(period, kind=_KINDS[figure])
    pages = {
        "follow_ups_open": "follow-ups",
        "follow_ups_overdue": "follow-ups",
        "signed": "reviews",
        "countersigned": "reviews",
        "checkpoint": "verify",
    }
    return lists.readable(pages[figure]) if figure in pages else ""
