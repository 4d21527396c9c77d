"""authorization_details: what one token is for (RFC 9396; security-profile §0).

Exactly one entry: one co-op, one purpose, one agreement, the fields, and the product class where there is one. A token
is never good for a second purpose.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from gateway.jose.intake import Malformed, strict_json
from gateway.oauth.rfc6749 import OAuthError

DETAIL_TYPE = "urn:joint-use:member-data"

_Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
_Field = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]


class Detail(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag=DETAIL_TYPE,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """What a token is for, as asked and as granted; encoded, it is the entry itself."""

    coop: _Name
    purpose: _Name
    agreement: _Name
    fields: Annotated[tuple[_Field, ...], msgspec.Meta(min_length=1, max_length=500)]
    product: _Name | None = None
    actions: tuple[Literal["read"]] | None = None
    """Said back if it was said; it means nothing more."""


def parse_details(text: str | None) -> Detail:
    """Read the `authorization_details` parameter; raises OAuthError `invalid_authorization_details`."""
    if text is None:
        raise _refused("missing")
    try:
        return read_details(strict_json(text.encode()))
    except Malformed as malformed:
        raise _refused(malformed.reason) from None


def read_details(value: object) -> Detail:
    """Read an `authorization_details` array that is decoded already: exactly one entry, closed."""
    entry = value[0] if isinstance(value, list) and len(value) == 1 else None
    if not isinstance(entry, Mapping):
        raise _refused("one-entry")
    if entry.get("type") != DETAIL_TYPE or None in entry.values():  # msgspec lets both pass
        raise _refused("entry")
    try:
        detail = msgspec.convert(entry, Detail)
    except msgspec.ValidationError:
        raise _refused("entry") from None
    if len(set(detail.fields)) != len(detail.fields):
        raise _refused("fields")
    return detail


def write_details(detail: Detail) -> list[object]:
    """Write the entry as granted, with the members it came with, as the array that answers and tokens carry."""
    return [msgspec.to_builtins(detail)]


def _refused(what: str) -> OAuthError:
    return OAuthError("invalid_authorization_details", "details:" + what)
