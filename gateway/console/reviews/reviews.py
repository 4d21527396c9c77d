"""点検: the months that nobody reviewed, the reviews, one of them with its sample, and the two signatures.

No rule is here: oversight/reviews/ refuses, and its words are shown on the page that the act was tried from.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.exports.exports import Export, column, export_routes, head, note, said
from gateway.console.navigation import OVERSIGHT
from gateway.console.pages import done, page
from gateway.console.reviews.common import day_of, dossier_of, seen_as
from gateway.console.visit import Visit, require
from gateway.core.days import midnight
from gateway.core.dossier import Dossier
from gateway.core.refused import Refused
from gateway.core.reviews.sampling import GROUPS
from gateway.oversight.reviews import review as steps, signing
from gateway.oversight.reviews.periods import Period, begun, month_of, months, uncovered
from gateway.sheets.tables import Cell, Table

PATH: Final = "/{coop}/reviews"


async def standing(visit: Visit) -> tuple[list[Period], list[tuple[Dossier, Period]]]:
    """Return the months of the log that nobody signed for, and the reviews with their periods. Raises Unavailable."""
    desk = visit.desk.overseeing
    found = [(one, steps.period_of(one)) for one in await desk.dossiers.all(visit.coop, "review")]
    first = await begun(desk.log, visit.coop)
    over = [] if first is None else list(months(first, visit.now))
    return uncovered(over, (period for one, period in found if one.state != "open")), found


async def show(request: Request) -> Response:
    """Show the months without a review, and the reviews there are."""
    return await _listed(request, require(request, *OVERSIGHT))


async def begin(request: Request) -> Response:
    """Open the review of a month, or of the days that a form names."""
    visit = require(request, "compliance")
    form = visit.form
    try:
        first = day_of(form.text("first"), what_ja="始まりの日", what_en="the first day")
        period = (
            Period(first, day_of(form.text("last"), what_ja="終わりの日", what_en="the last day"))
            if form.text("last")
            else month_of(first)
        )
        made = await steps.open_review(visit.desk.overseeing, visit.coop, period, by=visit.person.id)
    except Refused as told:
        return await _listed(request, visit, told=told)
    return done(visit, f"reviews/{made.id}", "reviews.done.opened")


async def look(request: Request) -> Response:
    """Show one review."""
    visit = require(request, *OVERSIGHT)
    return await _shown(request, visit, await dossier_of(visit, request.path_params["review"], "review"))


async def sign(request: Request) -> Response:
    """Sign, or countersign what somebody else signed."""
    visit = require(request, *signing.SIGNERS)
    dossier = await dossier_of(visit, request.path_params["review"], "review")
    form, desk = visit.form, visit.desk.overseeing
    act = signing.sign if dossier.state == "open" else signing.countersign
    try:
        seen_as(dossier, form.text("revision"))
        made = await act(desk, dossier, by=visit.person.id, reason=form.text("reason"))
    except Refused as told:
        return await _shown(request, visit, dossier, told=told)
    return done(visit, f"reviews/{made.id}", f"reviews.done.{made.state}")


async def export_list(request: Request) -> Export:
    """Return the reviews, and the months without one."""
    visit = require(request, *OVERSIGHT)
    missing, found = await standing(visit)
    columns = (
        column("first", "reviews.first", "day"),
        column("last", "reviews.last", "day"),
        column("state", "reviews.state"),
        column("id", "exports.id"),
        column("opened", "reviews.opened", "instant"),
        column("author", "reviews.author"),
    )
    rows: list[tuple[Cell, ...]] = [
        (one.first, one.last, said("reviews.state.none", "none"), None, None, None) for one in missing
    ]
    rows += [
        (
            period.first,
            period.last,
            said(f"reviews.state.{one.state}", one.state),
            one.id,
            one.opened,
            visit.name_of(one.author),
        )
        for one, period in found
    ]
    title = said("nav.reviews")
    table = Table(
        key="reviews", title=title, columns=columns, rows=tuple(rows), notes=head(visit), trial=visit.desk.demo
    )
    return Export(visit=visit, slug="reviews", title=title, tables=(table,))


async def export_one(request: Request) -> Export:
    """Return a review: its sample with the answers, and its counts."""
    visit = require(request, *OVERSIGHT)
    dossier = await dossier_of(visit, request.path_params["review"], "review")
    body = steps.read(visit.desk.overseeing, dossier)
    notes = (
        *head(visit),
        note("first", "reviews.first", body.first),
        note("last", "reviews.last", body.last),
        note("state", "reviews.state", said(f"reviews.state.{dossier.state}", dossier.state)),
        note("size", "reviews.size", body.size),
        note("root", "reviews.root", body.root),
        *(note("signed", "reviews.signed_by", _signature(visit, one)) for one in (body.signed,) if one),
        *(
            note("countersigned", "reviews.countersigned_by", _signature(visit, one))
            for one in (body.countersigned,)
            if one
        ),
    )
    columns = (
        column("entry", "exports.entry", "number"),
        column("kind", "reviews.kind"),
        column("groups", "reviews.groups"),
        column("result", "reviews.result"),
        column("note", "reviews.note"),
        column("finding", "reviews.finding"),
        column("by", "reviews.answered_by"),
        column("at", "reviews.answered_at", "instant"),
    )
    rows = tuple(
        (
            one.index,
            said(f"reviews.kind.{one.kind}", one.kind),
            ", ".join(one.groups),
            said(f"reviews.result.{one.result or 'none'}", one.result or "none"),
            one.note,
            one.finding,
            None if one.by is None else visit.name_of(one.by),
            one.at,
        )
        for one in body.items
    )
    counted = tuple((said(f"reviews.kind.{kind}", kind), count) for kind, count in body.counts.items())
    tables = (
        Table(
            key="sample", title=said("reviews.sample"), columns=columns, rows=rows, notes=notes, trial=visit.desk.demo
        ),
        Table(
            key="counts",
            title=said("reviews.counts"),
            columns=(column("kind", "reviews.kind"), column("entries", "reviews.entries", "number")),
            rows=counted,
            trial=visit.desk.demo,
        ),
    )
    return Export(
        visit=visit,
        slug=dossier.id,
        title=said("reviews.title_of", first=f"{body.first}", last=f"{body.last}"),
        tables=tables,
    )


ROUTES: Final = (
    *export_routes(PATH, export_list),
    *export_routes(f"{PATH}/{{review}}", export_one),
    Route(PATH, show, methods=["GET"]),
    Route(PATH, begin, methods=["POST"]),
    Route(f"{PATH}/{{review}}", look, methods=["GET"]),
    Route(f"{PATH}/{{review}}/sign", sign, methods=["POST"]),
)
"""For `PAGES` of app.py."""


async def _listed(request: Request, visit: Visit, *, told: Refused | None = None) -> Response:
    missing, found = await standing(visit)
    begun_for = {period for one, period in found}
    return page(
        request,
        "reviews.html",
        status=409 if told else 200,
        refused=told,
        missing=[(one, one in begun_for) for one in reversed(missing)],
        found=[(one, period) for one, period in found],
        acts=visit.holds("compliance"),
        typed=visit.form,
        midnight=midnight,
        id_of=steps.id_of,
    )


async def _shown(request: Request, visit: Visit, dossier: Dossier, *, told: Refused | None = None) -> Response:
    desk = visit.desk.overseeing
    body = steps.read(desk, dossier)
    barred = await _barred(visit, dossier, body)
    results = {state: sum((one.result or "none") == state for one in body.items) for state in ("none", "ok", "finding")}
    return page(
        request,
        "review.html",
        status=409 if told else 200,
        refused=told,
        dossier=dossier,
        body=body,
        results=results,
        barred=barred,
        groups=[(one, sum(one in item.groups for item in body.items)) for one in GROUPS],
        midnight=midnight,
        typed=visit.form,
        digest=body.digest(),
        links_log="/{coop}/transfers" in request.app.state.routes,
    )


async def _barred(visit: Visit, dossier: Dossier, body: steps.Review) -> Refused | None:
    """Return why this person cannot sign now, as far as that is known before they try; None where they can."""
    if dossier.state == "countersigned":
        return None
    desk = visit.desk.overseeing
    try:
        if dossier.state == "signed":
            signing.check_hands(dossier, body, by=visit.person.id)
        await signing.check_signer(desk, visit.coop, body.period, by=visit.person.id)
    except Refused as told:
        return told
    return None


def _signature(visit: Visit, one: steps.Signature) -> str:
    return f"{visit.name_of(one.by)}: {one.reason}"
