"""The question of 試す as a URL carries it: read, compared with what there is to choose, and written again."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from gateway.console.language import Texts as Words
from gateway.control_plane.grants.matrix import Texts, natural
from gateway.control_plane.grants.what_if import Question
from gateway.core.policy import Policy
from gateway.core.request import MAX_FIELDS

_PARTNER: Final = 40
_LONGEST_URL: Final = 1_800
"""What the guard lets pass, with some room."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """The form as it came, to be shown again."""

    partner: str
    agreement: str
    purpose: str
    product: str
    case: bool
    fields: tuple[str, ...]
    at: str
    proposal: str

    @property
    def asked(self) -> bool:
        """Whether anything is asked; otherwise the form is shown for the first time."""
        return bool(self.partner or self.agreement or self.purpose or self.product or self.case or self.fields)


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something typed that cannot be tried: its text is `try.fault.<key>`."""

    key: str
    values: Mapping[str, str | int] = {}


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What a form may choose: ids with their names, in reading order."""

    partners: Mapping[str, str]
    agreements: Mapping[str, str]
    """Agreement → partner."""
    purposes: Mapping[str, str]
    products: Mapping[str, str]
    fields: Mapping[str, str]


def read(query: QueryParams) -> Typed:
    """Return what the URL asks, blanks around each value cut; a field named twice counts once."""

    def text(name: str) -> str:
        return query.get(name, "").strip()

    named = (one.strip() for one in query.getlist("field"))
    return Typed(
        partner=text("partner"),
        agreement=text("agreement"),
        purpose=text("purpose"),
        product=text("product"),
        case=text("case") == "1",
        fields=tuple(dict.fromkeys(one for one in named if one)),
        at=text("at"),
        proposal=text("proposal"),
    )


def faults_of(typed: Typed, named: Named) -> list[Fault]:
    """Return what of a question names nothing that there is; no value is repeated that is not shaped as a name."""
    found = []
    for key, value, names in (
        ("partner", typed.partner, named.partners),
        ("purpose", typed.purpose, named.purposes),
        ("product", typed.product, named.products),
        ("agreement", typed.agreement, named.agreements),
    ):
        if not value and key in {"partner", "purpose"}:
            found.append(Fault(key=f"no_{key}"))
        elif value and value not in names:
            found.append(Fault(key=key, values={"name": _repeated(value)}))
    if typed.agreement and named.agreements.get(typed.agreement, typed.partner) != typed.partner:
        found.append(Fault(key="agreement_of", values={"name": typed.agreement}))
    found += [Fault(key="field", values={"name": _repeated(one)}) for one in typed.fields if one not in named.fields]
    if not typed.fields:
        found.append(Fault(key="no_field"))
    if len(typed.fields) > MAX_FIELDS:
        return [Fault(key="fields", values={"most": MAX_FIELDS})]
    return found


def question_of(typed: Typed) -> Question:
    """Return the question that a form asks."""
    return Question(
        partner=typed.partner,
        purpose=typed.purpose,
        product=typed.product or None,
        case=typed.case,
        fields=typed.fields,
        agreement=typed.agreement or None,
    )


def question_url(coop: str, typed: Typed, *, proposal: str) -> str:
    """Return where the same question is tried under a proposal, or under what is in force (an empty one)."""
    said = {
        "proposal": proposal,
        "partner": typed.partner,
        "agreement": typed.agreement,
        "purpose": typed.purpose,
        "product": typed.product,
        "case": "1" if typed.case else "",
        "at": typed.at,
    }
    pairs = [(name, value) for name, value in said.items() if value]
    query = urlencode([*pairs, *(("field", one) for one in typed.fields)])
    return f"/{coop}/try?{query}" if query else f"/{coop}/try"


def draft_url(
    coop: str, words: Words, typed: Typed, named: Named, *, rules: Sequence[str], department: str = ""
) -> str:
    """Return where a draft begins that shall mend what was withheld: its title and reason typed in, in names alone.

    As many of the rules are named as the URL has room for.
    """
    partner = named.partners.get(typed.partner, _repeated(typed.partner))[:_PARTNER]
    said = {
        "title": words("drafts.prefill.title", partner=partner, purpose=_repeated(typed.purpose)).unescape(),
        "department": department,
    }
    url = f"/{coop}/proposals/new?{urlencode(said)}"
    for count in range(1, len(rules) + 1):
        reason = words("drafts.prefill.reason", rules=", ".join(rules[:count])).unescape()
        longer = f"/{coop}/proposals/new?{urlencode({**said, 'reason': reason})}"
        if len(longer) > _LONGEST_URL:
            break
        url = longer
    return url


def _repeated(value: str) -> str:
    return value if NAME.fullmatch(value) else "…"


def named_in(policy: Policy | None, texts: Texts, *, lang: str) -> Named:
    """Return what a version lets a form choose; nothing where there is none."""
    if policy is None:
        return Named(partners={}, agreements={}, purposes={}, products={}, fields={})
    grants = [grant for one in policy.agreements.values() for grant in one.grants]
    purposes = {*(name for notice in policy.notices for name in notice.purposes), *(one.purpose for one in grants)}
    products = frozenset[str]().union(*(one.products for one in policy.notices), *(one.products for one in grants))
    agreements = sorted(policy.agreements.values(), key=lambda one: (one.partner, one.id))
    return Named(
        partners={name: policy.partners[name].name for name in sorted(policy.partners)},
        agreements={one.id: one.partner for one in agreements},
        purposes={name: texts.purposes.get(name, "") for name in sorted(purposes, key=natural)},
        products={name: texts.products.get(name, "") for name in sorted(products, key=natural)},
        fields={name: one.ja if lang == "ja" else one.en for name, one in policy.fields.items()},
    )
