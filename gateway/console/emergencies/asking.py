"""緊急提供を申請する: one form, by the basis chosen above it; what is refused is shown with everything that was typed."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts.begin import departments_of
from gateway.console.emergencies.listing import PATH
from gateway.console.pages import done, page
from gateway.console.proposals.acts import office_of
from gateway.console.visit import Visit, require
from gateway.control_plane.drafting.grant import HOW, Condition, products_of, purposes_of
from gateway.control_plane.drafting.partner_names import NAMES
from gateway.control_plane.emergencies.asking import ask, to_come, version_of
from gateway.control_plane.emergencies.evidence import BASES, facts_of, offered
from gateway.control_plane.emergencies.files import Asked, conditions_of, longest
from gateway.control_plane.grants.matrix_changes import check_partners, texts_of
from gateway.core.bases import REQUIRED, Basis
from gateway.core.days import Moment
from gateway.core.policy import Policy
from gateway.core.refused import Refused
from gateway.ports import Files

CONDITIONS: Final = range(1, 3)
LINES: Final = frozenset({"protects", "why_consent_is_difficult", "subjects", "why_consent_would_hinder"})
"""Facts that are told in a sentence or two."""
_TYPED: Final = ("partner", "department", "purpose", "case", "members", "hours", "retention_days", "reason")
_CONDITION: Final = ("condition_field", "condition_how", "condition_values")


async def new(request: Request) -> Response:
    """Show the form (GET), or ask (POST)."""
    visit = require(request, "admin")
    office, form = office_of(visit), visit.form
    try:
        policy, files = await version_of(office, visit.coop)
    except Refused as fault:
        return page(request, "emergency_none.html", told=_words(visit, fault))
    bases = offered(policy, Moment(visit.now))
    asked_basis = form.text("basis") or request.query_params.get("basis", "")
    basis = next((one for one in BASES if one.value == asked_basis), None)
    basis = basis or next((one for one, usable in bases.items() if usable), BASES[0])
    facts = facts_of(basis)
    values = dict.fromkeys((*_TYPED, *facts, *_conditions()), "") | {"hours": "24", "retention_days": "30"}
    refused: Refused | None = None
    if request.method == "POST":
        values = {name: form.text(name) for name in values}
        asked = _wanted(values, basis, facts, form.all("products"), form.all("fields"))
        try:
            made = await ask(office, visit.coop, asked, by=visit.person.id)
        except Refused as fault:
            refused = fault
        else:
            return done(visit, f"emergencies/{made.id}", "emergencies.done.asked")
    return page(
        request,
        "emergency_new.html",
        status=409 if refused else 200,
        refused=refused,
        values=values,
        basis=basis,
        bases=bases,
        article=REQUIRED[basis].article,
        facts=facts,
        lines=LINES,
        departments=departments_of(visit),
        longest=longest(visit.now),
        to_come=to_come(visit.desk.current(visit.coop), visit.now),
        chosen_products=form.all("products"),
        chosen_fields=form.all("fields"),
        conditions=CONDITIONS,
        how=HOW,
        label=lambda name: NAMES[name][visit.texts.language != "ja"],
        **await _choices(visit, policy, files),
    )


ROUTES: Final = (Route(f"{PATH}/new", new, methods=["GET", "POST"]),)


def _conditions() -> tuple[str, ...]:
    return tuple(f"{part}_{number}" for number in CONDITIONS for part in _CONDITION)


def _wanted(
    values: Mapping[str, str], basis: Basis, facts: tuple[str, ...], products: tuple[str, ...], fields: tuple[str, ...]
) -> Asked:
    return Asked(
        **{name: values[name] for name in _TYPED},
        basis=basis.value,
        products=products,
        fields=fields,
        population=tuple(
            Condition(**{part.removeprefix("condition_"): values[f"{part}_{number}"] for part in _CONDITION})
            for number in CONDITIONS
        ),
        evidence={fact: values[fact] for fact in facts},
    )


async def _choices(visit: Visit, policy: Policy, files: Files) -> dict[str, Any]:
    at, snapshot = int(visit.texts.language != "ja"), visit.desk.current(visit.coop)
    names = {one.id: (one.ja, one.en)[at] for one in policy.fields.values()}
    # The words of the notices stand in the files alone; reading them takes longer than others' pages may wait.
    policy_files = office_of(visit).policy_files
    checked = await asyncio.to_thread(check_partners, files, (), policy_files=policy_files, coop=visit.coop)
    texts = texts_of(checked.document)
    active = [one for one in policy.partners.values() if snapshot.partner(one.id).active]
    rest = [one for one in policy.partners.values() if not snapshot.partner(one.id).active]
    return {
        "active": {one.id: one.name for one in active},
        "inactive": {one.id: one.name for one in rest},
        "purposes": {code: texts.purposes.get(code, "") for code in purposes_of(policy)},
        "products": {code: texts.products.get(code, "") for code in products_of(policy)},
        "fields": {
            one.id: (names[one.id], one.cls if one.cls != "ordinary" else "others" if one.about_others else "")
            for one in policy.fields.values()
        },
        "population": {name: names.get(name, name) for name in conditions_of(policy)},
    }


def _words(visit: Visit, fault: Refused) -> str:
    return fault.ja if visit.texts.language == "ja" else fault.en
