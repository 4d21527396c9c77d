"""公表・許諾・実績の差: where the notice, the grants and what was really released differ, by partner, purpose and field.

The URL is the state: `?days=90&kind=unreleased&partner=…&purpose=…`. Nothing is changed here.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.grants.period import CHOICES, MOST_DAYS, days_asked
from gateway.console.navigation import POLICY
from gateway.console.notices.notice_tasks import purposes_shown
from gateway.console.pages import page
from gateway.console.visit import require
from gateway.control_plane.grants.gaps import DAYS, GAPS, KINDS, Gap, gaps
from gateway.control_plane.grants.matrix import natural
from gateway.core.days import Moment
from gateway.core.transforms import TRANSFORM_WORDS

SHOWN: Final = 200
"""Rows of a page: a reader who wants more narrows them down."""


async def show(request: Request) -> Response:
    """Show the rows that differ, or those of one kind, partner and purpose."""
    visit = require(request, *POLICY)
    office = visit.desk.office
    if office is None:
        return page(request, "no_log.html", key="gaps.title")
    days, wrong = days_asked(request, DAYS)
    await office.in_force.refresh(visit.coop)
    snapshot = office.in_force.current(visit.coop)
    policy = snapshot.policy_at(Moment(visit.now))
    made = await gaps(office.log, snapshot, now=visit.now, days=days)
    asked = {name: request.query_params.get(name, "") for name in ("kind", "partner", "purpose")}
    chosen = [one for one in made.rows if _of(one, asked)]
    at = int(visit.texts.language != "ja")
    return page(
        request,
        "gaps.html",
        made=made,
        days=days,
        wrong=wrong,
        most_days=MOST_DAYS,
        choices=CHOICES,
        asked=asked,
        rows=sorted(chosen, key=lambda one: (KINDS.index(one.kind), one.partner, natural(one.purpose), one.field))[
            :SHOWN
        ],
        total=len(chosen),
        kinds=Counter(one.kind for one in made.rows if _of(one, {**asked, "kind": "*"})),
        partners=Counter(one.partner for one in made.rows if _of(one, {**asked, "partner": ""})),
        purposes=sorted(
            Counter(one.purpose for one in made.rows if _of(one, {**asked, "purpose": ""})).items(),
            key=lambda one: natural(one[0]),
        ),
        kind_order=KINDS,
        named=visit.partner_names,
        fields=visit.field_names,
        purpose_texts={} if policy is None else await purposes_shown(visit, policy),
        words={name: both[at] for name, both in TRANSFORM_WORDS.items()},
        start=datetime.fromisoformat(made.start),
        end=datetime.fromisoformat(made.end),
    )


ROUTES: Final = (Route("/{coop}/gaps", show, methods=["GET"]),)
"""For `PAGES` of app.py."""


def _of(one: Gap, asked: Mapping[str, str]) -> bool:
    """Tell whether a row is asked for; without a kind, those that a reader should look at."""
    kind = asked["kind"]
    return (
        (kind in {"*", one.kind} or (not kind and one.kind in GAPS))
        and asked["partner"] in {"", one.partner}
        and asked["purpose"] in {"", one.purpose}
    )
