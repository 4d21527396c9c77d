"""提供範囲 of a draft: a further grant in an agreement, with its first field; the matrix gives it the others."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console.drafts.agreements import PATH, Place, place_of
from gateway.console.drafts.entity import form_page, tried
from gateway.control_plane.drafting.grant import (
    HOW,
    TRANSFORMS,
    Condition,
    NewGrant,
    filters_required,
    new_grant,
    population_fields,
    products_of,
    purposes_of,
)
from gateway.control_plane.grants.matrix_changes import texts_of
from gateway.core.transforms import TRANSFORM_WORDS
from gateway.ports import Files

CONDITIONS: Final = range(1, 4)
_TYPED: Final = (
    *("grant", "purpose", "field", "transform", "max_age_days", "retention_days", "members_per_day", "insurer"),
    *(f"{part}_{number}" for number in CONDITIONS for part in ("condition_field", "condition_how", "condition_values")),
)


async def new(request: Request) -> Response:
    """Show the form of a further grant (GET), or add it (POST)."""
    place = await place_of(request)
    visit, policy, form = place.visit, place.known.policy, place.visit.form
    values, refused = dict.fromkeys(_TYPED, "") | {"field": "member_code", "transform": "pairwise_id"}, None
    if request.method == "POST":
        values = {name: form.text(name) for name in _TYPED}

        def make() -> Files:
            return new_grant(
                place.draft.files,
                visit.coop,
                place.known.entity.id,
                place.sheet.id,
                _wanted(values, form.all("products")),
                policy=policy,
                policy_files=visit.desk.policy_files,
            )

        answer = await tried(
            visit,
            place.draft,
            make,
            path=f"matrix/{place.draft.proposal.id}/{place.known.entity.id}/{place.sheet.id}",
            key="draft_partners.grant_added",
            grant=values["grant"],
        )
        if isinstance(answer, Response):
            return answer
        refused = answer
    return form_page(
        request, place.draft, "draft_agreement_grant.html", values=values, refused=refused, **_offered(place)
    )


ROUTES: Final = (Route(f"{PATH}/{{agreement}}/grants/new", new, methods=["GET", "POST"]),)
"""For `PAGES` of app.py."""


def _offered(place: Place) -> dict[str, Any]:
    policy, at = place.known.policy, 0 if place.visit.texts.language == "ja" else 1
    texts = texts_of(place.known.document)
    names = {one.id: (one.ja, one.en)[at] for one in policy.fields.values()}
    return {
        "entity": place.known.entity,
        "sheet": place.sheet,
        "agreement_url": f"/{place.visit.coop}/{place.path}",
        "purposes": {code: texts.purposes.get(code, "") for code in purposes_of(policy)},
        "products": {code: texts.products.get(code, "") for code in products_of(policy)},
        "chosen": place.visit.form.all("products"),
        "fields": names,
        "population": {name: names.get(name, name) for name in population_fields(policy)},
        "transforms": {name: TRANSFORM_WORDS[name][at] for name in TRANSFORMS},
        "how": HOW,
        "conditions": CONDITIONS,
        "filtered": filters_required(policy, place.known.entity.id),
    }


def _wanted(values: dict[str, str], products: tuple[str, ...]) -> NewGrant:
    said = {name: values[name] for name in _TYPED if not name.startswith("condition_")}
    population = tuple(
        Condition(
            field=values[f"condition_field_{number}"],
            how=values[f"condition_how_{number}"],
            values=values[f"condition_values_{number}"],
        )
        for number in CONDITIONS
    )
    return NewGrant(**said, products=products, population=population)
