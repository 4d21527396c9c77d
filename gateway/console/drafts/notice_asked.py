"""A form on a draft's notice, of whatever kind: shown with what stands, saved as other files, refused with all it holds."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts.draft import Draft, draft_of, save
from gateway.console.drafts.inputs import Asking, Part
from gateway.console.forms import Form
from gateway.console.gate import here
from gateway.console.pages import page
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit
from gateway.control_plane.drafting.notice_names import NAMES
from gateway.control_plane.drafting.rewrite import Said, said_by
from gateway.core.policy import Field
from gateway.core.refused import Refused
from gateway.ports import Files, PolicyFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request for a form: who asks, of which draft, and what its files say."""

    visit: Visit
    draft: Draft
    said: Said
    at: Mapping[str, str]
    """The parameters of the path and of the query."""
    ask: Asking

    @property
    def form(self) -> Form:
        """What was typed."""
        return self.visit.form

    @property
    def policy_files(self) -> PolicyFiles:
        """What files mean."""
        return self.visit.desk.policy_files

    @property
    def version(self) -> str:
        """The version of the notice that the form is about: that of the path, else the newest. Raises Refusal 404."""
        found = self.at.get("version") or max(self.said.document["notices"], default="")
        if found not in self.said.document["notices"]:
            raise Refusal(404)
        return found

    @property
    def published(self) -> frozenset[str]:
        """The versions of the notice whose text was published through this gateway."""
        versions = self.visit.desk.current(self.visit.coop).versions
        return frozenset(one.version for version in versions for one in version.policy.notices if one.held)

    @property
    def notice(self) -> dict[str, Any]:
        """That version. Raises Refusal 404."""
        return self.said.notice(self.version)

    def name(self, field: str) -> str:
        """Return what a field is called, in the reader's language."""
        ja, en = NAMES[field]
        return ja if self.visit.texts.language == "ja" else en

    def words(self, key: str) -> str:
        """Return a text of this area, plain: the template escapes it."""
        return self.visit.texts(f"draft_notice.{key}").unescape()

    def field_label(self, field: Field) -> str:
        """Return the label of a field with its id."""
        return f"{field.ja if self.visit.texts.language == 'ja' else field.en} ({field.id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormOf:
    """A form of the notice: where it stands, what it asks, and the files that what is typed makes."""

    path: str
    """Below `/{coop}/proposals/{proposal}/notice/`."""
    key: str
    """Its texts: `draft_notice.<key>`, `….lead`, `….saved`."""
    parts: Callable[[Asked], list[Part]]
    """Raises Refusal 404 where the path names nothing."""
    files: Callable[[Asked], Files]
    """Raises Refused, FilesRefused."""

    @property
    def route(self) -> Route:
        """Its route, for reading and saving."""
        path = f"/{{coop}}/proposals/{{proposal}}/notice/{self.path}"
        return Route(path, self.answer, methods=["GET", "POST"])

    async def answer(self, request: Request) -> Response:
        """Show the form, or save what it says."""
        visit, draft = await draft_of(request)
        posted = request.method == "POST"
        refused: Refused | None = None
        asked: Asked | None = None
        parts: list[Part] = []
        try:
            said = await asyncio.to_thread(said_by, draft.files, visit.coop, policy_files=visit.desk.policy_files)
            asked = Asked(
                visit=visit,
                draft=draft,
                said=said,
                at={**request.query_params, **request.path_params},
                ask=Asking(visit.form, posted=posted),
            )
            parts = self.parts(asked)
            if posted:
                made = await asyncio.to_thread(self.files, asked)
                back = f"{draft.path}/notice" + (f"?version={asked.version}" if "version" in asked.at else "")
                return await save(visit, draft, made, path=back, key=f"draft_notice.{self.key}.saved")
        except Refused as fault:
            refused = fault
        return page(
            request,
            "draft_notice_form.html",
            status=409 if refused else 200,
            proposal=draft.proposal,
            edits=draft.edits,
            refused=refused,
            key=self.key,
            parts=parts,
            action=here(request),
            about="" if asked is None else about(asked),
            asks=any(part.inputs or part.rows for part in parts),
        )


def about(asked: Asked) -> str:
    """Return what of the notice a form is about: the version, purpose, class or decision of its path."""
    named = (asked.at.get(part, "") for part in ("version", "purpose", "class", "decision"))
    return " ".join(one for one in named if one)
