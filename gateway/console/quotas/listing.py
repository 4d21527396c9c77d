"""上限超過の要求: every grant that was asked for beyond its daily limit, and the same as a file. `?state=…` narrows it."""

from collections import Counter
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, column, export_routes, head, note, said
from gateway.console.navigation import POLICY
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.quotas.queue import Queued, queued
from gateway.core.changes.overrun import STATES, State
from gateway.sheets.tables import Table

PATH: Final = "/{coop}/over-quota"
TONES: Final[dict[State, str]] = {"open": "wait", "proposed": "note", "raised": "good", "dismissed": "plain"}


async def show(request: Request) -> Response:
    """Show them all, or those in the state that the URL says."""
    visit = require(request, *POLICY)
    if visit.desk.office is None:
        return page(request, "no_log.html", key="over_quota.title")
    all_of_it = await queued(visit.desk.office, visit.coop)
    asked = _asked(request)
    return page(
        request,
        "over_quota.html",
        rows=_chosen(all_of_it, asked),
        asked=asked,
        counts=Counter(one.state for one in all_of_it),
        total=len(all_of_it),
        states=STATES,
        tones=TONES,
        named=visit.partner_names,
    )


async def export(request: Request) -> Export:
    """Return the same as a table, a row for each grant, client and day."""
    visit = require(request, *POLICY)
    if visit.desk.office is None:
        raise Refusal(503)
    asked, named = _asked(request), visit.partner_names
    columns = (
        column("grant", "over_quota.grant"),
        column("partner", "over_quota.partner"),
        column("purpose", "over_quota.purpose"),
        column("department", "over_quota.department"),
        column("day", "over_quota.day", "day"),
        column("client", "over_quota.client"),
        column("most", "over_quota.most", "number"),
        column("asked", "over_quota.asked", "number"),
        column("requests", "over_quota.requests", "number"),
        column("first", "over_quota.first", "instant"),
        column("last", "over_quota.last", "instant"),
        column("state", "over_quota.state"),
        column("proposal", "over_quota.proposal"),
        column("decider", "over_quota.decider"),
        column("reason", "over_quota.reason"),
    )
    rows = tuple(
        (
            one.grant,
            named.get(one.partner, one.partner),
            one.purpose,
            one.department,
            each.day,
            each.client,
            one.most,
            each.asked,
            each.requests,
            each.first,
            each.last,
            said(f"over_quota.state.{each.state}", each.state),
            each.proposal or "",
            "" if each.decider is None else visit.name_of(each.decider),
            each.said,
        )
        for one in _chosen(await queued(visit.desk.office, visit.coop), asked)
        for each in one.overruns
    )
    notes = head(visit)
    if asked:
        notes = (*notes, note("state", "over_quota.state", said(f"over_quota.state.{asked}", asked)))
    title = said("over_quota.title")
    table = Table(key="over_quota", title=title, columns=columns, rows=rows, notes=notes, trial=visit.desk.demo)
    return Export(visit=visit, slug="over-quota", title=title, tables=(table,))


ROUTES: Final = (Route(PATH, show, methods=["GET"]), *export_routes(PATH, export))
"""For `PAGES` of app.py."""


async def open_grants(visit: Visit) -> int | None:
    """Return how many grants wait for an admin's decision; None for whoever is none, or where nothing can be read."""
    if visit.desk.office is None or not visit.holds("admin"):
        return None
    overruns = await visit.desk.office.overruns.all(visit.coop)
    return len({one.grant for one in overruns if one.state == "open"})


def _asked(request: Request) -> str:
    asked = request.query_params.get("state", "")
    return asked if asked in STATES else ""


def _chosen(rows: list[Queued], asked: str) -> list[Queued]:
    return [one for one in rows if asked in {"", one.state}]
