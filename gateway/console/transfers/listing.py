"""提供ログ: the entries of a period, the newest first, with what narrows them down; and the way to one by its id.

The URL is the state (asking.py). A page ends where the next one begins (`?before=` an index), so that what comes in
meanwhile neither repeats nor hides an entry.
"""

import re
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.console.navigation import LOG
from gateway.console.pages import done, page
from gateway.console.transfers.asking import NARROWINGS, PRESETS, Asked, read
from gateway.console.transfers.charting import HEIGHT, TOP, WIDTH
from gateway.console.transfers.figures import SHOWN, figures
from gateway.console.transfers.names import names_of
from gateway.console.visit import Visit, require
from gateway.ports import Behind, Row

ON_A_PAGE: Final = 50
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list."""

    rows: tuple[Row, ...]
    delivered: frozenset[int]
    """Indexes of the releases among them that were handed over whole."""
    next: int | None
    """Where the next page begins; None where this is the last."""


async def show(request: Request) -> Response:
    """Show what the URL asks for."""
    visit = require(request, *LOG)
    if visit.desk.oversight is None:
        return page(request, "no_log.html", key="nav.transfers")
    asked = read(request.query_params, visit.now)
    names = await names_of(visit)
    path = f"/{visit.coop}/transfers"
    values: dict[str, Any] = {
        "asked": asked,
        "names": names,
        "path": path,
        "presets": PRESETS,
        "narrowings": NARROWINGS,
        "views": await visit.desk.overseeing.saved_views.of(visit.coop, visit.person.id),
        "shown_names": SHOWN,
        "chart_size": (WIDTH, TOP + HEIGHT),
    }
    try:
        listed = await rows_of(visit, asked, most=ON_A_PAGE)
        told = await figures(visit, asked, names.labels, path)
    except Behind:
        return page(request, "transfers.html", behind=True, listed=None, figures=None, **values)
    return page(request, "transfers.html", behind=False, listed=listed, figures=told, **values)


async def find(request: Request) -> Response:
    """Lead to the entry of a transfer (a partner's `request_id`) or of an index; what was typed is repeated nowhere."""
    visit = require(request, *LOG)
    oversight, typed = visit.desk.overseeing, visit.form.text("id")
    if _INDEX.fullmatch(typed):
        known = int(typed) < (await oversight.log.head(visit.coop)).next_index
        index = int(typed) if known else None
    else:
        row = await oversight.search.find(visit.coop, typed) if typed else None
        index = None if row is None else row.index
    if index is None:
        return done(visit, "transfers", "transfers.find.none", tone="bad")
    return RedirectResponse(f"/{visit.coop}/transfers/{index}", 303)


ROUTES: Final = (
    Route("/{coop}/transfers", show, methods=["GET"]),
    Route("/{coop}/transfers/find", find, methods=["POST"]),
)
"""For `PAGES` of app.py."""


async def rows_of(visit: Visit, asked: Asked, *, most: int) -> Listed:
    """Return the newest entries asked for. Raises Unavailable, Behind."""
    oversight = visit.desk.overseeing
    found = await oversight.search.page(visit.coop, asked.wanted, before=asked.before, most=most + 1)
    rows = tuple(found[:most])
    releases = [one.index for one in rows if one.kind == "release"]
    return Listed(
        rows=rows,
        delivered=frozenset(await oversight.deliveries.delivered(visit.coop, releases)),
        next=rows[-1].index if len(found) > most else None,
    )
