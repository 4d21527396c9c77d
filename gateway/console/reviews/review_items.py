"""抜取りの一件: what the log says of a sampled entry, the questions of the checklist, and the answer."""

from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.navigation import OVERSIGHT
from gateway.console.notices.notice_tasks import purposes_shown
from gateway.console.pages import done, page
from gateway.console.refusal import Refusal
from gateway.console.reviews.common import day_of, dossier_of, people_active, seen_as
from gateway.console.visit import Visit, require
from gateway.control_plane.grants.reason_words import in_words
from gateway.core.days import Moment, midnight
from gateway.core.dossier import Dossier
from gateway.core.refused import Refused
from gateway.core.transforms import TRANSFORM_WORDS
from gateway.oversight.reviews import review as steps
from gateway.oversight.reviews.period_log import field_classes
from gateway.tlog.entries import Denial, Release, decode

PATH: Final = "/{coop}/reviews/{review}/items/{index:int}"


async def look(request: Request) -> Response:
    """Show a sampled entry with its questions."""
    visit = require(request, *OVERSIGHT)
    dossier = await dossier_of(visit, request.path_params["review"], "review")
    return await _shown(request, visit, dossier)


async def answer(request: Request) -> Response:
    """Say that it is in order, or what is not."""
    visit = require(request, "compliance")
    dossier = await dossier_of(visit, request.path_params["review"], "review")
    desk, form, index = visit.desk.overseeing, visit.form, request.path_params["index"]
    try:
        seen_as(dossier, form.text("revision"))
        if form.text("result") == "finding":
            made = await steps.find_fault(
                desk,
                dossier,
                index,
                met=form.all("met"),
                text=form.text("note"),
                owner=form.text("owner"),
                due=day_of(form.text("due"), what_ja="是正の期限", what_en="the day by which it is mended"),
                by=visit.person.id,
            )
        elif form.text("result") == "ok":
            made = await steps.answer(
                desk, dossier, index, met=form.all("met"), note=form.text("note"), by=visit.person.id
            )
        else:
            raise Refused("result", "「問題なし」か「指摘あり」を選んでください", "choose in order, or a finding")
    except Refused as told:
        return await _shown(request, visit, dossier, told=told)
    left = steps.read(desk, made).open_items
    if left:
        return done(visit, f"reviews/{made.id}/items/{left[0].index}", "reviews.done.answered", left=len(left))
    return done(visit, f"reviews/{made.id}#sign", "reviews.done.all_answered")


ROUTES: Final = (Route(PATH, look, methods=["GET"]), Route(PATH, answer, methods=["POST"]))
"""For `PAGES` of app.py."""


async def _shown(request: Request, visit: Visit, dossier: Dossier, *, told: Refused | None = None) -> Response:
    desk, index = visit.desk.overseeing, request.path_params["index"]
    body = steps.read(desk, dossier)
    item = next((one for one in body.items if one.index == index), None)
    logged = await desk.side_rows.entries(visit.coop, [index]) if item is not None else []
    if item is None or not logged:
        raise Refusal(404)
    entry = decode(logged[0].entry)
    if not isinstance(entry, Release | Denial):
        raise Refusal(404)
    snapshot = visit.desk.current(visit.coop)
    policy = snapshot.policy_at(Moment(visit.now))
    at = int(visit.texts.language != "ja")
    lost = item.finding is not None and await desk.dossiers.get(visit.coop, item.finding) is None
    return page(
        request,
        "review_item.html",
        status=409 if told else 200,
        refused=told,
        dossier=dossier,
        body=body,
        item=item,
        lost=lost,
        entry=entry,
        time=datetime.fromisoformat(entry.time),
        classes=field_classes(snapshot),
        partners=visit.partner_names,
        fields=visit.field_names,
        purposes={} if policy is None else await purposes_shown(visit, policy),
        transforms={name: both[at] for name, both in TRANSFORM_WORDS.items()},
        reasons=[(one, in_words(one)) for one in getattr(entry, "reasons", [])],
        questions=[(one.key, (one.ja, one.en)[at]) for one in body.checklist.of(item.kind)],
        acts=visit.holds("compliance") and dossier.state == "open" and (item.finding is None or lost),
        people=people_active(visit),
        typed=visit.form,
        midnight=midnight,
        links_entries="/{coop}/transfers/{index:int}" in request.app.state.routes,
    )
