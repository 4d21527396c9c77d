"""The list, the counts of the charts and what is unusual as files; each that is taken away is an entry of the log itself.

The entry says which view, of which period and narrowed by what, and the digest of the bytes; without it no file is given.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import (
    ENDINGS,
    Export,
    Make,
    column,
    ending_of,
    exported,
    file_of,
    head,
    note,
    said,
)
from gateway.console.grants.period import days_asked
from gateway.console.navigation import LOG, OVERSIGHT
from gateway.console.refusal import Refusal
from gateway.console.transfers import anomalies, charts
from gateway.console.transfers.asking import NARROWINGS, Asked, read
from gateway.console.transfers.names import Names, names_of
from gateway.console.visit import Visit, require
from gateway.core.reasons import explain
from gateway.oversight.log.noting import note_taken
from gateway.ports import Row
from gateway.sheets.tables import Cell, Note, Said

MOST_ROWS: Final = 10_000
MOST_IN_PDF: Final = 1_000
_AT_ONCE: Final = 1_000


async def entries(request: Request) -> Export:
    """Return the entries of the list, the newest first, all pages of it as far as a file may be long."""
    visit = require(request, *LOG)
    asked, names = _asked(request, visit), await names_of(visit)
    rows, cut = await _all(visit, asked, most=MOST_IN_PDF if ending_of(request) == "pdf" else MOST_ROWS)
    desk = visit.desk.overseeing
    handed = await desk.deliveries.delivered(visit.coop, [one.index for one in rows if one.kind == "release"])
    columns = (
        column("index", "transfers.index", "number"),
        column("time", "transfers.time", "instant"),
        column("kind", "transfers.kind"),
        column("state", "transfers.state"),
        column("transfer", "transfers.fact.transfer"),
        column("partner", "transfers.partner"),
        column("client", "transfers.client"),
        column("agreement", "transfers.agreement"),
        column("purpose", "transfers.purpose"),
        column("product", "transfers.product"),
        column("fields", "transfers.field"),
        column("asked", "transfers.asked", "number"),
        column("released", "transfers.released", "number"),
        column("not_available", "transfers.not_available", "number"),
        column("refused", "transfers.refused", "number"),
        column("reasons", "transfers.reason"),
        column("by", "transfers.person"),
    )
    notes = (*_head(visit, asked), note("rows", "transfers.rows", len(rows)))
    if cut:
        notes = (*notes, note("cut", "transfers.cut", said("transfers.cut.text", most=len(rows))))
    cells = tuple(_cells(visit, one, names, delivered=one.index in handed) for one in rows)
    return exported(visit, "transfers", said("nav.transfers"), columns=columns, rows=cells, notes=notes)


async def counts(request: Request) -> Export:
    """Return the counts behind the charts."""
    visit = require(request, *LOG)
    asked, names, by = _asked(request, visit), await names_of(visit), charts.by_of(request)
    columns = (
        column("period", "transfers.period"),
        column("group", f"transfers.by.{by}"),
        column("releases", "transfers.series.release", "number"),
        column("members", "transfers.chart.members", "number"),
        column("not_available", "transfers.not_available", "number"),
        column("denials", "transfers.chart.denials", "number"),
        column("fields", "transfers.chart.fields", "number"),
    )
    cells: tuple[tuple[Cell, ...], ...] = tuple(
        (
            charts.bucket_name(one.bucket, asked),
            _named(one.group.replace("\n", "/"), charts.group_name(one.group, by, names, "")),
            one.releases,
            one.members,
            one.not_available,
            one.denials,
            one.fields,
        )
        for one in await charts.lines_of(visit, asked, by)
    )
    return exported(
        visit, "transfer-charts", said("transfers.charts"), columns=columns, rows=cells, notes=_head(visit, asked)
    )


async def unusual(request: Request) -> Export:
    """Return what was unusual, as on the page."""
    visit = require(request, *OVERSIGHT)
    days, wrong = days_asked(request, anomalies.DAYS)
    if wrong:
        raise Refusal(400, "transfers.wrong.period")
    names, rule = await names_of(visit), anomalies.rule_of(request)
    columns = (
        column("day", "anomalies.day", "day"),
        column("rule", "anomalies.rule"),
        column("partner", "transfers.partner"),
        column("client", "transfers.client"),
        column("purpose", "transfers.purpose"),
        column("field", "transfers.field"),
        column("value", "anomalies.value", "number"),
        column("usual", "anomalies.usual", "number"),
        column("text", "anomalies.text"),
        column("reviewed", "anomalies.reviewed"),
    )
    found = await anomalies.told_of(visit, names, days)
    cells: tuple[tuple[Cell, ...], ...] = tuple(
        (
            each.one.day,
            said(f"anomalies.rule.{each.one.rule}", each.one.rule),
            _named(each.one.partner, names.partners.get(each.one.partner or "")),
            each.one.client,
            each.one.purpose,
            each.one.field,
            each.one.value,
            each.one.usual,
            each.text,
            said("exports.yes", "true") if each.reviewed else said("exports.no", "false"),
        )
        for each in found
        if rule in {"", each.one.rule}
    )
    notes = (*head(visit), note("days", "period.days", days))
    return exported(visit, "anomalies", said("nav.anomalies"), columns=columns, rows=cells, notes=notes)


def _routes(path: str, make: Make, view: str) -> tuple[Route, ...]:
    """Return the routes of a view's files, each of which is in the log before it is given."""

    async def answer(request: Request) -> Response:
        export = await make(request)
        response = await file_of(request, export)
        visit, ending = export.visit, ending_of(request)
        await note_taken(
            visit.desk.overseeing,
            visit.coop,
            f"{view}.{ending}",
            bytes(response.body),
            by=visit.person.id,
            reason=_what(request, visit, view),
        )
        return response

    return tuple(Route(f"{path}.{ending}", answer, methods=["GET"]) for ending in ENDINGS)


