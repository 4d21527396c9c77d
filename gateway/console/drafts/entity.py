"""A partner of a draft as its pages show it, and the form that a page shows again with everything that was typed."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.drafts.draft import Draft, save
from gateway.console.forms import Form
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit
from gateway.control_plane.drafting.partner import partner_file, partner_of
from gateway.control_plane.drafting.partner_names import NAMES
from gateway.control_plane.grants.matrix_changes import check_partners, policy_in
from gateway.control_plane.partners.document import Document, PartnerText, read_document
from gateway.control_plane.partners.sheet import AgreementSheet, agreement_sheet
from gateway.core.days import midnight
from gateway.core.policy import Policy
from gateway.core.refused import Refused
from gateway.ports import Checked, Files

T = TypeVar("T")
Values = Mapping[str, str]
"""Field of a form → what stands in it."""


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A legal entity of a draft with its agreements."""

    id: str
    text: PartnerText
    agreements: tuple[AgreementSheet, ...]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the files of a draft say, as far as one partner's pages need it."""

    policy: Policy
    document: bytes
    entity: Entity


async def known_of(visit: Visit, draft: Draft, partner: str) -> Known:
    """Return what a draft says of one partner. Raises Refusal 404 for no such partner, 409 for files with errors."""
    if partner_file(partner) not in draft.files:
        raise Refusal(404)
    policy_files = visit.desk.policy_files
    # Reading files takes longer than releases on this loop may wait.
    checked = await asyncio.to_thread(
        check_partners, draft.files, {partner}, policy_files=policy_files, coop=visit.coop
    )
    try:
        text = partner_of(draft.files, partner, policy_files=policy_files)
        policy, document = said_by(checked)
    except Refused:
        raise Refusal(409, "draft_partners.broken") from None
    entity = Entity(id=partner, text=text, agreements=agreements_in(visit, policy, document, partner))
    return Known(policy=policy, document=checked.document or b"", entity=entity)


def said_by(checked: Checked) -> tuple[Policy, Document]:
    """Return what files say, to the gates and in words. Raises FilesRefused where they have errors."""
    return policy_in(checked), read_document(checked.document or b"")


def agreements_in(visit: Visit, policy: Policy, document: Document, partner: str) -> tuple[AgreementSheet, ...]:
    """Return how the agreements with a partner stand."""
    own = sorted((one for one in policy.agreements.values() if one.partner == partner), key=lambda one: one.id)
    texts = document.agreements.get(partner, {})
    return tuple(agreement_sheet(one, texts.get(one.id), visit.now) for one in own)


def filled(kind: type[T], form: Form) -> T:
    """Return what is typed in the fields of a form that a struct of texts names."""
    return kind(**{name: form.text(name) for name in kind.__struct_fields__})  # type: ignore[attr-defined]  # of structs


def typed(form: Form, names: Mapping[str, object] | tuple[str, ...]) -> dict[str, str]:
    """Return what stands in these fields of a form."""
    return {name: form.text(name) for name in names}


async def tried(
    visit: Visit, draft: Draft, make: Callable[[], Files], *, path: str, key: str, **values: str | int
) -> Response | Refused:
    """Save what `make` makes of the draft's files; return the answer, or the refusal to be shown on the page."""
    try:
        return await save(visit, draft, await asyncio.to_thread(make), path=path, key=key, **values)
    except Refused as fault:
        return fault


def form_page(
    request: Request,
    draft: Draft,
    template: str,
    *,
    values: Mapping[str, str],
    refused: Refused | None = None,
    **more: Any,
) -> Response:
    """Return a page of a draft's form, with status 409 where something was refused."""
    at = 0 if request.state.texts.language == "ja" else 1
    return page(
        request,
        template,
        status=409 if refused else 200,
        proposal=draft.proposal,
        edits=draft.edits,
        refused=refused,
        values=values,
        label=lambda name: NAMES[name][at],
        partners_url=f"/{draft.proposal.coop}/{draft.path}/partners",
        midnight=midnight,
        **more,
    )
