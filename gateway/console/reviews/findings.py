"""指摘事項: what was found, by when somebody mends it, what was done, and who saw it done. Owners see their own.

The URL is the state: `?show=open|overdue|closed`.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, column, export_routes, head, note, said
from gateway.console.navigation import OVERSIGHT, POLICY
from gateway.console.pages import done, page
from gateway.console.refusal import Refusal
from gateway.console.reviews.common import day_of, dossier_of, people_active, seen_as
from gateway.console.visit import Visit, require
from gateway.core.days import midnight
from gateway.core.dossier import Dossier
from gateway.core.refused import Refused
from gateway.oversight.reviews import findings as steps
from gateway.oversight.reviews.findings import Finding
from gateway.sheets.tables import Table

PATH: Final = "/{coop}/findings"
SHOWN: Final = ("open", "overdue", "closed")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with what it says."""

    dossier: Dossier
    body: Finding
    overdue: bool


async def lines(visit: Visit) -> list[Line]:
    """Return the findings that this person may read, those due first before the others. Raises Unavailable."""
    desk = visit.desk.overseeing
    found = await desk.dossiers.all(visit.coop, "finding")
    late = {one.id for one in steps.overdue(found, visit.now)}
    everything = any(visit.holds(role) for role in OVERSIGHT)
    made = [Line(dossier=one, body=steps.read(desk, one), overdue=one.id in late) for one in found]
    mine = [one for one in made if everything or one.body.owner == visit.person.id]
    return sorted(mine, key=lambda one: (one.dossier.state == "closed", str(one.dossier.due), one.dossier.id))


async def show(request: Request) -> Response:
    """Show the findings."""
    return await _listed(request, require(request, *POLICY))


async def enter(request: Request) -> Response:
    """Enter a finding that is of no review."""
    visit = require(request, "compliance")
    form = visit.form
    try:
        made = await steps.raise_finding(
            visit.desk.overseeing,
            visit.coop,
            text=form.text("text"),
            owner=form.text("owner"),
            due=day_of(form.text("due"), what_ja="是正の期限", what_en="the day by which it is mended"),
            by=visit.person.id,
        )
    except Refused as told:
        return await _listed(request, visit, told=told)
    return done(visit, f"findings/{made.id}", "findings.done.entered")


async def look(request: Request) -> Response:
    """Show one finding."""
    visit = require(request, *POLICY)
    return _shown(request, visit, await _readable(visit, request))


async def act(request: Request) -> Response:
    """Write down what was done, give it another day, give it back, or close it."""
    step = request.path_params["step"]
    if step not in _STEPS:
        raise Refusal(404)
    visit = require(request, *(OVERSIGHT if step == "close" else ("compliance",)))
    dossier = await _readable(visit, request)
    try:
        seen_as(dossier, visit.form.text("revision"))
        made = await _STEPS[step](visit, dossier)
    except Refused as told:
        return _shown(request, visit, dossier, told=told, tried=step)
    return done(visit, f"findings/{made.id}", f"findings.done.{step}")


async def export_list(request: Request) -> Export:
    """Return the findings, narrowed as on the page."""
    visit = require(request, *POLICY)
    chosen = _asked(request)
    columns = (
        column("id", "exports.id"),
        column("state", "findings.state"),
        column("overdue", "findings.overdue"),
        column("due", "findings.due", "day"),
        column("owner", "findings.owner"),
        column("text", "findings.text"),
        column("review", "findings.review"),
        column("entry", "exports.entry", "number"),
        column("author", "findings.author"),
        column("opened", "findings.opened", "instant"),
        column("last", "findings.last"),
    )
    rows = tuple(
        (
            one.dossier.id,
            said(f"findings.state.{one.dossier.state}", one.dossier.state),
            said("exports.yes", "true") if one.overdue else said("exports.no", "false"),
            one.dossier.due,
            visit.name_of(one.body.owner),
            one.body.text,
            one.body.review,
            one.body.item,
            visit.name_of(one.dossier.author),
            one.dossier.opened,
            one.body.steps[-1].text if one.body.steps else None,
        )
        for one in await lines(visit)
        if _shows(one, chosen)
    )
    notes = (
        *head(visit),
        *(note("show", "findings.state", said(f"findings.show.{one}", one)) for one in (chosen,) if one),
    )
    title = said("nav.findings")
    table = Table(key="findings", title=title, columns=columns, rows=rows, notes=notes, trial=visit.desk.demo)
    return Export(visit=visit, slug="findings", title=title, tables=(table,))


