"""漏えい対応の一覧: open incidents first asked for, each with its next deadline; the same as files."""

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, column, export_routes, head, note, said
from gateway.console.incidents.shown import READS, Shown, day, listed, named
from gateway.console.pages import page
from gateway.console.visit import require
from gateway.core.incidents.incident import OPEN, STATES
from gateway.oversight.incidents import words
from gateway.sheets.tables import Said, Table

PATH: Final = "/{coop}/incidents"
CHOICES: Final = ("open", *STATES, "all")


async def show(request: Request) -> Response:
    """Show the incidents: those that are open, or by `?state=`."""
    visit = require(request, *READS)
    if visit.desk.oversight is None:
        return page(request, "no_log.html", key="nav.incidents")
    found, state = await listed(visit), _state(request)
    return page(
        request,
        "incidents.html",
        rows=_narrowed(found, state),
        counts={one: len(_narrowed(found, one)) for one in CHOICES},
        state=state,
        choices=CHOICES,
        states=named(visit, words.STATES),
        on=partial(day, visit),
        acts=visit.holds("compliance"),
    )


async def export(request: Request) -> Export:
    """Return the incidents as on the page."""
    visit = require(request, *READS)
    state = _state(request)
    columns = (
        column("incident", "incidents.id"),
        column("title", "incidents.title"),
        column("state", "incidents.state"),
        column("partner", "incidents.partner"),
        column("discovered", "incidents.discovered", "day"),
        column("known", "incidents.known", "day"),
        column("members", "incidents.members", "number"),
        column("most_persons", "incidents.most_persons", "number"),
        column("due", "incidents.next", "day"),
        column("first_sent", "incidents.first_sent", "day"),
        column("final_sent", "incidents.final_sent", "day"),
    )
    rows = tuple(
        (
            one.dossier.id,
            one.file.intake.title,
            _said(one.dossier.state),
            one.partner,
            one.file.intake.discovered,
            one.file.intake.known,
            None if one.file.scope is None else one.file.scope.members,
            None if one.file.scope is None else one.file.scope.most_persons,
            one.dossier.due,
            one.file.sent("first"),
            one.file.sent("final"),
        )
        for one in _narrowed(await listed(visit), state)
    )
    title = said("nav.incidents")
    chosen = said(f"incidents.choice.{state}", state) if state in {"open", "all"} else _said(state)
    table = Table(
        key="incidents",
        title=title,
        columns=columns,
        rows=rows,
        notes=(*head(visit), note("state", "incidents.state", chosen)),
        trial=visit.desk.demo,
    )
    return Export(visit=visit, slug="incidents", title=title, tables=(table,))


ROUTES: Final = (Route(PATH, show, methods=["GET"]), *export_routes(PATH, export))
"""For `PAGES` of app.py."""


def _state(request: Request) -> str:
    state = request.query_params.get("state", "open")
    return state if state in CHOICES else "open"


def _narrowed(found: list[Shown], state: str) -> list[Shown]:
    if state == "all":
        return found
    return [one for one in found if (one.dossier.state in OPEN if state == "open" else one.dossier.state == state)]


def _said(state: str) -> Said:
    ja, en = words.STATES[state]  # type: ignore[index]  # one of STATES
    return Said(ja, en, state)
