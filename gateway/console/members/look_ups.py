"""組合員照会: the code and the reason come in a form's body; the reason is in the log before anything is shown.

The record stands at an address that holds neither: a token that is sealed, this person's, and over after a quarter of an
hour. An answer sheet is made from here, for a case of this member in which it was checked who asks.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.cases.shown import READERS, in_words, today_of, window_of
from gateway.console.forms import Form
from gateway.console.pages import done, page
from gateway.console.visit import Visit, require
from gateway.core.days import midnight
from gateway.core.members.rights import is_code
from gateway.core.refused import Refused
from gateway.oversight.members import cases, member_words
from gateway.oversight.members.cases import Kept
from gateway.oversight.members.history import Provision
from gateway.oversight.members.look_ups import LONGEST_REASON, Look, LookOver, look, looked
from gateway.oversight.members.member_record import Record, record
from gateway.oversight.members.member_words import Words, words_of
from gateway.sheets.tables import Said

SHOWN: Final = 100
"""Provisions of the page, the newest; an answer sheet has them all."""


async def ask(request: Request) -> Response:
    """Ask whom it is about, and why."""
    visit = require(request, *READERS)
    return await _asking(request, visit, Form())


async def enter(request: Request) -> Response:
    """Enter the look, and lead on to the record."""
    visit = require(request, *READERS)
    form, desk = visit.form, visit.desk.overseeing
    try:
        code = form.text("member")
        if not is_code(code):
            raise Refused(
                "look:code",
                "組合員コードの形が違います。半角の英数字とハイフンで、先頭の0も省かずに入力してください",
                "this is no member code; type letters, digits and hyphens, with leading zeros",
            )
        case = form.text("case") or None
        if case is not None:
            kept = await cases.case_of(desk, visit.coop, case)
            if kept is None or kept.case.member != code:
                raise Refused(
                    "look:case",
                    "この組合員についての案件ではありません。案件番号を確かめるか、空にしてください",
                    "this is no case about this member; check the number of the case, or leave it empty",
                )
        token = await look(desk, visit.coop, code, by=visit.person.id, reason=form.text("reason"), case=case)
    except Refused as told:
        return await _asking(request, visit, form, told=told)
    return done(visit, f"members/{token}", "members.looked")


async def show(request: Request) -> Response:
    """Show the record of the member that a token leads to."""
    visit = require(request, *READERS)
    try:
        found = looked(visit.desk.overseeing, visit.coop, request.path_params["look"], by=visit.person.id)
    except LookOver:
        return done(visit, "members", "members.over", tone="note")
    return await shown(request, visit, found)


ROUTES: Final = (
    Route("/{coop}/members", ask, methods=["GET"]),
    Route("/{coop}/members", enter, methods=["POST"]),
    Route("/{coop}/members/{look}", show, methods=["GET"]),
)
"""For `PAGES` of app.py."""


async def _asking(request: Request, visit: Visit, form: Form, *, told: Refused | None = None) -> Response:
    return page(
        request,
        "members.html",
        status=409 if told else 200,
        refused=told,
        typed=form,
        longest=LONGEST_REASON,
        window=await window_of(visit),
    )


async def shown(
    request: Request, visit: Visit, found: Look, *, told: Refused | None = None, typed: Form | None = None
) -> Response:
    """Show the record; with `told` what was wrong with the answer that was asked for. Raises Unavailable."""
    desk, coop = visit.desk.overseeing, visit.coop
    known = None if found.code is None else await record(desk, coop, found.code)
    words = await words_of(desk, coop, () if known is None else known.provisions)
    kept = None if found.case is None else await cases.case_of(desk, coop, found.case)
    about: Sequence[Kept] = () if found.code is None else await cases.of_member(desk, coop, found.code)
    return page(
        request,
        "member.html",
        status=409 if told else 200,
        refused=told,
        typed=typed or Form(),
        look=found,
        token=request.path_params["look"],
        until=datetime.fromisoformat(found.until),
        record=known,
        erased=None if known is None or known.erased is None else datetime.fromisoformat(known.erased),
        newest=[] if known is None else [_line(visit, one, known, words) for one in _newest(known.provisions)],
        stops=[] if known is None else _stops(visit, known, words),
        in_force=[] if known is None else _in_force(visit, known, words),
        follow_ups=[] if known is None else _told(visit, known, words),
        looks=[] if known is None else _looks(visit, known),
        holders=[] if known is None else _holders(known, words),
        case=kept,
        about=about,
        answerable=[one for one in about if one.case.identity and one.case.identity.result == "confirmed"],
        acts=visit.holds("compliance"),
        words=in_words(visit),
        midnight=midnight,
        today=today_of(visit),
        window=await window_of(visit),
    )


def _newest(provisions: Sequence[Provision]) -> list[Provision]:
    return [*reversed(provisions)][:SHOWN]


def _say(visit: Visit, said: Said) -> str:
    return said.text(visit.texts.language)


def _line(visit: Visit, one: Provision, known: Record, words: Words) -> dict[str, Any]:
    return {
        "index": one.index,
        "time": datetime.fromisoformat(one.time),
        "partner": one.partner,
        "name": words.partner(one.partner, one.policy),
        "purpose": words.purpose(one),
        "product": one.product,
        "case": one.case,
        "fields": [_say(visit, field) for field in words.fields(one)],
        "basis": _say(visit, member_words.basis(one)),
        "agreement": words.agreement(one),
        "notice": one.notice,
        "delivered": one.index in known.delivered,
    }


def _stops(visit: Visit, known: Record, words: Words) -> list[dict[str, Any]]:
    return [
        {
            "index": one.index,
            "time": datetime.fromisoformat(one.time),
            "event": one.event,
            "said": _say(visit, member_words.EVENTS[one.event]),
            "kind": _say(visit, member_words.RESTRICTIONS[one.restriction]),
            "partner": None if one.partner is None else words.partner(one.partner),
            "purpose": one.purpose,
            "ground": None if one.ground is None else _say(visit, member_words.ground(one.ground)),
            "by": one.by,
            "reason": one.reason,
        }
        for one in reversed(known.stops)
    ]


def _in_force(visit: Visit, known: Record, words: Words) -> list[dict[str, Any]]:
    return [
        {
            "kind": _say(visit, member_words.RESTRICTIONS[one.kind]),
            "partner": None if one.partner is None else words.partner(one.partner),
            "purpose": one.purpose,
            "start": one.start,
        }
        for one in known.in_force
    ]


def _told(visit: Visit, known: Record, words: Words) -> list[dict[str, Any]]:
    return [
        {
            "index": one.index,
            "time": datetime.fromisoformat(one.time),
            "partner": words.partner(one.partner),
            "duty": _say(visit, member_words.DUTIES[one.duty]),
            "due": date.fromisoformat(one.due),
            "state": _say(visit, member_words.TOLD[one.state]),
            "open": one.state in {None, "open"},
        }
        for one in reversed(known.told)
    ]


def _looks(visit: Visit, known: Record) -> list[dict[str, Any]]:
    return [
        {
            "index": one.index,
            "time": datetime.fromisoformat(one.time),
            "what": _say(visit, member_words.LOOK_UPS[one.look_up]),
            "by": one.by,
            "reason": one.reason,
        }
        for one in [*reversed(known.looks)][:SHOWN]
    ]


def _holders(known: Record, words: Words) -> list[dict[str, Any]]:
    received = Counter((one.partner, one.agreement, one.purpose) for one in known.provisions)
    last = {(one.partner, one.agreement, one.purpose): one.time for one in known.provisions}
    return [
        {
            "partner": key[0],
            "name": words.partner(key[0]),
            "agreement": key[1],
            "purpose": words.text_of(key[2]) or key[2],
            "times": received[key],
            "last": datetime.fromisoformat(last[key]) if key in last else None,
        }
        for key in known.holders
    ]
