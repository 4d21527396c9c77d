"""What a log entry may say: one closed schema per kind; an unknown key is refused, which keeps personal values out.

Entries are RFC 8785 JSON without floats, at most 16 KiB, hashed as stored and never re-canonicalised. They hold codes,
field names, counts, digests and commitments. `time` is when the matter was decided; instants are fixed-width RFC 3339
UTC with milliseconds, so their text sorts as they do. `gov` is the index of the governance entry it was decided under
(-1: before the first; null: no policy was read). Source: transfer-log.md "Entries".
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

Instant = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z")]
"""An instant as entries write it."""

MAX_ENTRY = 16 * 1024
GOVERNANCE = frozenset({"publish", "partner", "restrict"})
"""The kinds that move `gov`."""


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Members asked for, and what became of them; for a page, the records it read."""

    asked: int
    released: int = 0
    not_available: int = 0
    refused: int = 0


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    coop: str
    time: Instant

    @property
    def kind(self) -> str:
        """The kind, as written in the entry."""
        return str(self.__struct_config__.tag)


class Release(_Entry, frozen=True, tag_field="kind", tag="release", kw_only=True, omit_defaults=True):
    """Data is authorised to leave."""

    transfer: str
    valid_until: Instant
    partner: str
    client: str
    purpose: str
    product: str | None = None
    case: str | None = None
    basis: str
    article: str
    agreement: str
    grant: str
    notice: str
    policy: str
    gov: int
    fields: dict[str, str]
    page: bool = False
    counts: Counts
    commitment: str
    request: str
    body: str
    encryption: dict[str, str]
    proof: str


class Denial(_Entry, frozen=True, tag_field="kind", tag="denial", kw_only=True, omit_defaults=True):
    """A request was refused; or, with `summary`, how many were in one minute of one client."""

    transfer: str | None = None
    valid_until: Instant | None = None
    partner: str | None = None
    client: str | None = None
    purpose: str | None = None
    product: str | None = None
    case: str | None = None
    basis: str | None = None
    agreement: str | None = None
    notice: str | None = None
    policy: str | None = None
    gov: int | None = None
    fields: list[str] = []
    counts: Counts | None = None
    request: str | None = None
    proof: str | None = None
    reasons: list[str] = []
    summary: dict[str, int] = {}


class Publish(_Entry, frozen=True, tag_field="kind", tag="publish", kw_only=True, omit_defaults=True):
    """A policy version is published, effective at an instant."""

    gov: int
    policy: str
    base: str | None = None
    effective: Instant
    proposer: str
    approver: str
    preview: str | None = None
    reason: str


class Partner(_Entry, frozen=True, tag_field="kind", tag="partner", kw_only=True, omit_defaults=True):
    """A partner's state or key changes."""

    gov: int
    partner: str
    event: Literal["active", "suspended", "key_added", "key_ends"]
    client: str | None = None
    jwk: dict[str, str] = {}
    thumbprint: str | None = None
    start: Instant | None = None
    end: Instant | None = None
    by: str
    reason: str


class Restrict(_Entry, frozen=True, tag_field="kind", tag="restrict", kw_only=True, omit_defaults=True):
    """Restrictions of members are set or lifted: how many and a commitment, never codes."""

    gov: int
    event: Literal["set", "lifted"]
    restriction: Literal["stop_use", "stop_provide", "marketing_stop", "protected"]
    partner: str | None = None
    purpose: str | None = None
    start: Instant | None = None
    end: Instant | None = None
    members: int
    commitment: str
    by: str
    reason: str


class Key(_Entry, frozen=True, tag_field="kind", tag="key", kw_only=True, omit_defaults=True):
    """A key of the gateway's own is added or retired; later readers check old receipts by it."""

    gov: int | None = None
    event: Literal["added", "retired"]
    use: Literal["response", "log"]
    jwk: dict[str, str]
    by: str


Entry = Release | Denial | Publish | Partner | Restrict | Key

_decoder = msgspec.json.Decoder(Entry)
_encoder = msgspec.json.Encoder(order="sorted")


def encode(entry: Entry) -> bytes:
    """Return an entry's canonical bytes. Raises ValueError beyond 16 KiB."""
    # The names in an entry are ASCII and no number is a float, so sorted JSON is canonical; a test compares.
    data = _encoder.encode(entry)
    if len(data) > MAX_ENTRY:
        raise ValueError(f"an entry of {len(data)} bytes is longer than {MAX_ENTRY}")
    return data


def decode(data: bytes) -> Entry:
    """Return the entry that bytes hold. Raises ValueError for anything that no schema here allows."""
    if len(data) > MAX_ENTRY:
        raise ValueError(f"an entry of {len(data)} bytes is longer than {MAX_ENTRY}")
    entry: Entry = _decoder.decode(data)
    return entry


def instant(moment: datetime) -> str:
    """Return an instant as entries write it: `2026-11-22T05:06:07.123Z`, milliseconds cut off, never rounded up."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"
