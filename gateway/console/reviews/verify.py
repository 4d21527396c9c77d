"""検証: how far the log is published and vouched for, and its verification, run here and shown as far as it has come."""

import base64
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.pages import done, page
from gateway.console.visit import require
from gateway.core.staff import Role
from gateway.oversight.log.anchors import TIMESTAMP
from gateway.tlog.checkpoint import stated

READS: Final[tuple[Role, ...]] = ("compliance", "auditor", "operator")
PATH: Final = "/{coop}/verify"
AGAIN_S: Final = 5
"""After so many seconds a page on which a verification runs is asked for again."""


async def show(request: Request) -> Response:
    """Show the last checkpoint, who vouched for it, and the last verification."""
    visit = require(request, *READS)
    desk = visit.desk.overseeing
    note = await desk.publications.checkpoint(visit.coop)
    covered = await desk.coverage.covered(visit.coop)
    stamped = covered.get(TIMESTAMP)
    run = desk.verifications.last(visit.coop)
    head = None if note is None else stated(note)
    response = page(
        request,
        "verify.html",
        head=head,
        root="" if head is None else base64.b64encode(head.root).decode(),
        cosigned=[] if note is None else _cosigners(note),
        stamped=stamped,
        entries=(await desk.log.head(visit.coop)).next_index,
        run=run,
        origin=desk.origin(visit.coop),
        vkey=desk.verifications.key(visit.coop).encode(),
    )
    if run is not None and run.running:
        # The reader started it, and waits; without a script the page itself asks again.
        response.headers["Refresh"] = str(AGAIN_S)
    return response


async def begin(request: Request) -> Response:
    """Begin to verify the log."""
    visit = require(request, *READS)
    begun = visit.desk.overseeing.verifications.start(visit.coop, by=visit.person.id)
    return done(visit, "verify", "verify.begun" if begun else "verify.running", tone="good" if begun else "note")


ROUTES: Final = (Route(PATH, show, methods=["GET"]), Route(PATH, begin, methods=["POST"]))
"""For `PAGES` of app.py."""


def _cosigners(note: str) -> list[str]:
    """Return the names of those who cosigned a checkpoint; the log's own signature bears its origin as name."""
    origin = note.partition("\n")[0]
    lines = note.partition("\n\n")[2].splitlines()
    names = [parts[1] for line in lines if len(parts := line.split(" ")) == 3]
    return sorted({name for name in names if name != origin})
