"""受付: an incident is received, and what was received is corrected."""

from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.forms import Form
from gateway.console.incidents.shown import ACTS, as_seen, asked, form_day, named, shown, told_words
from gateway.console.pages import done, page
from gateway.console.visit import Visit, require
from gateway.core.days import jst_day
from gateway.core.dossier import Dossier
from gateway.core.incidents.incident import KNOWN, PARTIES, SOURCES, Known, Party, Source
from gateway.core.refused import Refused
from gateway.oversight.incidents import words
from gateway.oversight.incidents.file import IncidentFile, amend_intake, known_partners, open_incident
from gateway.oversight.incidents.intake import LONGEST_LINE, LONGEST_TEXT, Intake

NEW: Final = "/{coop}/incidents/new"
PATH: Final = "/{coop}/incidents/{incident}/intake"
NAMES: Final = (
    "title", "what", "discovered", "known", "known_by", "source", "partner", "wrongful", "safe", "party", "party_reason",
)  # fmt: skip
RECEIVED: Final = "受付"
"""Why an incident is opened stands in what is written of it."""


async def new(request: Request) -> Response:
    """Show the form of an incident that is received."""
    visit = require(request, *ACTS)
    return _form(request, visit, typed=_fresh(visit))


async def open_(request: Request) -> Response:
    """Receive an incident."""
    visit = require(request, *ACTS)
    try:
        made = await open_incident(
            visit.desk.overseeing, visit.coop, read(visit.form), by=visit.person.id, reason=RECEIVED
        )
    except Refused as told:
        return _form(request, visit, typed=_typed(visit.form), told=told)
    return done(visit, f"incidents/{made.id}", "incidents.done.opened")


async def edit(request: Request) -> Response:
    """Show what was received, to be corrected."""
    visit = require(request, *ACTS)
    dossier, file = await asked(visit, request)
    return _form(request, visit, typed=_of(file.intake), dossier=dossier, file=file)


async def amend(request: Request) -> Response:
    """Correct what was received."""
    visit = require(request, *ACTS)
    dossier, file = await asked(visit, request)
    form = visit.form
    try:
        as_seen(form, dossier)
        await amend_intake(
            visit.desk.overseeing, dossier, file, read(form), by=visit.person.id, reason=form.text("reason")
        )
    except Refused as told:
        return _form(request, visit, typed=_typed(form), dossier=dossier, file=file, told=told)
    return done(visit, f"incidents/{dossier.id}", "incidents.done.amended")


ROUTES: Final = (
    Route(NEW, new, methods=["GET"]),
    Route(NEW, open_, methods=["POST"]),
    Route(PATH, edit, methods=["GET"]),
    Route(PATH, amend, methods=["POST"]),
)
"""For `PAGES` of app.py."""


def read(form: Form) -> Intake:
    """Return the intake that a form sends. Raises Refused for a day that is none, or a choice that there is not."""
    return Intake(
        title=form.text("title"),
        # A browser sends two characters for a line's end, and counts one.
        what=form.text("what").replace("\r\n", "\n"),
        discovered=form_day(form, "discovered"),
        known=form_day(form, "known"),
        known_by=form.text("known_by"),
        source=cast("Source", _chosen(form, "source", SOURCES)),
        partner=form.text("partner") or None,
        wrongful=cast("Known", _chosen(form, "wrongful", KNOWN)),
        safe=cast("Known", _chosen(form, "safe", KNOWN)),
        party=cast("Party", _chosen(form, "party", PARTIES)),
        party_reason=form.text("party_reason").replace("\r\n", "\n"),
    )


def _chosen(form: Form, name: str, choices: tuple[str, ...]) -> str:
    value = form.text(name)
    if value not in choices:
        raise Refused(name, "選択肢から選んでください", "choose one of those that there are")
    return value


def _form(
    request: Request,
    visit: Visit,
    *,
    typed: dict[str, str],
    dossier: Dossier | None = None,
    file: IncidentFile | None = None,
    told: Refused | None = None,
) -> Response:
    one = None if dossier is None or file is None else shown(visit, dossier, file)
    return page(
        request,
        "incident_intake.html",
        status=409 if told else 200,
        one=one,
        typed=typed,
        told=told_words(visit, told),
        today=jst_day(visit.now).isoformat(),
        partners=known_partners(visit.desk.overseeing, visit.coop),
        sources=named(visit, words.SOURCES),
        known=named(visit, words.KNOWN),
        parties=named(visit, words.PARTIES),
        longest_line=LONGEST_LINE,
        longest_text=LONGEST_TEXT,
    )


def _fresh(visit: Visit) -> dict[str, str]:
    today = jst_day(visit.now).isoformat()
    chosen = {"source": "own", "wrongful": "unknown", "safe": "unknown", "party": "undecided"}
    return {**dict.fromkeys(NAMES, ""), "discovered": today, "known": today, **chosen}


def _typed(form: Form) -> dict[str, str]:
    return {name: form.text(name) for name in NAMES}


def _of(intake: Intake) -> dict[str, str]:
    values: dict[str, Any] = {name: getattr(intake, name) for name in NAMES}
    return {name: "" if value is None else str(value) for name, value in values.items()}
