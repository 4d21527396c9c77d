"""一件の漏えい対応: what was received and found, the deadlines, the triggers that a person confirms, and its end."""

from functools import partial
from typing import Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.incidents.shown import (
    ACTS,
    READS,
    as_seen,
    asked,
    day,
    english,
    exclusion,
    named,
    scope_facts,
    shown,
    told_words,
)
from gateway.console.pages import done, page
from gateway.console.visit import Visit, require
from gateway.core.dossier import Dossier
from gateway.core.incidents.breach import TRIGGERS
from gateway.core.refused import Refused
from gateway.oversight.incidents import words
from gateway.oversight.incidents.file import GROUNDS, Ground, IncidentFile, close, judge

PATH: Final = "/{coop}/incidents/{incident}"
REPORT: Final = "report"
"""The choice of a form that confirms that a report is due."""


async def show(request: Request) -> Response:
    """Show one incident."""
    visit = require(request, *READS)
    dossier, file = await asked(visit, request)
    return _shown(request, visit, dossier, file)


async def confirm(request: Request) -> Response:
    """Confirm the triggers, or decide that no report is due."""
    visit = require(request, *ACTS)
    dossier, file = await asked(visit, request)
    form = visit.form
    chosen = form.text("decision")
    ticked = frozenset(form.all("trigger"))
    try:
        as_seen(form, dossier)
        if chosen not in {REPORT, *GROUNDS}:
            raise Refused(
                "decision", "報告するか、報告不要の根拠を選んでください", "choose to report, or why none is due"
            )
        await judge(
            visit.desk.overseeing,
            dossier,
            file,
            {one: one in ticked for one in TRIGGERS},
            ground=None if chosen == REPORT else cast("Ground", chosen),
            by=visit.person.id,
            reason=form.text("reason"),
        )
    except Refused as told:
        return _shown(request, visit, dossier, file, told=told)
    return done(visit, f"incidents/{dossier.id}", "incidents.done.judged")


async def end(request: Request) -> Response:
    """Close the incident."""
    visit = require(request, *ACTS)
    dossier, file = await asked(visit, request)
    try:
        as_seen(visit.form, dossier)
        await close(visit.desk.overseeing, dossier, file, by=visit.person.id, reason=visit.form.text("reason"))
    except Refused as told:
        return _shown(request, visit, dossier, file, told=told)
    return done(visit, f"incidents/{dossier.id}", "incidents.done.closed")


ROUTES: Final = (
    Route(PATH, show, methods=["GET"]),
    Route(f"{PATH}/judge", confirm, methods=["POST"]),
    Route(f"{PATH}/close", end, methods=["POST"]),
)
"""For `PAGES` of app.py."""


def _shown(
    request: Request, visit: Visit, dossier: Dossier, file: IncidentFile, *, told: Refused | None = None
) -> Response:
    scope, at = file.scope, english(visit)
    return page(
        request,
        "incident.html",
        status=409 if told else 200,
        one=shown(visit, dossier, file),
        told=told_words(visit, told),
        acts=visit.holds("compliance") and dossier.state != "closed",
        sources=named(visit, words.SOURCES),
        known=named(visit, words.KNOWN),
        parties=named(visit, words.PARTIES),
        grounds=named(visit, words.GROUNDS),
        reports=named(visit, words.REPORTS),
        classes=named(visit, words.CLASSES),
        subjects=named(visit, words.SUBJECTS),
        facts=() if scope is None else scope_facts(visit, scope),
        labels={} if scope is None else words.labels(scope, english=at),
        exclusion=None if scope is None else exclusion(visit, file),
        on=partial(day, visit),
        typed=visit.form,
        report=REPORT,
    )