ROUTES: Final = (
    *_routes("/{coop}/transfers", entries, "transfers"),
    *_routes("/{coop}/transfers/charts", counts, "transfer-charts"),
    *_routes("/{coop}/anomalies", unusual, "anomalies"),
)
"""For `PAGES` of app.py."""


def _what(request: Request, visit: Visit, view: str) -> str:
    """Return what of the log a file holds, in the words of its URL: its period, and what narrowed it down."""
    if view == "anomalies":
        return f"days={days_asked(request, anomalies.DAYS)[0]}"
    asked = read(request.query_params, visit.now)
    names = [name for name in NARROWINGS if asked.of(name)]
    return "; ".join((f"{asked.period.first}/{asked.period.last}", *([",".join(names)] if names else [])))


def _asked(request: Request, visit: Visit) -> Asked:
    """Return what the URL asks for. Raises Refusal 400 for what cannot be read: a file says nothing beside its rows."""
    asked = read(request.query_params, visit.now)
    if asked.wrong:
        raise Refusal(400, asked.wrong[0])
    return asked


async def _all(visit: Visit, asked: Asked, *, most: int) -> tuple[list[Row], bool]:
    """Return the rows of all pages, and whether there are more than a file takes."""
    search, rows, before = visit.desk.overseeing.search, list[Row](), asked.before
    while len(rows) <= most:
        found = await search.page(visit.coop, asked.wanted, before=before, most=min(_AT_ONCE, most + 1 - len(rows)))
        if not found:
            return rows, False
        rows += found
        before = found[-1].index
    return rows[:most], True


def _cells(visit: Visit, one: Row, names: Names, *, delivered: bool) -> tuple[Cell, ...]:
    by = visit.name_of(one.by)
    request = one.kind in {"release", "denial"}
    numbers: tuple[Cell, ...] = (one.asked, one.released, one.not_available, one.refused)
    state = None
    if one.kind == "release":
        state = said("transfers.delivered", "delivered") if delivered else said("transfers.unconfirmed", "unconfirmed")
    return (
        one.index,
        one.time,
        said(f"transfers.kind.{one.kind}", one.kind),
        state,
        one.transfer,
        _named(one.partner, names.partners.get(one.partner or "")),
        one.client,
        one.agreement,
        one.purpose,
        one.product,
        ", ".join(one.fields),
        *(numbers if request else (None,) * len(numbers)),
        _reasons(one.reasons),
        by,
    )


def _reasons(codes: tuple[str, ...]) -> Said | None:
    if not codes:
        return None
    both = [_explained(code) for code in codes]
    return Said("。".join(ja for ja, _ in both), "; ".join(en for _, en in both), ", ".join(codes))


def _explained(code: str) -> tuple[str, str]:
    try:
        return explain(code)
    except KeyError:
        return code, code


def _named(code: str | None, name: str | None) -> Said | None:
    return None if code is None else Said(name or code, name or code, code)


def _head(visit: Visit, asked: Asked) -> tuple[Note, ...]:
    period = asked.period
    notes = (
        *head(visit),
        note("from", "transfers.begin", period.start),
        note("to", "transfers.end", period.end),
    )
    return notes + tuple(
        note(name, f"transfers.{name}", ", ".join(asked.of(name))) for name in NARROWINGS if asked.of(name)
    )
