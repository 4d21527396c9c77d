"""新着: entries as they come in. A module asks for newer rows alone; without one the page asks for itself again.

It stops by itself after a while, so that a forgotten window neither keeps a session open nor asks for ever.
"""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.console.language import moment_text
from gateway.console.navigation import LOG
from gateway.console.pages import page
from gateway.console.transfers.asking import Asked, preset, read
from gateway.console.transfers.names import Names, names_of
from gateway.console.visit import Visit, require
from gateway.ports import Row

EVERY_S: Final = 5
ROUNDS: Final = 120
"""So often it asks: ten minutes."""
MOST: Final = 50
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)


async def show(request: Request) -> Response:
    """Show the newest entries of what the URL narrows down to, and go on asking."""
    visit = require(request, *LOG)
    if visit.desk.oversight is None:
        return page(request, "no_log.html", key="transfers.tail")
    asked, names = _asked(request, visit), await names_of(visit)
    # Before the rows: what is committed between the two is among them, or comes the next time.
    size = await _size(visit)
    rows = await visit.desk.overseeing.search.page(visit.coop, asked.wanted, most=MOST)
    done = _number(request, "round")
    path = f"/{visit.coop}/transfers/tail"
    return page(
        request,
        "transfer_tail.html",
        asked=asked,
        names=names,
        rows=rows,
        newest=_newest(rows, size),
        going=done < ROUNDS,
        every_s=EVERY_S,
        rounds=ROUNDS - done,
        path=path,
        again=path + asked.query(round=str(done + 1)),
        more=f"{path}.json{asked.query()}",
        list_path=f"/{visit.coop}/transfers",
        told=lambda row: told(visit, row, names),
    )


async def newer(request: Request) -> Response:
    """Give the rows after `?after=` an index as JSON, the oldest first, and the index to ask from next.

    Where more came in than one answer holds, the older ones are left out, and `left_out` says so.
    """
    visit = require(request, *LOG)
    oversight, asked, names = visit.desk.overseeing, _asked(request, visit), await names_of(visit)
    after = _number(request, "after")
    size = await _size(visit)
    rows = await oversight.search.page(visit.coop, asked.wanted, most=MOST + 1) if size > after else []
    fresh = [one for one in rows if one.index >= after]
    answer = {
        "next": max(after, _newest(rows, size)),
        "left_out": len(fresh) > MOST,
        "rows": [told(visit, one, names) for one in reversed(fresh[:MOST])],
    }
    return JSONResponse(answer)


ROUTES: Final = (
    Route("/{coop}/transfers/tail", show, methods=["GET"]),
    Route("/{coop}/transfers/tail.json", newer, methods=["GET"]),
)
"""For `PAGES` of app.py."""


def told(visit: Visit, row: Row, names: Names) -> dict[str, Any]:
    """Return what a row of the tail says, as texts in the reader's language."""
    count = visit.texts("transfers.released_of", released=row.released, asked=row.asked).unescape()
    return {
        "index": row.index,
        "href": f"/{visit.coop}/transfers/{row.index}",
        "time": moment_text(row.time, visit.texts.language, visit.texts.calendar),
        "kind": names.kinds.get(row.kind, row.kind),
        "partner": names.partners.get(row.partner or "", row.partner or ""),
        "purpose": row.purpose or "",
        "said": names.reason(row.reasons[0]) if row.reasons else count if row.kind == "release" else "",
    }


def _asked(request: Request, visit: Visit) -> Asked:
    """Return what the URL narrows down to, of the last 24 hours: a tail looks no further back."""
    asked = read(request.query_params, visit.now)
    recent = preset("24h", visit.now)
    return Asked(period=recent, names=asked.names)


def _number(request: Request, name: str) -> int:
    asked = request.query_params.get(name, "")
    return int(asked) if _NUMBER.fullmatch(asked) else 0


async def _size(visit: Visit) -> int:
    return (await visit.desk.overseeing.log.head(visit.coop)).next_index


def _newest(rows: list[Row], size: int) -> int:
    """Return the index after all that was looked at."""
    return max(size, rows[0].index + 1 if rows else 0)
