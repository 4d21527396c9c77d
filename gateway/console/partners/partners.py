"""提供先: every partner with its agreements, supervision and keys; one of them in full; and its suspension.

Suspension is one person's act and holds for the next transfer. What takes two people is in partner_requests.py.
"""

import asyncio
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.forms import Form
from gateway.console.navigation import EVERYBODY, POLICY
from gateway.console.pages import done, page
from gateway.console.proposals.acts import office_of
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit, require
from gateway.control_plane.office import Office
from gateway.control_plane.partners.acts import set_state
from gateway.control_plane.partners.document import Document, read_document
from gateway.control_plane.partners.sheet import Sheet, sheets
from gateway.core.days import Moment, midnight
from gateway.core.plain_text import writable
from gateway.core.policy import Policy
from gateway.core.staff import Role
from gateway.tlog.entries import Partner as Event, decode

SUSPENDS: Final[tuple[Role, ...]] = ("operator", "manager")
LONGEST_REASON: Final = 2_000


async def partners(request: Request) -> Response:
    """List the partners that a published version names."""
    visit = require(request, *EVERYBODY)
    found, document = await read_sheets(visit)
    return page(request, "partners.html", sheets=found, kept=document is not None, midnight=midnight)


async def partner(request: Request) -> Response:
    """Show one partner."""
    visit = require(request, *EVERYBODY)
    sheet, document = await one_sheet(visit, request)
    return _shown(request, visit, sheet, document)


async def suspend(request: Request) -> Response:
    """Stop every release to a partner, at once: its id typed again, and a reason."""
    visit = require(request, *SUSPENDS)
    office, form = office_of(visit), visit.form
    # What stops a partner depends on as little as can be: the files are read where the page is shown again.
    sheet, _ = await one_sheet(visit, request, files=False)
    # A browser sends two characters for a line's end, and counts one.
    reason = form.text("reason").replace("\r\n", "\n")
    wrong = _wrong(sheet, form.text("confirm"), reason)
    if wrong is not None:
        return _shown(request, visit, *await one_sheet(visit, request), told=wrong)
    await set_state(
        office.log, visit.coop, sheet.partner.id, active=False, by=visit.person.id, reason=reason, clock=office.clock
    )
    # Nothing waits for this process to know: a release decided before is bounced at its commit.
    return done(visit, f"partners/{sheet.partner.id}", "partners.suspended", name=sheet.partner.name)


ROUTES: Final = (
    Route("/{coop}/partners", partners, methods=["GET"]),
    Route("/{coop}/partners/{partner}", partner, methods=["GET"]),
    Route("/{coop}/partners/{partner}/suspend", suspend, methods=["POST"]),
)
"""For `PAGES` of app.py."""


def _wrong(sheet: Sheet, confirm: str, reason: str) -> str | None:
    """Return the key of what stands against a suspension as it was sent."""
    if sheet.standing == "suspended":
        return "partners.wrong.already"
    if confirm != sheet.partner.id:
        return "partners.wrong.confirm"
    if not reason:
        return "partners.wrong.reason"
    if not writable(reason):
        return "partners.wrong.text"
    return "partners.wrong.long" if len(reason) > LONGEST_REASON else None


async def one_sheet(visit: Visit, request: Request, *, files: bool = True) -> tuple[Sheet, Document | None]:
    """Return the sheet of the path's partner, as `read_sheets` does. Raises Refusal 404 where no version names it."""
    found, document = await read_sheets(visit, files=files)
    asked = request.path_params["partner"]
    sheet = next((one for one in found if one.partner.id == asked), None)
    if sheet is None:
        raise Refusal(404, "partners.unknown")
    return sheet, document


async def read_sheets(visit: Visit, *, files: bool = True) -> tuple[list[Sheet], Document | None]:
    """Return the sheets as of now, and what the version's files say where they were kept."""
    office, document, events = visit.desk.office, None, None
    if office is not None:
        await office.in_force.refresh(visit.coop)
    snapshot = visit.desk.current(visit.coop)
    policy = snapshot.policy_at(Moment(visit.now))
    if office is not None:
        document = await _document(office, policy) if files and policy is not None else None
        entries = map(decode, await office.log.of_kind(visit.coop, "partner"))
        events = [entry for entry in entries if isinstance(entry, Event)]
    return sheets(snapshot, policy, document=document, events=events, now=visit.now), document


async def _document(office: Office, policy: Policy) -> Document | None:
    files = await office.proposals.files_of_version(policy.coop, policy.digest)
    if files is None:
        return None
    # Reading all files takes longer than releases on this loop may wait.
    checked = await asyncio.to_thread(office.policy_files.check, policy.coop, files)
    if checked.document is None or checked.digest != policy.digest:
        return None
    return read_document(checked.document)


def _shown(
    request: Request, visit: Visit, sheet: Sheet, document: Document | None, *, told: str | None = None
) -> Response:
    offered = visit.desk.office is not None and sheet.standing != "suspended"
    return page(
        request,
        "partner.html",
        status=409 if told else 200,
        sheet=sheet,
        kept=document is not None,
        told=None if told is None else visit.texts(told, partner=sheet.partner.id, most=LONGEST_REASON),
        typed=visit.form if told else Form(),
        acts=visit.desk.office is not None,
        suspends=offered and any(visit.holds(role) for role in SUSPENDS),
        reads_grants=bool(set(visit.roles_now) & set(POLICY)),
        midnight=midnight,
        instant=datetime.fromisoformat,
    )
