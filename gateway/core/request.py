"""What a partner asks: the claims of a signed request, or where they are malformed (security-profile.md §6)."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from gateway.core.reasons import reason

MAX_MEMBERS = 1_000
MAX_FIELDS = 500

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CODE = re.compile(r"[0-9A-Za-z-]{1,64}")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_CLOSED = frozenset(
    (
        *("iss", "aud", "iat", "exp", "jti", "coop", "purpose", "agreement", "product", "case"),
        *("members", "page", "export", "fields"),
    )
)
_ASKED = ("members", "page", "export")
"""What is asked for, in one of these ways."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the granted population, from the start, a cursor or an earlier walk's end."""

    limit: int
    cursor: str | None = None
    since: str | None = None


Form = Literal["ndjson", "csv"]
"""How the records of an export stand in its parts."""


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """The granted population whole, in parts; or what of it is new since an earlier walk's end."""

    form: Form
    since: str | None = None


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """What an access token was issued for; a request may ask for less, never for anything else."""

    coop: str
    purpose: str
    agreement: str
    product: str | None = None
    fields: frozenset[str]


class DataRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A well-formed request: named members, a page, or an export; fields always explicit."""

    coop: str
    purpose: str
    agreement: str
    product: str | None = None
    case: str | None = None
    fields: tuple[str, ...]
    members: tuple[str, ...] | None = None
    page: Page | None = None
    export: Whole | None = None

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<DataRequest {self.coop} {self.purpose} {self.agreement}>"


class MalformedClaim(ValueError):
    """A claim is missing, extra or of the wrong form; `pointer` (RFC 6901) names it, never its value."""

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


def mismatches(request: DataRequest, bound: Bound) -> list[str]:
    """Return a reason for each part of a request that its access token was not issued for."""
    found = [
        name for name in ("coop", "purpose", "agreement", "product") if getattr(request, name) != getattr(bound, name)
    ]
    if not bound.fields.issuperset(request.fields):
        found.append("fields")
    return [reason("request", name, "mismatch") for name in found]


def parse(claims: Mapping[str, object]) -> DataRequest:
    """Return the request that closed, already verified claims make.

    Raises MalformedClaim at the first claim, in the order of the profile, that is not as it must be.
    """
    if not claims.keys() <= _CLOSED:
        # A foreign name may hold anything; only its presence is told.
        raise MalformedClaim("")
    coop, purpose = _match(claims, "coop", _NAME), _match(claims, "purpose", _NAME)
    agreement = _match(claims, "agreement", _NAME)
    product = _match(claims, "product", _NAME) if "product" in claims else None
    case = _match(claims, "case", _CASE) if "case" in claims else None
    if sum(name in claims for name in _ASKED) != 1:
        raise MalformedClaim("/members")
    return DataRequest(
        coop=coop,
        purpose=purpose,
        agreement=agreement,
        product=product,
        case=case,
        members=_list(claims["members"], "members", _CODE, MAX_MEMBERS) if "members" in claims else None,
        page=_page(claims["page"]) if "page" in claims else None,
        export=_export(claims["export"]) if "export" in claims else None,
        fields=_list(claims.get("fields"), "fields", _FIELD, MAX_FIELDS),
    )


def _match(claims: Mapping[str, object], name: str, form: re.Pattern[str]) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise MalformedClaim(f"/{name}")
    return value


def _list(value: object, name: str, form: re.Pattern[str], most: int) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise MalformedClaim(f"/{name}")
    seen: set[str] = set()
    for position, one in enumerate(value):
        if not isinstance(one, str) or not form.fullmatch(one) or one in seen:
            raise MalformedClaim(f"/{name}/{position}")
        seen.add(one)
    return tuple(value)


def _page(value: object) -> Page:
    if (
        not isinstance(value, dict)
        or not value.keys() <= {"limit", "cursor", "since"}
        or {"cursor", "since"} <= {*value}
    ):
        raise MalformedClaim("/page")
    limit = value.get("limit")
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_MEMBERS:
        raise MalformedClaim("/page/limit")
    for name in ("cursor", "since"):
        if name in value and not _is_token(value[name]):
            raise MalformedClaim(f"/page/{name}")
    return Page(limit=limit, cursor=value.get("cursor"), since=value.get("since"))


def _export(value: object) -> Whole:
    if not isinstance(value, dict) or not value.keys() <= {"form", "since"}:
        raise MalformedClaim("/export")
    if value.get("form") not in get_args(Form):
        raise MalformedClaim("/export/form")
    if "since" in value and not _is_token(value["since"]):
        raise MalformedClaim("/export/since")
    return Whole(form=value["form"], since=value.get("since"))


def _is_token(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 2_048
