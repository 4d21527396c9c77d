"""変更申請: the list; one of them, and what is done with it, is in acts.py."""

from collections import Counter
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.navigation import POLICY
from gateway.console.pages import page
from gateway.console.visit import Visit, require
from gateway.core.changes.proposal import STATES, Proposal, State


async def all_proposals(request: Request) -> Response:
    """Show the proposals, the one changed last first; `?state=…` and `?mine=1` narrow them."""
    visit = require(request, *POLICY)
    everything = await visit.desk.proposals.all(visit.coop)
    state, mine = asked(request)
    own = narrowed(visit, everything, state=None, mine=mine)
    return page(
        request,
        "proposals.html",
        proposals=narrowed(visit, own, state=state, mine=mine),
        counts=Counter(one.state for one in own),
        total=len(own),
        states=STATES,
        state=state,
        mine=mine,
        drafts_itself=visit.holds("admin"),
    )


def asked(request: Request) -> tuple[State | None, bool]:
    """Return the state that `?state=` names, None for any; and whether `?mine=1` is asked for."""
    named = request.query_params.get("state", "")
    return next((one for one in STATES if one == named), None), request.query_params.get("mine") == "1"


def narrowed(visit: Visit, proposals: Iterable[Proposal], *, state: State | None, mine: bool) -> list[Proposal]:
    """Return the proposals in a state, and with `mine` those that the reader began or edited last, in their order."""
    own = [one for one in proposals if not mine or visit.person.id in {one.author, one.editor}]
    return [one for one in own if state is None or one.state == state]
