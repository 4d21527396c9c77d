"""提供先 of a draft: every legal entity with how its agreements stand, and the forms that add one or change it."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts.draft import checked, draft_of
from gateway.console.drafts.entity import Entity, agreements_in, filled, form_page, known_of, said_by, tried, typed
from gateway.control_plane.drafting.partner import (
    PartnerTyped,
    change_partner,
    new_partner,
    partners_of,
)
from gateway.control_plane.partners.document import PartnerText
from gateway.core.refused import Refused

PATH: Final = "/{coop}/proposals/{proposal}/partners"
_NEW: Final = {"partner": "", **dict.fromkeys(PartnerTyped.__struct_fields__, ""), "country": "JP"}


async def overview(request: Request) -> Response:
    """List the legal entities of a draft, those with an agreement first."""
    visit, draft = await draft_of(request)
    rows: list[Entity] = []
    refused: Refused | None = None
    try:
        policy, document = said_by(await checked(visit, draft.files))
        entities = partners_of(draft.files, policy_files=visit.desk.policy_files)
        rows = [
            Entity(id=name, text=text, agreements=agreements_in(visit, policy, document, name))
            for name, text in entities.items()
        ]
    except Refused as fault:
        refused = fault
    rows.sort(key=lambda row: (not row.agreements, row.id))
    return form_page(request, draft, "draft_partners.html", values={}, refused=refused, rows=rows)


async def new(request: Request) -> Response:
    """Show the form of a further legal entity (GET), or add it (POST)."""
    visit, draft = await draft_of(request)
    if request.method == "GET":
        return form_page(request, draft, "draft_partner_new.html", values=_NEW)
    name = visit.form.text("partner")
    answer = await tried(
        visit,
        draft,
        lambda: new_partner(
            draft.files,
            visit.coop,
            name,
            filled(PartnerTyped, visit.form),
            policy_files=visit.desk.policy_files,
        ),
        path=f"{draft.path}/partners/{name}",
        key="draft_partners.added",
        partner=name,
    )
    if isinstance(answer, Response):
        return answer
    return form_page(request, draft, "draft_partner_new.html", values=typed(visit.form, _NEW), refused=answer)


async def one(request: Request) -> Response:
    """Show a legal entity with its agreements (GET), or change it (POST)."""
    visit, draft = await draft_of(request)
    name = request.path_params["partner"]
    known = await known_of(visit, draft, name)
    values, refused = _said(known.entity.text), None
    if request.method == "POST":
        answer = await tried(
            visit,
            draft,
            lambda: change_partner(
                draft.files,
                visit.coop,
                name,
                filled(PartnerTyped, visit.form),
                policy_files=visit.desk.policy_files,
            ),
            path=f"{draft.path}/partners/{name}",
            key="draft_partners.changed",
            name=known.entity.text.name,
        )
        if isinstance(answer, Response):
            return answer
        values, refused = typed(visit.form, values), answer
    return form_page(request, draft, "draft_partner.html", values=values, refused=refused, entity=known.entity)


ROUTES: Final = (
    Route(PATH, overview, methods=["GET"]),
    Route(f"{PATH}/new", new, methods=["GET", "POST"]),
    Route(f"{PATH}/{{partner}}", one, methods=["GET", "POST"]),
)
"""For `PAGES` of app.py."""


def _said(text: PartnerText) -> dict[str, str]:
    """Return a legal entity as its form has it."""
    contacts = text.contacts
    return {
        "name": text.name,
        "short_name": text.short_name,
        "corporate_number": text.corporate_number or "",
        "country": text.country,
        "address": text.address or "",
        "representative": text.representative or "",
        "responsible": (contacts and contacts.responsible) or "",
        "inquiries": (contacts and contacts.inquiries) or "",
        "incidents": (contacts and contacts.incidents) or "",
        "clients": "\n".join(client.id for client in text.clients),
        "archived": "" if text.archived is None else text.archived.isoformat(),
    }
