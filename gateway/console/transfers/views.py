"""保存した表示: a list as somebody narrowed it, kept under a name, for oneself or for everybody of the co-op."""

from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.navigation import LOG
from gateway.console.pages import done
from gateway.console.refusal import Refusal
from gateway.console.transfers.asking import read
from gateway.console.visit import require
from gateway.core.plain_text import one_line
from gateway.oversight.dossiers import new_id
from gateway.ports import SavedView
from gateway.ports.saved_views import MOST_VIEWS

SCREEN: Final = "transfers"
LONGEST_NAME: Final = 60
_LONGEST_QUERY: Final = 2_000


async def keep(request: Request) -> Response:
    """Keep what the list shows under a name. A period of preset days stays one: it moves on with the days."""
    visit = require(request, *LOG)
    name, query = visit.form.text("name"), visit.form.text("query").removeprefix("?")
    if len(query) > _LONGEST_QUERY:
        raise Refusal(400)
    # Read and written anew: what is kept holds names and a period, whatever was sent.
    asked = read(QueryParams(parse_qsl(query)), visit.now)
    where = f"{SCREEN}{asked.query()}"
    if not one_line(name) or len(name) > LONGEST_NAME:
        return done(visit, where, "transfers.views.name", tone="bad", most=LONGEST_NAME)
    view = SavedView(
        id=new_id("view"),
        coop=visit.coop,
        person=visit.person.id,
        name=name,
        screen=SCREEN,
        query=asked.query().removeprefix("?"),
        shared=visit.form.text("shared") == "1",
        made=visit.now,
    )
    kept = await visit.desk.overseeing.saved_views.keep(view)
    if not kept:
        return done(visit, where, "transfers.views.not_kept", tone="bad", most=MOST_VIEWS)
    return done(visit, where, "transfers.views.kept")


async def drop(request: Request) -> Response:
    """Delete a view of one's own; compliance deletes shared ones of others too, who may have left."""
    visit = require(request, *LOG)
    views, view = visit.desk.overseeing.saved_views, request.path_params["view"]
    gone = await views.drop(visit.coop, view, person=visit.person.id)
    if not gone and visit.holds("compliance"):
        gone = await views.drop(visit.coop, view, person=None)
    if not gone:
        raise Refusal(404)
    return done(visit, SCREEN, "transfers.views.dropped")


ROUTES: Final = (
    Route("/{coop}/transfers/views", keep, methods=["POST"]),
    Route("/{coop}/transfers/views/{view}/delete", drop, methods=["POST"]),
)
"""For `PAGES` of app.py."""
