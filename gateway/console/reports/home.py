"""台帳と報告: which reports there are, for whom, and where."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.navigation import OVERSIGHT, POLICY
from gateway.console.pages import page
from gateway.console.reports.month import READERS
from gateway.console.visit import require
from gateway.core.staff import Role

REPORTS: Final[tuple[tuple[str, tuple[Role, ...]], ...]] = (
    ("ledger", POLICY),
    ("month", READERS),
    ("provisions", OVERSIGHT),
    ("pack", OVERSIGHT),
)


async def show(request: Request) -> Response:
    """Show the reports that the reader may read."""
    visit = require(request, *POLICY)
    return page(
        request,
        "reports.html",
        reports=[key for key, roles in REPORTS if set(roles) & set(visit.roles_now)],
    )


ROUTES: Final = (Route("/{coop}/reports", show, methods=["GET"]),)
"""For `PAGES` of app.py."""
