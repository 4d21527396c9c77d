"""訂正・停止等の通知の一覧: open, overdue, acknowledged, certified; by partner; a correction or erasure entered.

The URL is the state: `?state=overdue&partner=…`. No member is named on these pages.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, column, export_routes, head, note, said
from gateway.console.forms import Form
from gateway.console.navigation import OVERSIGHT
from gateway.console.notices.notice_tasks import purposes_shown
from gateway.console.pages import done, page
from gateway.console.refusal import Refusal
from gateway.console.restrictions.typed_codes import MOST, codes_typed
from gateway.console.visit import Visit, require
from gateway.core.days import jst_day, midnight
from gateway.core.follow_ups.follow_up import FollowUp
from gateway.core.refused import Refused
from gateway.oversight.follow_ups import told as telling
from gateway.oversight.follow_ups.asked import DUTY, tell_partners
from gateway.sheets.tables import Said, Table

PATH: Final = "/{coop}/follow-ups"
CHOICES: Final = ("waiting", "overdue", "acknowledged", "certified", "all")
"""`waiting`: whose duty is not met."""
NARROWER: Final = ("open", "blocking")
"""What counts lead to, besides."""
TONES: Final = {"open": "wait", "acknowledged": "note", "certified": "good"}
SHOWN: Final = 200
LONGEST_REASON: Final = 500


async def show(request: Request) -> Response:
    """Show the follow-ups of a choice and a partner, and how many there are of each."""
    visit = require(request, *OVERSIGHT)
    if visit.desk.oversight is None:
        return page(request, "no_log.html", key="nav.follow_ups")
    return await _shown(request, visit, Form())


async def enter(request: Request) -> Response:
    """Tell the partners that hold these members of a correction or an erasure."""
    visit = require(request, "compliance")
    form = visit.form
    try:
        asked = form.text("asked")
        if asked not in DUTY:
            raise Refused("asked", "訂正か消去かを選んでください", "choose correction or erasure")
        if len(form.text("reason")) > LONGEST_REASON:
            raise Refused(
                "reason", f"理由は{LONGEST_REASON}字以内です", f"a reason has at most {LONGEST_REASON} characters"
            )
        partner, purpose, named = form.text("partner"), form.text("purpose"), await _named(visit)
        if (partner and partner not in named["partners"]) or (purpose and purpose not in named["purposes"]):
            raise Refused(
                "scope", "提供先と利用目的を一覧から選んでください", "choose a partner and a purpose of the list"
            )
        found = await tell_partners(
            visit.desk.overseeing,
            visit.coop,
            codes_typed(form.raw("codes")),
            asked=asked,
            partner=partner or None,
            purpose=purpose or None,
            by=visit.person.id,
            reason=form.text("reason"),
        )
    except Refused as told:
        return await _shown(request, visit, form, told=told)
    if not found:
        return done(visit, "follow-ups", "follow_ups.nobody", tone="note")
    return done(visit, "follow-ups", "follow_ups.opened", count=len(found))


async def export(request: Request) -> Export:
    """Return the follow-ups as on the page."""
    visit = require(request, *OVERSIGHT)
    today, choice, partner = jst_day(visit.now), _choice(request), request.query_params.get("partner", "")
    found = narrowed(await visit.desk.overseeing.follow_ups.all(visit.coop), choice, partner, today)
    columns = (
        column("id", "follow_ups.id"),
        column("partner", "follow_ups.partner"),
        column("agreement", "follow_ups.agreement"),
        column("cause", "follow_ups.cause"),
        column("duty", "follow_ups.duty"),
        column("period", "follow_ups.period"),
        column("members", "follow_ups.members", "number"),
        column("opened", "follow_ups.opened_at", "instant"),
        column("due", "follow_ups.due", "day"),
        column("blocks", "follow_ups.blocks", "day"),
        column("state", "follow_ups.state"),
        column("overdue", "follow_ups.overdue"),
        column("acknowledged", "follow_ups.acknowledged", "instant"),
        column("certified", "follow_ups.certified", "instant"),
        column("answered_by", "follow_ups.answered_by"),
        column("entry", "follow_ups.entry", "number"),
        column("source", "follow_ups.source", "number"),
    )
    rows = tuple(
        (
            one.id,
            one.partner,
            one.agreement,
            said(f"follow_ups.cause.{one.cause}", one.cause),
            _duty(one),
            one.period,
            one.members,
            one.opened,
            one.due,
            one.blocks,
            said(f"follow_ups.state.{one.state}", one.state),
            said("exports.yes", "true") if one.overdue(today) else said("exports.no", "false"),
            one.acknowledged,
            one.certified,
            one.answered_by,
            one.entry,
            one.source,
        )
        for one in found
    )
    notes = (*head(visit), note("state", "exports.filter.state", said(f"follow_ups.choice.{choice}", choice)))
    title = said("nav.follow_ups")
    table = Table(key="follow_ups", title=title, columns=columns, rows=rows, notes=notes, trial=visit.desk.demo)
    return Export(visit=visit, slug="follow-ups", title=title, tables=(table,))


ROUTES: Final = (
    Route(PATH, show, methods=["GET"]),
    Route(PATH, enter, methods=["POST"]),
    *export_routes(PATH, export),
)
"""For `PAGES` of app.py."""


def narrowed(found: Sequence[FollowUp], choice: str, partner: str, today: date) -> list[FollowUp]:
    """Return the follow-ups of a choice and a partner, none named: any."""
    return [one for one in found if partner in {"", one.partner} and _of(one, choice, today)]


async def overdue_count(visit: Visit) -> int | None:
    """Return how many follow-ups are overdue, for whose work it is to mind them; None for others. Raises Unavailable."""
    if visit.desk.oversight is None or not visit.holds("compliance"):
        return None
    return len(await telling.overdue(visit.desk.oversight, visit.coop, jst_day(visit.now)))


def _of(one: FollowUp, choice: str, today: date) -> bool:
    match choice:
        case "waiting":
            return not one.met
        case "overdue":
            return one.overdue(today)
        case "blocking":
            return one.blocking(today)
        case "all":
            return True
        case _:
            return one.state == choice


def _choice(request: Request) -> str:
    asked = request.query_params.get("state", "") or "waiting"
    if asked not in (*CHOICES, *NARROWER):
        raise Refusal(400, "exports.state", states=", ".join((*CHOICES, *NARROWER)))
    return asked


def _duty(one: FollowUp) -> Said:
    ja, en = telling.DUTY_WORDS[one.duty]
    return Said(ja, en, one.duty)


async def _named(visit: Visit) -> dict[str, Any]:
    policy = visit.policy
    return {
        "partners": visit.partner_names,
        "purposes": {} if policy is None else await purposes_shown(visit, policy),
    }


async def _shown(request: Request, visit: Visit, typed: Form, *, told: Refused | None = None) -> Response:
    choice, partner = _choice(request), request.query_params.get("partner", "")
    today = jst_day(visit.now)
    every = await visit.desk.overseeing.follow_ups.all(visit.coop)
    rows = narrowed(every, choice, partner, today)
    by_partner = {
        name: telling.tally([one for one in every if one.partner == name], today)
        for name in sorted({one.partner for one in every})
    }
    at = int(visit.texts.language != "ja")
    return page(
        request,
        "follow_ups.html",
        status=409 if told else 200,
        refused=told,
        typed=typed,
        rows=rows[:SHOWN],
        total=len(rows),
        choice=choice,
        choices=CHOICES,
        counts={one: len(narrowed(every, one, partner, today)) for one in CHOICES},
        by_partner=by_partner,
        asked=partner,
        today=today,
        midnight=midnight,
        tones=TONES,
        duties={duty: both[at] for duty, both in telling.DUTY_WORDS.items()},
        acts=visit.holds("compliance"),
        most=MOST,
        longest=LONGEST_REASON,
        **await _named(visit),
    )
