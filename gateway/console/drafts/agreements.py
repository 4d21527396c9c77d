"""契約・覚書 of a draft: a new one, its document and term, clauses, supervision, selection, grants and the end of use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts.draft import Draft, draft_of
from gateway.console.drafts.entity import Known, Values, filled, form_page, known_of, tried, typed
from gateway.console.drafts.partners import PATH as PARTNERS
from gateway.console.refusal import Refusal
from gateway.console.visit import Visit
from gateway.control_plane.drafting.agreement import (
    CLAUSES,
    FORMS,
    Certificate,
    Check,
    End,
    NewAgreement,
    Paper,
    Selection,
    agreements_of,
    as_typed,
    certify,
    change_clauses,
    change_paper,
    end_use,
    new_agreement,
    record_check,
    record_evidence,
    record_selection,
)
from gateway.control_plane.partners.document import AgreementText, Contacts
from gateway.control_plane.partners.sheet import AgreementSheet
from gateway.core.bases import REQUIRED, Basis
from gateway.ports import Files

PATH: Final = f"{PARTNERS}/{{partner}}/agreements"
BASES: Final = tuple(basis.value for basis in Basis)
CLAUSE_FIELDS: Final = (*CLAUSES, "responsible", "inquiries")
THREE: Final = CLAUSES[:3]
_NEW: Final = (
    *("agreement", "ground", "programme", "members_per_day"),
    *Paper.__struct_fields__,
    *CLAUSE_FIELDS,
    *Check.__struct_fields__,
    *Selection.__struct_fields__,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An agreement of a draft and who looks at it."""

    visit: Visit
    draft: Draft
    known: Known
    sheet: AgreementSheet
    text: AgreementText

    @property
    def path(self) -> str:
        """Its page, as `done` takes a path."""
        return f"{self.draft.path}/partners/{self.known.entity.id}/agreements/{self.sheet.id}"

    def make(self, act: Callable[..., Files], said: object) -> Callable[[], Files]:
        """Return how an act makes other files of the draft's."""
        at = (self.visit.coop, self.known.entity.id, self.sheet.id)
        return lambda: act(self.draft.files, *at, said, policy_files=self.visit.desk.policy_files)


async def place_of(request: Request) -> Place:
    """Return the agreement that the URL names. Raises Refusal 404, 409 for files with errors."""
    visit, draft = await draft_of(request)
    partner, name = request.path_params["partner"], request.path_params["agreement"]
    known = await known_of(visit, draft, partner)
    sheet = next((one for one in known.entity.agreements if one.id == name), None)
    text = agreements_of(draft.files, visit.coop, partner, policy_files=visit.desk.policy_files).get(name)
    if sheet is None or text is None:
        raise Refusal(404)
    return Place(visit=visit, draft=draft, known=known, sheet=sheet, text=text)


async def new(request: Request) -> Response:
    """Show the form of a further agreement on one basis (GET), or add it (POST)."""
    visit, draft = await draft_of(request)
    partner = request.path_params["partner"]
    known = await known_of(visit, draft, partner)
    asked = visit.form.text("basis") or request.query_params.get("basis", "joint_use")
    if asked not in BASES:
        raise Refusal(400)
    basis = Basis(asked)
    facts = facts_of(basis)
    values = dict.fromkeys((*_NEW, *facts), "") | {"department": draft.proposal.department, "grace_days": "30"}
    refused = None
    if request.method == "POST":
        values = typed(visit.form, values)
        name = visit.form.text("agreement")
        answer = await tried(
            visit,
            draft,
            lambda: new_agreement(
                draft.files, visit.coop, partner, _wanted(visit, basis, facts), policy_files=visit.desk.policy_files
            ),
            path=f"{draft.path}/partners/{partner}/agreements/{name}",
            key="draft_partners.agreement_added",
            agreement=name,
        )
        if isinstance(answer, Response):
            return answer
        refused = answer
    return form_page(
        request,
        draft,
        "draft_agreement_new.html",
        values=values,
        refused=refused,
        entity=known.entity,
        basis=basis.value,
        bases=BASES,
        needs=REQUIRED[basis],
        facts=facts,
        three=THREE,
        forms=FORMS,
        **_choices(known, basis),
    )


async def one(request: Request) -> Response:
    """Show an agreement (GET), or change its document and term (POST)."""
    place = await place_of(request)
    contract, term = place.text.contract, place.text.term
    said = {
        "form": contract.form,
        "title": contract.title,
        "signed": contract.signed.isoformat(),
        "department": contract.department,
        "first": term.start.isoformat(),
        "last": "" if term.end is None else term.end.isoformat(),
    }
    return await _form(
        request,
        place,
        "draft_agreement.html",
        said,
        lambda form: place.make(change_paper, filled(Paper, form)),
        forms=FORMS,
    )


async def clauses(request: Request) -> Response:
    """Show the checklist of clauses (GET), or record their articles (POST)."""
    place = await place_of(request)
    return await _form(
        request,
        place,
        "draft_agreement_clauses.html",
        _articles(place.text.clauses),
        lambda form: place.make(change_clauses, typed(form, CLAUSE_FIELDS)),
        needs=REQUIRED[place.sheet.basis],
        three=THREE,
        all_clauses=CLAUSES,
    )


async def supervision(request: Request) -> Response:
    """Show how a partner is supervised (GET), or record a check and the next due day (POST)."""
    place = await place_of(request)
    was = place.text.supervision
    said = dict.fromkeys(Check.__struct_fields__, "") | {"grace_days": "30" if was is None else str(was.grace_days)}
    return await _form(
        request,
        place,
        "draft_agreement_supervision.html",
        said,
        lambda form: place.make(record_check, filled(Check, form)),
    )


