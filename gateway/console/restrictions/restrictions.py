"""利用停止等の画面: how many are in force by kind; setting and lifting; who, once a reason is given and in the log.

Codes come in a form's body and stand in no address. Nothing is decided here: control_plane/restrict.py acts.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, column, export_routes, head, said
from gateway.console.forms import Form
from gateway.console.navigation import OVERSIGHT
from gateway.console.notices.notice_tasks import purposes_shown
from gateway.console.pages import done, page
from gateway.console.restrictions.typed_codes import MOST, codes_typed
from gateway.console.visit import Visit, require
from gateway.control_plane.restrict import lift, restrict
from gateway.core.members.restriction_grounds import GROUNDS, ground_words, grounds_of
from gateway.core.plain_text import writable
from gateway.core.refused import Refused
from gateway.core.state import RestrictionKind
from gateway.oversight.members.restricted import counted, members, persons
from gateway.sheets.tables import Table

PATH: Final = "/{coop}/restrictions"
KINDS: Final[tuple[RestrictionKind, ...]] = get_args(RestrictionKind)
LIMITS: Final[Mapping[str, int]] = {PATH: 512 * 1024}
LONGEST_REASON: Final = 500


async def show(request: Request) -> Response:
    """Show how many restrictions are in force, and the forms."""
    visit = require(request, *OVERSIGHT)
    if visit.desk.oversight is None:
        return page(request, "no_log.html", key="nav.restrictions")
    return await _shown(request, visit, Form())


async def act(request: Request) -> Response:
    """Set or lift a restriction for the members typed."""
    visit = require(request, "compliance")
    form, desk = visit.form, visit.desk.overseeing
    try:
        lifting = form.text("act") == "lift"
        codes, words = codes_typed(form.raw("codes")), await _words(visit, lifting=lifting)
        words |= {"secrets": desk.secrets(visit.coop), "clock": desk.clock, "by": visit.person.id}
        words |= {"masters": desk.masters(visit.coop)}
        await (lift if lifting else restrict)(desk.log, visit.coop, codes, **words)
    except Refused as told:
        return await _shown(request, visit, form, told=told)
    await _refresh(visit)
    return done(visit, "restrictions", "restrictions.lifted" if lifting else "restrictions.set", count=len(codes))


async def look(request: Request) -> Response:
    """Show who is restricted, after the reason is in the log; the answer stands at no address of its own."""
    visit = require(request, *OVERSIGHT)
    await _refresh(visit)
    try:
        found = await members(visit.desk.overseeing, visit.coop, by=visit.person.id, reason=visit.form.text("reason"))
    except Refused as told:
        return await _shown(request, visit, visit.form, told=told)
    return page(request, "restricted.html", found=found, **await _named(visit))


async def export(request: Request) -> Export:
    """Return how many restrictions are in force; nobody is named."""
    visit = require(request, *OVERSIGHT)
    await _refresh(visit)
    columns = (
        column("kind", "restrictions.kind"),
        column("partner", "restrictions.partner"),
        column("purpose", "restrictions.purpose"),
        column("members", "restrictions.members", "number"),
    )
    rows = tuple(
        (said(f"restrictions.kind.{scope.kind}", scope.kind), scope.partner, scope.purpose, count)
        for scope, count in counted(visit.desk.overseeing.current(visit.coop), visit.now).items()
    )
    title = said("nav.restrictions")
    table = Table(key="restrictions", title=title, columns=columns, rows=rows, notes=head(visit), trial=visit.desk.demo)
    return Export(visit=visit, slug="restrictions", title=title, tables=(table,))


ROUTES: Final = (
    Route(PATH, show, methods=["GET"]),
    Route(PATH, act, methods=["POST"]),
    Route(PATH + "/members", look, methods=["POST"]),
    *export_routes(PATH, export),
)
"""For `PAGES` of app.py."""


async def _words(visit: Visit, *, lifting: bool) -> dict[str, Any]:
    """Return what a form says of a restriction. Raises Refused."""
    form, named = visit.form, await _named(visit)
    kind, partner, purpose = (form.text(name) for name in ("kind", "partner", "purpose"))
    if kind not in KINDS:
        raise Refused("kind", "種類を選んでください", "choose a kind")
    for value, there_are, ja in ((partner, named["partners"], "提供先"), (purpose, named["purposes"], "利用目的")):
        if value and value not in there_are:
            raise Refused("scope", f"{ja}を一覧から選んでください", "choose a partner and a purpose of the list")
    reason = form.text("reason")
    if not reason or not writable(reason) or len(reason) > LONGEST_REASON:
        raise Refused(
            "reason",
            f"理由を{LONGEST_REASON}字以内で書いてください",
            f"say why, in at most {LONGEST_REASON} characters",
        )
    ground = form.text("ground")
    fitting = grounds_of(kind)
    if ground not in fitting and not (lifting and not ground):
        articles = "、".join(dict.fromkeys(GROUNDS[one].article for one in fitting))
        raise Refused(
            "ground",
            f"この種類の停止の根拠を選んでください(選べるのは {articles})",
            "choose a ground that a stop of this kind can rest on",
        )
    return {
        "kind": kind,
        "partner": partner or None,
        "purpose": purpose or None,
        "ground": ground or None,
        "reason": reason,
    }


async def _named(visit: Visit) -> dict[str, Any]:
    policy = visit.policy
    at = int(visit.texts.language != "ja")
    return {
        "partners": visit.partner_names,
        "purposes": {} if policy is None else await purposes_shown(visit, policy),
        "grounds": {name: ground_words(name)[at] for name in GROUNDS},
        "kinds": KINDS,
    }


async def _refresh(visit: Visit) -> None:
    if visit.desk.office is not None:
        await visit.desk.office.in_force.refresh(visit.coop)


async def _shown(request: Request, visit: Visit, typed: Form, *, told: Refused | None = None) -> Response:
    await _refresh(visit)
    snapshot = visit.desk.overseeing.current(visit.coop)
    return page(
        request,
        "restrictions.html",
        status=409 if told else 200,
        refused=told,
        typed=typed,
        counted=counted(snapshot, visit.now),
        persons=persons(snapshot, visit.now),
        acts=visit.holds("compliance"),
        most=MOST,
        longest=LONGEST_REASON,
        **await _named(visit),
    )
