"""案件の一覧: open cases by due day, what is overdue, what ended; `?state=open|overdue|closed|all`, and the same as files.

Nothing of a list is about a person: cases are told by their number, kind and office. Who asked what is behind a reason.
"""

from collections import Counter
from datetime import date
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.cases.shown import READERS, days_left, in_words, today_of, window_of
from gateway.console.exports.exports import Export, column, export_routes, head, said
from gateway.console.pages import page
from gateway.console.visit import Visit, require
from gateway.core.days import midnight
from gateway.core.members import rights_words as words
from gateway.core.members.rights import ARTICLES
from gateway.oversight.members import cases
from gateway.oversight.members.cases import Kept
from gateway.sheets.tables import Said, Table

STATES: Final = ("open", "overdue", "closed", "all")
SHOWN: Final = 200


async def show(request: Request) -> Response:
    """Show the cases in the state that is asked for, the open ones without one."""
    visit = require(request, *READERS)
    found, asked = await cases.all_cases(visit.desk.overseeing, visit.coop), _asked(request)
    today = today_of(visit)
    rows = [one for one in found if _is(one, asked, today)]
    return page(
        request,
        "cases.html",
        rows=rows[:SHOWN],
        total=len(rows),
        counts=Counter(state for one in found for state in STATES if _is(one, state, today)),
        states=STATES,
        asked=asked,
        words=in_words(visit),
        midnight=midnight,
        articles=ARTICLES,
        left={one.id: days_left(one, today) for one in rows},
        acts=visit.holds("compliance"),
        window=await window_of(visit),
    )


async def export(request: Request) -> Export:
    """Return the same cases as a table."""
    visit = require(request, *READERS)
    found, asked = await cases.all_cases(visit.desk.overseeing, visit.coop), _asked(request)
    today = today_of(visit)
    table = Table(
        key="cases",
        title=said("cases.title"),
        columns=(
            column("case", "cases.id"),
            column("kind", "cases.kind"),
            column("article", "cases.article"),
            column("subject", "cases.subject"),
            column("state", "cases.state"),
            column("received", "cases.received", "day"),
            column("due", "cases.due", "day"),
            column("office", "cases.office"),
            column("channel", "cases.channel"),
            column("identity", "cases.identity"),
            column("fee", "cases.fee", "number"),
            column("decision", "cases.decision"),
            column("closed", "cases.closed", "day"),
        ),
        rows=tuple(_row(one) for one in found if _is(one, asked, today)),
        notes=head(visit),
        trial=visit.desk.demo,
    )
    return Export(visit=visit, slug="cases", title=said("cases.title"), tables=(table,))


ROUTES: Final = (Route("/{coop}/cases", show, methods=["GET"]), *export_routes("/{coop}/cases", export))
"""For `PAGES` of app.py."""


async def overdue(visit: Visit) -> int | None:
    """Return how many cases are past their due day, for whoever reads them; None for others. Raises Unavailable."""
    if visit.desk.oversight is None or not set(visit.roles_now) & set(READERS):
        return None
    found = await cases.all_cases(visit.desk.overseeing, visit.coop, states=("received", "identified", "decided"))
    return sum(one.overdue(today_of(visit)) for one in found)


def _asked(request: Request) -> str:
    asked = request.query_params.get("state", "open")
    return asked if asked in STATES else "open"


def _is(one: Kept, state: str, today: date) -> bool:
    match state:
        case "all":
            return True
        case "closed":
            return one.state == "closed"
        case "overdue":
            return one.overdue(today)
        case _:
            return one.state != "closed"


def _row(one: Kept) -> tuple[Said | date | int | str | None, ...]:
    case = one.case
    return (
        one.id,
        Said(*words.KIND[case.kind], case.kind),
        ARTICLES[case.kind],
        Said(*words.SUBJECT[case.subject], case.subject),
        Said(*words.STATE[one.state], one.state),
        case.received,
        one.dossier.due,
        case.office,
        Said(*words.CHANNEL[case.channel], case.channel),
        None if case.identity is None else Said(*words.RESULT[case.identity.result], case.identity.result),
        case.fee or None,
        None if case.decision is None else Said(*words.OUTCOME[case.decision.outcome], case.decision.outcome),
        case.closed,
    )
