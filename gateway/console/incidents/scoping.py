"""範囲: the form that asks the log what a leak may have reached."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.forms import Form
from gateway.console.incidents.shown import ACTS, as_seen, asked, form_day, shown, told_words
from gateway.console.pages import done, page
from gateway.console.visit import Visit, require
from gateway.core.days import jst_day
from gateway.core.dossier import Dossier
from gateway.core.incidents.incident import Wanted
from gateway.core.refused import Refused
from gateway.oversight.incidents.file import IncidentFile, count_scope, known_partners

PATH: Final = "/{coop}/incidents/{incident}/scope"
NAMES: Final = (
    "first", "last", "partner", "client", "key", "agreement", "purpose", "field", "first_index", "last_index",
)  # fmt: skip
COUNTED: Final = "範囲の調査"


async def show(request: Request) -> Response:
    """Show what can be asked for, as it was asked for last."""
    visit = require(request, *ACTS)
    dossier, file = await asked(visit, request)
    return _form(request, visit, dossier, file, typed=_last(visit, file))


async def count(request: Request) -> Response:
    """Count, and record what was found."""
    visit = require(request, *ACTS)
    dossier, file = await asked(visit, request)
    try:
        as_seen(visit.form, dossier)
        await count_scope(visit.desk.overseeing, dossier, file, read(visit.form), by=visit.person.id, reason=COUNTED)
    except Refused as told:
        typed = {name: visit.form.text(name) for name in NAMES}
        return _form(request, visit, dossier, file, typed=typed, told=told)
    return done(visit, f"incidents/{dossier.id}", "incidents.done.counted")


ROUTES: Final = (
    Route(PATH, show, methods=["GET"]),
    Route(PATH, count, methods=["POST"]),
)
"""For `PAGES` of app.py."""


def read(form: Form) -> Wanted:
    """Return what a form asks for. Raises Refused."""
    return Wanted(
        first=form_day(form, "first"),
        last=form_day(form, "last"),
        partner=form.text("partner") or None,
        client=form.text("client") or None,
        key=form.text("key") or None,
        agreement=form.text("agreement") or None,
        purpose=form.text("purpose") or None,
        field=form.text("field") or None,
        first_index=_number(form, "first_index"),
        last_index=_number(form, "last_index"),
    )


def _number(form: Form, name: str) -> int | None:
    text = form.text(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Refused("index", "記録の番号は0以上の整数です", "the number of an entry is a whole number from 0")
    return int(text)


def _last(visit: Visit, file: IncidentFile) -> dict[str, str]:
    if file.scope is None:
        known = file.intake.discovered.isoformat()
        partner = file.intake.partner or ""
        return {
            **dict.fromkeys(NAMES, ""), "first": known, "last": jst_day(visit.now).isoformat(), "partner": partner,
        }  # fmt: skip
    wanted = file.scope.wanted
    return {name: "" if (value := getattr(wanted, name)) is None else str(value) for name in NAMES}


def _form(
    request: Request,
    visit: Visit,
    dossier: Dossier,
    file: IncidentFile,
    *,
    typed: dict[str, str],
    told: Refused | None = None,
) -> Response:
    policy = visit.policy
    at = visit.texts.language == "en"
    return page(
        request,
        "incident_scope.html",
        status=409 if told else 200,
        one=shown(visit, dossier, file),
        typed=typed,
        told=told_words(visit, told),
        partners=known_partners(visit.desk.overseeing, visit.coop),
        clients=[] if policy is None else sorted(name for one in policy.partners.values() for name in one.clients),
        agreements=[] if policy is None else sorted(policy.agreements),
        purposes=[]
        if policy is None
        else sorted({one.purpose for a in policy.agreements.values() for one in a.grants}),
        fields={} if policy is None else {one.id: one.en if at else one.ja for one in policy.fields.values()},
    )