ROUTES: Final = (
    *export_routes(PATH, export_list),
    Route(PATH, show, methods=["GET"]),
    Route(PATH, enter, methods=["POST"]),
    Route(f"{PATH}/{{finding}}", look, methods=["GET"]),
    Route(f"{PATH}/{{finding}}/{{step}}", act, methods=["POST"]),
)
"""For `PAGES` of app.py."""


async def _correct(visit: Visit, dossier: Dossier) -> Dossier:
    return await steps.correct(visit.desk.overseeing, dossier, action=visit.form.text("text"), by=visit.person.id)


async def _postpone(visit: Visit, dossier: Dossier) -> Dossier:
    due = day_of(visit.form.text("due"), what_ja="新しい期限", what_en="the new day")
    return await steps.postpone(
        visit.desk.overseeing, dossier, due=due, why=visit.form.text("text"), by=visit.person.id
    )


async def _give_back(visit: Visit, dossier: Dossier) -> Dossier:
    return await steps.give_back(visit.desk.overseeing, dossier, why=visit.form.text("text"), by=visit.person.id)


async def _close(visit: Visit, dossier: Dossier) -> Dossier:
    return await steps.close(visit.desk.overseeing, dossier, text=visit.form.text("text"), by=visit.person.id)


_STEPS: Final[dict[str, Callable[[Visit, Dossier], Awaitable[Dossier]]]] = {
    "correct": _correct,
    "postpone": _postpone,
    "give_back": _give_back,
    "close": _close,
}


def _asked(request: Request) -> str:
    asked = request.query_params.get("show", "")
    return asked if asked in SHOWN else ""


def _shows(one: Line, chosen: str) -> bool:
    match chosen:
        case "open":
            return one.dossier.state != "closed"
        case "overdue":
            return one.overdue
        case "closed":
            return one.dossier.state == "closed"
        case _:
            return True


async def _readable(visit: Visit, request: Request) -> Dossier:
    found = await dossier_of(visit, request.path_params["finding"], "finding")
    mine = steps.read(visit.desk.overseeing, found).owner == visit.person.id
    if not mine and not any(visit.holds(role) for role in OVERSIGHT):
        raise Refusal(404)
    return found


async def _listed(request: Request, visit: Visit, *, told: Refused | None = None) -> Response:
    found, chosen = await lines(visit), _asked(request)
    return page(
        request,
        "findings_list.html",
        status=409 if told else 200,
        refused=told,
        chosen=chosen,
        counts={one: sum(_shows(line, one) for line in found) for one in ("", *SHOWN)},
        lines=[one for one in found if _shows(one, chosen)],
        acts=visit.holds("compliance"),
        people=people_active(visit),
        typed=visit.form,
        midnight=midnight,
    )


def _shown(
    request: Request, visit: Visit, dossier: Dossier, *, told: Refused | None = None, tried: str = ""
) -> Response:
    body = steps.read(visit.desk.overseeing, dossier)
    hands = {dossier.author, body.owner, *(one.by for one in body.steps if one.what == "corrected")}
    values: dict[str, Any] = {
        "dossier": dossier,
        "body": body,
        "overdue": bool(steps.overdue([dossier], visit.now)),
        "acts": visit.holds("compliance"),
        "closes": any(visit.holds(role) for role in OVERSIGHT) and visit.person.id not in hands,
        "tried": tried,
        "typed": visit.form,
        "midnight": midnight,
        "reads_reviews": any(visit.holds(role) for role in OVERSIGHT),
    }
    return page(request, "finding.html", status=409 if told else 200, refused=told, **values)
