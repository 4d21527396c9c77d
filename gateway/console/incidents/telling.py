"""本人への通知: the text for persons (規則10条), and the list of whom to tell, once a reason is in the log.

Codes come in a form's body and go out in an answer's body: never in an address, never into a file on this machine.
"""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import disposition
from gateway.console.incidents.shown import ACTS, asked, shown, told_words
from gateway.console.pages import page
from gateway.console.visit import Visit, require
from gateway.core.days import Moment, jst_day
from gateway.core.dossier import Dossier
from gateway.core.refused import Refused
from gateway.oversight.incidents.drafting import Desk, notice_text
from gateway.oversight.incidents.file import IncidentFile
from gateway.oversight.incidents.persons import Persons, as_csv, codes_in, persons
from gateway.oversight.members.published import published

PATH: Final = "/{coop}/incidents/{incident}/persons"
SHOWN: Final = 500
"""Codes on the page; the file has all of them."""
LIMITS: Final[Mapping[str, int]] = {PATH: 4 * 1024 * 1024}
"""A register of a quarter of a million codes; `gateway incident persons` takes a larger one."""


async def show(request: Request) -> Response:
    """Show the text for persons, and ask for the reason and the register."""
    visit = require(request, *ACTS)
    dossier, file = await asked(visit, request)
    return await _shown(request, visit, dossier, file)


async def find(request: Request) -> Response:
    """Show or give away whom to tell; the look is in the log before."""
    visit = require(request, *ACTS)
    dossier, file = await asked(visit, request)
    form = visit.form
    try:
        if file.scope is None:
            raise Refused("scope", "先に範囲を調べてください", "ask for the scope first")
        register = list(codes_in(form.raw("register")))
        if not register:
            raise Refused(
                "register",
                "組合員名簿のコードを1行に1件ずつ貼り付けてください",
                "paste the codes of the register, one a line",
            )
        found = await persons(
            visit.desk.overseeing,
            dossier,
            file.scope,
            register,
            by=visit.person.id,
            reason=form.text("reason").replace("\r\n", "\n"),
        )
    except Refused as told:
        return await _shown(request, visit, dossier, file, told=told)
    if form.text("act") == "csv":
        name = f"{visit.coop}-{dossier.id}-persons.csv"
        kind = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": disposition(name, ascii_name=name)}
        return Response(as_csv(found.codes), headers=kind)
    return await _shown(request, visit, dossier, file, found=found)


ROUTES: Final = (
    Route(PATH, show, methods=["GET"]),
    Route(PATH, find, methods=["POST"]),
)
"""For `PAGES` of app.py."""


async def _shown(
    request: Request,
    visit: Visit,
    dossier: Dossier,
    file: IncidentFile,
    *,
    told: Refused | None = None,
    found: Persons | None = None,
) -> Response:
    return page(
        request,
        "incident_persons.html",
        status=409 if told else 200,
        one=shown(visit, dossier, file),
        told=told_words(visit, told),
        reason=visit.form.text("reason") if told else "",
        found=found,
        codes=() if found is None else found.codes[:SHOWN],
        notice=notice_text(file.drafts[-1] if file.drafts else None, await _desk(visit), day=jst_day(visit.now)),
    )


async def _desk(visit: Visit) -> Desk:
    """Return whom persons may ask, as the notice in force says; the co-op's name alone where it says nothing."""
    desk, coop = visit.desk.overseeing, visit.coop
    snapshot = desk.current(coop)
    policy = snapshot.policy_at(Moment(visit.now))
    version = next((one for one in snapshot.versions if one.policy is policy), None)
    contact = (await published(desk, coop, version)).contact
    name = visit.desk.coops.get(coop, coop)
    if contact is None:
        return Desk(coop=name, desk=str(visit.texts("incidents.no_desk")), tel="")
    return Desk(coop=name, desk=contact.desk, tel=contact.tel, hours=contact.hours)
