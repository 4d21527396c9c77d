"""安全管理措置: what the co-op declares under each heading of the guideline, 「なし」 where nothing is, and training by person."""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, column, export_routes, head, said
from gateway.console.navigation import OVERSIGHT
from gateway.console.pages import done, page
from gateway.console.reviews.common import day_of, dossier_of, people_active, seen_as
from gateway.console.visit import Visit, require
from gateway.core.days import jst_day, midnight
from gateway.core.dossier import Dossier
from gateway.core.refused import Refused
from gateway.core.reviews.safety_measures import HEADINGS, KINDS, NUMBERS, TRAINING, Heading
from gateway.oversight import measures as steps
from gateway.oversight.measures import Measure
from gateway.sheets.tables import Cell, Said, Table

PATH: Final = "/{coop}/measures"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A measure with what it says."""

    dossier: Dossier
    body: Measure
    overdue: bool


async def lines(visit: Visit) -> dict[str, list[Line]]:
    """Return the measures that go on, by heading; every heading is there. Raises Unavailable."""
    desk = visit.desk.overseeing
    found = await desk.dossiers.all(visit.coop, "measure", states=("declared",))
    late = {one.id for one in steps.overdue(found, jst_day(visit.now))}
    made: dict[str, list[Line]] = {one.number: [] for one in HEADINGS}
    for one in found:
        body = steps.read(desk, one)
        made[body.heading].append(Line(dossier=one, body=body, overdue=one.id in late))
    for under in made.values():
        under.sort(key=lambda one: (str(one.dossier.due), one.body.title, one.dossier.id))
    return made


async def show(request: Request) -> Response:
    """Show every heading with what is declared under it."""
    visit = require(request, *OVERSIGHT)
    found = await lines(visit)
    return page(
        request,
        "measures.html",
        sections=[
            (kind, names, [(one, found[one.number]) for one in HEADINGS if one.kind == kind])
            for kind, names in KINDS.items()
        ],
        without=sum(not under for under in found.values()),
        late=sum(one.overdue for under in found.values() for one in under),
        declared=sum(len(under) for under in found.values()),
        training=TRAINING,
        acts=visit.holds("compliance"),
        midnight=midnight,
    )


async def new(request: Request) -> Response:
    """Show the form of a measure, under the heading that the URL names."""
    return _form(request, require(request, "compliance"))


async def declare(request: Request) -> Response:
    """Declare a measure."""
    visit = require(request, "compliance")
    try:
        made = await steps.declare(
            visit.desk.overseeing, visit.coop, _typed(visit, visit.form.text("heading")), by=visit.person.id
        )
    except Refused as told:
        return _form(request, visit, told=told)
    return done(visit, f"measures/{made.id}", "measures.done.declared")


async def look(request: Request) -> Response:
    """Show one measure."""
    visit = require(request, *OVERSIGHT)
    return _shown(request, visit, await dossier_of(visit, request.path_params["measure"], "measure"))


async def renew(request: Request) -> Response:
    """Declare it as it is now."""
    visit = require(request, "compliance")
    dossier = await dossier_of(visit, request.path_params["measure"], "measure")
    try:
        seen_as(dossier, visit.form.text("revision"))
        heading = steps.read(visit.desk.overseeing, dossier).heading
        made = await steps.renew(visit.desk.overseeing, dossier, _typed(visit, heading), by=visit.person.id)
    except Refused as told:
        return _shown(request, visit, dossier, told=told)
    return done(visit, f"measures/{made.id}", "measures.done.renewed")


async def end(request: Request) -> Response:
    """Say that it is not taken any more."""
    visit = require(request, "compliance")
    dossier = await dossier_of(visit, request.path_params["measure"], "measure")
    try:
        seen_as(dossier, visit.form.text("revision"))
        made = await steps.end(visit.desk.overseeing, dossier, why=visit.form.text("reason"), by=visit.person.id)
    except Refused as told:
        return _shown(request, visit, dossier, told=told)
    return done(visit, f"measures/{made.id}", "measures.done.ended")


async def export_list(request: Request) -> Export:
    """Return a row for each measure, one for a heading without any."""
    visit = require(request, *OVERSIGHT)
    columns = (
        column("number", "measures.number"),
        column("heading", "measures.heading"),
        column("title", "measures.title"),
        column("evidence", "measures.evidence"),
        column("person", "measures.person"),
        column("done", "measures.done", "day"),
        column("due", "measures.due", "day"),
        column("overdue", "measures.overdue"),
        column("declared_by", "measures.declared_by"),
    )
    found = await lines(visit)
    rows: list[tuple[Cell, ...]] = []
    for one in HEADINGS:
        what = Said(one.ja, one.en, one.number)
        for line in found[one.number]:
            body = line.body
            person = None if body.person is None else visit.name_of(body.person)
            late = said("exports.yes", "true") if line.overdue else said("exports.no", "false")
            rows.append(
                (
                    one.number,
                    what,
                    body.title,
                    body.evidence,
                    person,
                    body.done,
                    body.due,
                    late,
                    visit.name_of(body.declared_by),
                )
            )
        if not found[one.number]:
            rows.append((one.number, what, said("measures.none", "none"), None, None, None, None, None, None))
    title = said("nav.measures")
    table = Table(
        key="measures", title=title, columns=columns, rows=tuple(rows), notes=head(visit), trial=visit.desk.demo
    )
    return Export(visit=visit, slug="measures", title=title, tables=(table,))


ROUTES: Final = (
    *export_routes(PATH, export_list),
    Route(PATH, show, methods=["GET"]),
    Route(PATH, declare, methods=["POST"]),
    Route(f"{PATH}/new", new, methods=["GET"]),
    Route(f"{PATH}/{{measure}}", look, methods=["GET"]),
    Route(f"{PATH}/{{measure}}", renew, methods=["POST"]),
    Route(f"{PATH}/{{measure}}/end", end, methods=["POST"]),
)
"""For `PAGES` of app.py."""


def _typed(visit: Visit, heading: str) -> Measure:
    form = visit.form
    return Measure(
        heading=heading,
        title=form.text("title"),
        evidence=form.text("evidence"),
        done=day_of(form.text("done"), what_ja="実施日", what_en="the day on which it was done"),
        due=day_of(form.text("due"), what_ja="次の期限", what_en="the next day") if form.text("due") else None,
        person=form.text("person") or None,
    )


def _heading(number: str) -> Heading:
    return next(one for one in HEADINGS if one.number == number)


def _form(request: Request, visit: Visit, *, told: Refused | None = None) -> Response:
    asked = visit.form.text("heading") or request.query_params.get("heading", "")
    return page(
        request,
        "measure_new.html",
        status=409 if told else 200,
        refused=told,
        heading=asked if asked in NUMBERS else "",
        headings=HEADINGS,
        training=TRAINING,
        people=people_active(visit),
        typed=visit.form,
        today=jst_day(visit.now),
    )


def _shown(request: Request, visit: Visit, dossier: Dossier, *, told: Refused | None = None) -> Response:
    body = steps.read(visit.desk.overseeing, dossier)
    return page(
        request,
        "measure.html",
        status=409 if told else 200,
        refused=told,
        dossier=dossier,
        body=body,
        heading=_heading(body.heading),
        training=TRAINING,
        overdue=bool(steps.overdue([dossier], jst_day(visit.now))),
        acts=visit.holds("compliance") and dossier.state == "declared",
        people=people_active(visit),
        typed=visit.form,
        midnight=midnight,
    )
