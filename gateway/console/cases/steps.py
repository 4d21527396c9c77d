"""一件の案件: how it stands and the next step; no rule is here (core/members/rights.py refuses, and its words are shown).

What was asked, by whom and about whom is not on this page: it is looked at with a reason, as a member is.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.cases.shown import READERS, chosen, day_typed, days_left, in_words, today_of, window_of
from gateway.console.forms import Form
from gateway.console.pages import done, page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.core.days import midnight
from gateway.core.legal_parameters import on
from gateway.core.members.rights import (
    ARTICLES,
    METHODS,
    OUTCOMES,
    RESULTS,
    STATES,
    STOPPING,
    WITH_FEE,
    Decision,
    Identity,
    parameters_of,
)
from gateway.core.refused import Refused
from gateway.oversight.members import cases
from gateway.oversight.members.cases import Kept
from gateway.oversight.members.look_ups import look

_LARGEST: Final = 7
"""Digits of a fee or a revision that is read at all."""


async def show(request: Request) -> Response:
    """Show how a case stands."""
    visit = require(request, *READERS)
    return await _shown(request, visit, await _found(request, visit))


async def identify(request: Request) -> Response:
    """Record how it was checked who asks."""

    async def act(visit: Visit, kept: Kept, form: Form) -> Kept:
        identity = Identity(
            method=chosen(form.text("method"), METHODS, "本人確認の方法", "how it was checked"),
            result=chosen(form.text("result"), RESULTS, "本人確認の結果", "the result of the check"),
            on=day_typed(form.text("on"), "本人確認の日", "the day of the check"),
        )
        desk = visit.desk.overseeing
        return await cases.identify(desk, kept, identity, revision=_revision(form), by=visit.person.id)

    return await _step(request, act, "cases.identified")


async def charge(request: Request) -> Response:
    """Record the fee."""

    async def act(visit: Visit, kept: Kept, form: Form) -> Kept:
        yen = _number(form.text("yen"), "手数料", "the fee")
        return await cases.charge(visit.desk.overseeing, kept, yen, revision=_revision(form), by=visit.person.id)

    return await _step(request, act, "cases.charged")


async def decide(request: Request) -> Response:
    """Record what was decided."""

    async def act(visit: Visit, kept: Kept, form: Form) -> Kept:
        decision = Decision(
            outcome=chosen(form.text("outcome"), OUTCOMES, "判断", "the decision"),
            reason=form.text("reason"),
            on=day_typed(form.text("on"), "判断の日", "the day of the decision"),
        )
        desk = visit.desk.overseeing
        return await cases.decide(desk, kept, decision, revision=_revision(form), by=visit.person.id)

    return await _step(request, act, "cases.decided")


async def close(request: Request) -> Response:
    """End the case."""

    async def act(visit: Visit, kept: Kept, form: Form) -> Kept:
        return await cases.close(visit.desk.overseeing, kept, revision=_revision(form), by=visit.person.id)

    return await _step(request, act, "cases.ended")


async def look_at(request: Request) -> Response:
    """Enter why it is looked at, and lead on to what was asked, by whom, and to the member's record."""
    visit = require(request, *READERS)
    kept = await _found(request, visit)
    try:
        token = await look(
            visit.desk.overseeing,
            visit.coop,
            kept.case.member,
            by=visit.person.id,
            reason=visit.form.text("reason"),
            case=kept.id,
        )
    except Refused as told:
        return await _shown(request, visit, kept, told=told)
    return done(visit, f"members/{token}", "members.looked")


ROUTES: Final = (
    Route("/{coop}/cases/{case}", show, methods=["GET"]),
    Route("/{coop}/cases/{case}/identity", identify, methods=["POST"]),
    Route("/{coop}/cases/{case}/fee", charge, methods=["POST"]),
    Route("/{coop}/cases/{case}/decision", decide, methods=["POST"]),
    Route("/{coop}/cases/{case}/close", close, methods=["POST"]),
    Route("/{coop}/cases/{case}/look", look_at, methods=["POST"]),
)
"""For `PAGES` of app.py."""

_Act = Callable[[Visit, Kept, Form], Awaitable[Kept]]


async def _step(request: Request, act: _Act, key: str) -> Response:
    visit = require(request, "compliance")
    kept = await _found(request, visit)
    try:
        await act(visit, kept, visit.form)
    except Refused as told:
        return await _shown(request, visit, kept, told=told, typed=visit.form)
    return done(visit, f"cases/{kept.id}", key, case=kept.id)


async def _found(request: Request, visit: Visit) -> Kept:
    kept = await cases.case_of(visit.desk.overseeing, visit.coop, request.path_params["case"])
    if kept is None:
        raise Refusal(404)
    return kept


async def _shown(
    request: Request, visit: Visit, kept: Kept, *, told: Refused | None = None, typed: Form | None = None
) -> Response:
    today = today_of(visit)
    return page(
        request,
        "case.html",
        status=409 if told else 200,
        refused=told,
        typed=typed or Form(),
        one=kept,
        case=kept.case,
        words=in_words(visit),
        midnight=midnight,
        articles=ARTICLES,
        states=STATES,
        parameter=on(parameters_of(kept.case.kind), kept.case.received),
        left=days_left(kept, today),
        today=today,
        acts=visit.holds("compliance") and kept.state != "closed",
        takes_fee=kept.case.kind in WITH_FEE,
        fee=visit.desk.overseeing.rights_fees.get(visit.coop),
        stops=kept.case.kind in STOPPING,
        window=await window_of(visit),
    )


def _revision(form: Form) -> int:
    return _number(form.text("revision"), "版", "the revision")


def _number(text: str, ja: str, en: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _LARGEST):
        raise Refused("typed:number", f"{ja}を半角の数字で入力してください", f"give {en} in digits")
    return int(text)