async def selection(request: Request) -> Response:
    """Show how a partner was selected (GET), or record it (POST)."""
    place = await place_of(request)
    was = place.text.evidence.selection
    said = dict.fromkeys(Selection.__struct_fields__, "")
    if was is not None:
        said = {
            "criteria": was.criteria,
            "selected": was.on.isoformat(),
            "selection_result": was.result,
            "selected_by": was.by or "",
        }
    return await _form(
        request,
        place,
        "draft_agreement_selection.html",
        said,
        lambda form: place.make(record_selection, filled(Selection, form)),
    )


async def evidence(request: Request) -> Response:
    """Show the evidence of the basis (GET), or record it (POST); 404 for a basis that asks for none but a selection."""
    place = await place_of(request)
    facts = facts_of(place.sheet.basis)
    if not facts:
        raise Refusal(404)
    return await _form(
        request,
        place,
        "draft_agreement_evidence.html",
        {fact: as_typed(place.text.evidence, fact) for fact in facts},
        lambda form: place.make(record_evidence, typed(form, facts)),
        facts=facts,
        needs=REQUIRED[place.sheet.basis],
    )


async def end(request: Request) -> Response:
    """Show the end of use (GET), or record it or its certificate (POST)."""
    place = await place_of(request)
    was = place.text.end
    said = dict.fromkeys((*End.__struct_fields__, *Certificate.__struct_fields__), "")
    if was is not None:
        said |= {"end": was.on.isoformat(), "procedure": was.procedure, "erase_due": was.return_erase.due.isoformat()}
        if (proof := was.return_erase.certificate) is not None:
            said |= {"certificate": proof.number, "certified": proof.on.isoformat(), "certified_by": proof.by}

    def make(form: Any) -> Callable[[], Files]:
        match form.text("act"):
            case "end":
                return place.make(end_use, filled(End, form))
            case "certify":
                return place.make(certify, filled(Certificate, form))
        raise Refusal(400)

    # Two forms: what the other holds is not sent.
    return await _form(request, place, "draft_agreement_end.html", said, make)


ROUTES: Final = (
    Route(f"{PATH}/new", new, methods=["GET", "POST"]),
    Route(f"{PATH}/{{agreement}}", one, methods=["GET", "POST"]),
    Route(f"{PATH}/{{agreement}}/clauses", clauses, methods=["GET", "POST"]),
    Route(f"{PATH}/{{agreement}}/supervision", supervision, methods=["GET", "POST"]),
    Route(f"{PATH}/{{agreement}}/selection", selection, methods=["GET", "POST"]),
    Route(f"{PATH}/{{agreement}}/evidence", evidence, methods=["GET", "POST"]),
    Route(f"{PATH}/{{agreement}}/end", end, methods=["GET", "POST"]),
)
"""For `PAGES` of app.py."""


async def _form(
    request: Request,
    place: Place,
    template: str,
    said: Values,
    make: Callable[[Any], Callable[[], Files]],
    **more: Any,
) -> Response:
    """Show a form with what stands (GET), or try what is typed and show it again where it is refused (POST)."""
    values, refused, form = dict(said), None, place.visit.form
    if request.method == "POST":
        answer = await tried(
            place.visit,
            place.draft,
            make(form),
            path=place.path,
            key="draft_partners.agreement_changed",
            agreement=place.sheet.id,
        )
        if isinstance(answer, Response):
            return answer
        values |= {name: form.text(name) for name in said if name in form.fields}
        refused = answer
    return form_page(
        request,
        place.draft,
        template,
        values=values,
        refused=refused,
        entity=place.known.entity,
        sheet=place.sheet,
        agreement_url=f"/{place.visit.coop}/{place.path}",
        **more,
    )


def facts_of(basis: Basis) -> tuple[str, ...]:
    """Return what a basis asks for in its form of evidence; a selection has a form of its own."""
    facts = tuple(one for one in REQUIRED[basis].facts if one != "selection")
    return (*facts, "expires") if REQUIRED[basis].ends else facts


def _wanted(visit: Visit, basis: Basis, facts: tuple[str, ...]) -> NewAgreement:
    form = visit.form
    return NewAgreement(
        **typed(form, ("agreement", "ground", "programme", "members_per_day")),
        basis=basis.value,
        paper=filled(Paper, form),
        clauses=typed(form, CLAUSE_FIELDS),
        check=filled(Check, form),
        selection=filled(Selection, form),
        evidence=typed(form, facts),
    )


def _choices(known: Known, basis: Basis) -> dict[str, dict[str, str]]:
    """Return the grounds and programmes that the notices state, each by its name."""
    notices = known.policy.notices
    grounds = sorted({name for one in notices for name, its in one.grounds.items() if its.basis is basis})
    programmes = sorted({name for one in notices for name in one.programmes or ()})
    return {"grounds": {name: name for name in grounds}, "programmes": {name: name for name in programmes}}


def _articles(said: Mapping[str, str | Contacts | None]) -> dict[str, str]:
    """Return the clauses as their form has them."""
    found = dict.fromkeys(CLAUSE_FIELDS, "")
    for clause, one_of_them in said.items():
        if isinstance(one_of_them, Contacts):
            found |= {"responsible": one_of_them.responsible, "inquiries": one_of_them.inquiries}
            found[clause] = one_of_them.article
        else:
            found[clause] = one_of_them or ""
    return found
