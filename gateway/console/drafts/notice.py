"""公表事項と決定 in a draft: its versions, what each still lacks and the form that fills it, and every decision.

What is shown is what the gates would decide with, read from the draft's own files (notices_view.py); each form is in
notice_forms.py, notice_lists.py and decisions.py.
"""

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts import decisions, notice_forms, notice_lists
from gateway.console.drafts.draft import draft_of
from gateway.console.notices.notices_view import (
    VersionShown,
    decision_shown,
    items_shown,
    purposes_shown,
    users_shown,
    version_shown,
)
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit
from gateway.control_plane.drafting.rewrite import Said, said_by
from gateway.control_plane.notices.document import read_document
from gateway.control_plane.refusals import FilesRefused

FILLS: Final = {
    "items": "items",
    "joint_purposes": "joint-purpose",
    "users": "users",
    "responsible_party.name": "responsible",
    "responsible_party.address": "responsible",
    "responsible_party.representative": "responsible",
}
"""Gap → the form that fills it, below the version."""
TEXT_LIMIT: Final = 1_024 * 1_024
"""Bytes of a form with a text as published: 100,000 characters of Japanese, percent-encoded."""


async def overview(request: Request) -> Response:
    """Show the notice of a draft: `?version=2022-04-01`, else the newest version whose text is held."""
    visit, draft = await draft_of(request)
    frame: dict[str, Any] = {"proposal": draft.proposal, "edits": draft.edits, "refused": None, "chosen": None}
    try:
        said = await asyncio.to_thread(said_by, draft.files, visit.coop, policy_files=visit.desk.policy_files)
    except FilesRefused as fault:
        return page(request, "draft_notice.html", status=409, **frame | {"refused": fault})
    shown = _shown(visit, said, request.query_params.get("version", ""))
    return page(request, "draft_notice.html", **frame | shown)


def _shown(visit: Visit, said: Said, asked: str) -> dict[str, Any]:
    policy, document = said.policy, read_document(said.raw)
    versions = [version_shown(one, document, visit.now) for one in reversed(policy.notices)]
    chosen = _chosen(versions, asked)
    values: dict[str, Any] = {
        "versions": versions,
        "chosen": chosen,
        "fills": FILLS,
        "fields": tuple(policy.fields.values()),
        "decisions": [(one.kind, decision_shown(visit, policy, one, document)) for one in policy.decisions],
    }
    if chosen is None:
        return values
    return values | {
        "file": document.notices[chosen.notice.version],
        "items": list(items_shown(visit, policy, chosen.notice, document)),
        "purposes": list(purposes_shown(visit, policy, chosen.notice, document)),
        "users": list(users_shown(visit, policy, chosen.notice, document)),
    }


def _chosen(versions: list[VersionShown], asked: str) -> VersionShown | None:
    held = [one for one in versions if one.notice.held]
    if not asked:
        return held[0] if held else None
    found = next((one for one in held if one.notice.version == asked), None)
    if found is None:
        raise Refusal(404)
    return found


_FORMS: Final = (*notice_forms.FORMS, *notice_lists.FORMS, *decisions.FORMS)
ROUTES: Final = (
    Route("/{coop}/proposals/{proposal}/notice", overview, methods=["GET"]),
    *(form.route for form in _FORMS),
)
"""For `PAGES` of app.py."""
LIMITS: Final = {form.route.path: TEXT_LIMIT for form in _FORMS if form.key in {"new", "text"}}
"""Bytes of a form, by the path of its route, where they are more than of others."""
