"""変更申請: the list; one of them, and what is done with it, is in acts.py."""

from collections import Counter

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.navigation import POLICY
from gateway.console.pages import page
from gateway.console.visit import require
from gateway.core.proposal import STATES


async def all_proposals(request: Request) -> Response:
    """Show the proposals, the one changed last first; `?state=…` and `?mine=1` narrow them."""
    visit = require(request, *POLICY)
    everything = await visit.desk.proposals.all(visit.coop)
    asked, mine = request.query_params.get("state", ""), request.query_params.get("mine") == "1"
    state = next((one for one in STATES if one == asked), None)
    own = [one for one in everything if not mine or visit.person.id in {one.author, one.editor}]
    return page(
        request,
        "proposals.html",
        proposals=[one for one in own if state is None or one.state == state],
        counts=Counter(one.state for one in own),
        total=len(own),
        states=STATES,
        state=state,
        mine=mine,
        drafts_itself=visit.holds("admin"),
    )
