"""申出の受付: a request as the office received it, with its day, its channel, and the agent's evidence where one asks."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.cases.shown import READERS, chosen, day_typed, in_words, today_of, window_of
from gateway.console.forms import Form
from gateway.console.pages import done, page
from gateway.console.visit import Visit, require
from gateway.core.days import midnight
from gateway.core.members.rights import (
    AGENTS,
    ARTICLES,
    CHANNELS,
    FORMS,
    KINDS,
    METHODS,
    SUBJECTS,
    WITH_FEE,
    Agent,
    Case,
)
from gateway.core.refused import Refused
from gateway.oversight.members import cases
from gateway.oversight.members.look_ups import looked


async def ask(request: Request) -> Response:
    """Show the empty form; `?look=…` leads here from a look at the member."""
    visit = require(request, "compliance")
    return await _shown(request, visit, Form(), look=request.query_params.get("look", ""))


async def take(request: Request) -> Response:
    """Take the request in."""
    visit = require(request, "compliance")
    form = visit.form
    try:
        kept = await cases.open_case(visit.desk.overseeing, visit.coop, _case(visit), by=visit.person.id)
    except Refused as told:
        return await _shown(request, visit, form, look=form.text("look"), told=told)
    return done(visit, f"cases/{kept.id}", "cases.opened", case=kept.id)


ROUTES: Final = (
    Route("/{coop}/cases/new", ask, methods=["GET"]),
    Route("/{coop}/cases/new", take, methods=["POST"]),
)
"""For `PAGES` of app.py, before those of one case."""


def _case(visit: Visit) -> Case:
    form, token = visit.form, visit.form.text("look")
    member = form.text("member")
    if token:
        member = looked(visit.desk.overseeing, visit.coop, token, by=visit.person.id).code or ""
    return Case(
        kind=chosen(form.text("kind"), KINDS, "申出の種類", "what is asked for"),
        subject=chosen(form.text("subject"), SUBJECTS, "だれについての申出か", "whom it is about"),
        member=member or None,
        name=form.text("name"),
        asked=form.text("asked"),
        form=chosen(form.text("form"), FORMS, "回答の方法", "the form of the answer"),
        received=day_typed(form.text("received"), "受領日", "the day of receipt"),
        office=form.text("office"),
        channel=chosen(form.text("channel"), CHANNELS, "受け付けた経路", "the channel"),
        agent=_agent(form),
    )


def _agent(form: Form) -> Agent | None:
    if form.text("agent") == "":
        if form.text("agent_name") or form.text("mandate"):
            raise Refused(
                "agent:kind",
                "代理人の欄に入力があります。代理人の種類を選ぶか、代理人の欄を空にしてください",
                "there is something about an agent: choose the kind of agent, or leave it all empty",
            )
        return None
    method = form.text("agent_identity")
    return Agent(
        kind=chosen(form.text("agent"), AGENTS, "代理人の種類", "the kind of agent"),
        name=form.text("agent_name"),
        mandate=form.text("mandate"),
        sealed=form.text("sealed") == "1",
        identity=chosen(method, METHODS, "代理人の本人確認の方法", "how the agent was identified") if method else None,
    )


async def _shown(request: Request, visit: Visit, form: Form, *, look: str, told: Refused | None = None) -> Response:
    if look:
        try:
            looked(visit.desk.overseeing, visit.coop, look, by=visit.person.id)
        except Refused:
            look = ""
    return page(
        request,
        "case_new.html",
        status=409 if told else 200,
        refused=told,
        typed=form,
        look=look,
        words=in_words(visit),
        midnight=midnight,
        articles=ARTICLES,
        with_fee=WITH_FEE,
        today=today_of(visit),
        window=await window_of(visit),
        readers=READERS,
    )
