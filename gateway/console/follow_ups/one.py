"""一件の通知: where it comes from, what was answered, the reminder; whom it is about, after a reason; an answer on paper."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.follow_ups.listing import LONGEST_REASON, TONES
from gateway.console.forms import Form
from gateway.console.navigation import OVERSIGHT
from gateway.console.pages import done, page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.core.days import jst_day, midnight
from gateway.core.follow_ups.follow_up import FollowUp, allowed, answer_named
from gateway.core.refused import Refused
from gateway.oversight.follow_ups import told as telling
from gateway.oversight.follow_ups.asked import answered_on_paper

PATH: Final = "/{coop}/follow-ups/{follow_up}"
LONGEST_PAPER: Final = 2_000


async def show(request: Request) -> Response:
    """Show a follow-up."""
    visit = require(request, *OVERSIGHT)
    return await _shown(request, visit, await _found(request, visit), Form())


async def look(request: Request) -> Response:
    """Show it with whom it is about, after the reason is in the log; the answer stands at no address of its own."""
    visit = require(request, *OVERSIGHT)
    found, reason = await _found(request, visit), visit.form.text("reason")
    try:
        codes = await telling.looked_at(visit.desk.overseeing, found, by=visit.person.id, reason=reason)
    except Refused as told:
        return await _shown(request, visit, found, Form(), told=told)
    return await _shown(request, visit, found, Form(), codes=codes)


async def answer(request: Request) -> Response:
    """Take in what the partner answered on paper."""
    visit = require(request, "compliance")
    found, form = await _found(request, visit), visit.form
    try:
        event, text = answer_named(form.text("event")), form.text("paper")
        if event is None:
            raise Refused("event", "受領か実施の証明かを選んでください", "choose whether it acknowledges or certifies")
        if not text or len(text) > LONGEST_PAPER:
            raise Refused(
                "paper",
                f"書面の内容を{LONGEST_PAPER}字以内で書いてください(日付・署名者・保管場所)",
                f"say what the paper is (its day, who signed, where it is kept), in at most {LONGEST_PAPER} characters",
            )
        await answered_on_paper(
            visit.desk.overseeing, found, event, text=text, by=visit.person.id, reason=form.text("reason")
        )
    except Refused as told:
        return await _shown(request, visit, found, form, told=told)
    if visit.desk.office is not None:
        await visit.desk.office.in_force.refresh(visit.coop)
    return done(visit, f"follow-ups/{found.id}", "follow_ups.taken")


ROUTES: Final = (
    Route(PATH, show, methods=["GET"]),
    Route(PATH + "/members", look, methods=["POST"]),
    Route(PATH + "/answer", answer, methods=["POST"]),
)
"""For `PAGES` of app.py."""


async def _found(request: Request, visit: Visit) -> FollowUp:
    found = await visit.desk.overseeing.follow_ups.get(visit.coop, request.path_params["follow_up"])
    if found is None:
        raise Refusal(404)
    return found


async def _shown(
    request: Request,
    visit: Visit,
    found: FollowUp,
    typed: Form,
    *,
    told: Refused | None = None,
    codes: list[str] | None = None,
) -> Response:
    partners = visit.partner_names
    at, today = int(visit.texts.language != "ja"), jst_day(visit.now)
    answered = telling.answer_of(visit.desk.overseeing, found)
    coop = visit.desk.coops.get(visit.coop, visit.coop)
    return page(
        request,
        "follow_up.html",
        status=409 if told else 200,
        refused=told,
        typed=typed,
        one=found,
        today=today,
        midnight=midnight,
        tones=TONES,
        partner=partners.get(found.partner, found.partner),
        duty=telling.DUTY_WORDS[found.duty][at],
        certificate=None if answered is None else telling.certificate_of(answered),
        reminder=None
        if found.met
        else telling.reminder(found, coop=coop, partner=partners.get(found.partner, found.partner), today=today),
        answers=[event for event in ("acknowledged", "certified") if allowed(found.state, event)],
        codes=codes,
        acts=visit.holds("compliance"),
        longest=LONGEST_REASON,
        longest_paper=LONGEST_PAPER,
    )
