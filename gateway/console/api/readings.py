"""What may be read besides proposals: the versions, the people, the grants that nobody used."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.api.inbound import only
from gateway.console.api.problems import Malformed
from gateway.console.api.shown import answer, person, version
from gateway.console.navigation import EVERYBODY, POLICY
from gateway.console.people.people import lines_of
from gateway.console.proposals.acts import office_of
from gateway.console.proposals.versions import rows_of
from gateway.console.visit import require
from gateway.control_plane.grants.unused import DAYS, unused

MOST_DAYS: Final = 366
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


async def versions(request: Request) -> Response:
    """Return the published versions, the one published last first."""
    visit = require(request, *EVERYBODY)
    only(request)
    return answer({"versions": [version(row) for row in rows_of(visit.desk.current(visit.coop), visit.now)]})


async def people(request: Request) -> Response:
    """Return everybody who acts or acted for the co-op, with their roles."""
    visit = require(request, *EVERYBODY)
    only(request)
    return answer({"people": [person(line) for line in lines_of(visit)]})


async def unused_grants(request: Request) -> Response:
    """Return what was granted and never asked for in the last `?days=…`, and what to take out for it."""
    visit = require(request, *POLICY)
    only(request, "days")
    asked = request.query_params.get("days", str(DAYS))
    if not _NUMBER.fullmatch(asked) or int(asked) > MOST_DAYS:
        raise Malformed(f"days は1から{MOST_DAYS}までの数です", f"days is a number from 1 to {MOST_DAYS}")
    office = office_of(visit)
    await office.in_force.refresh(visit.coop)
    return answer(await unused(office.log, office.in_force.current(visit.coop), now=visit.now, days=int(asked)))


ROUTES: Final = (
    Route("/{coop}/versions", versions, methods=["GET"]),
    Route("/{coop}/people", people, methods=["GET"]),
    Route("/{coop}/unused-grants", unused_grants, methods=["GET"]),
)
