"""What a log entry may say: one closed schema per kind; an unknown key is refused, which keeps personal values out.

Entries are RFC 8785 JSON without floats, at most 16 KiB, hashed as stored and never re-canonicalised. They hold codes,
field names, counts, digests and commitments. `time` is when the matter was decided; instants are fixed-width RFC 3339
UTC with milliseconds, so their text sorts as they do. `gov` is the index of the governance entry it was decided under
(-1: before the first; null: no policy was read). Digests and commitments are base64url of 32 bytes unless a field says
otherwise. A schema only ever gains keys that may be left out: what was logged once stays readable. Source:
transfer-log.md "Entries".
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from gateway.core.dossier import Event as Step, Matter
from gateway.tlog.jcs import canonical

Instant = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z")]
"""An instant as entries write it."""

Day = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
"""A JST calendar day."""

_MAX_INTEGER = 2**53 - 1
Count = Annotated[int, msgspec.Meta(ge=0, le=_MAX_INTEGER)]
Gov = Annotated[int, msgspec.Meta(ge=-1, le=_MAX_INTEGER)]

MAX_ENTRY = 16 * 1024
GOVERNANCE = frozenset({"publish", "partner", "restrict"})
"""The kinds that always move `gov`; a follow-up does where it blocks, and the answer that ends that (`governs`)."""


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Members asked for, and what became of them; for a page, the records it read."""

    asked: Count
    released: Count = 0
    not_available: Count = 0
    refused: Count = 0


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    coop: str
    time: Instant

    @property
    def kind(self) -> str:
        """The kind, as written in the entry."""
        return str(self.__struct_config__.tag)


class Release(_Entry, frozen=True, tag_field="kind", tag="release", kw_only=True, omit_defaults=True):
    """Data is authorised to leave.

    `part` is the number, from 1, of a part of an `export`. Of so many members that an earlier walk over the population
    gave, the answer says that they are to be `removed`.
    """

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
    gov: Gov
    fields: dict[str, str]
    page: bool = False
    export: str | None = None
    part: Count | None = None
    removed: Count = 0
    counts: Counts
    commitment: str
    request: str
    body: str
    encryption: dict[str, str]
    proof: str


class Denial(_Entry, frozen=True, tag_field="kind", tag="denial", kw_only=True, omit_defaults=True):
    """A request was refused; or, with `summary`, how many were in one minute of one client.

    `reasons` beside a `summary`: what that client was told of its enumeration budget in that minute, which refused nothing.

    `over`: so many members would have been released, had the grant's daily limit held them.
    """

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
    gov: Gov | None = None
    fields: list[str] = []
    counts: Counts | None = None
    request: str | None = None
    proof: str | None = None
    reasons: list[str] = []
    over: Count = 0
    summary: dict[str, Count] = {}


class Export(_Entry, frozen=True, tag_field="kind", tag="export", kw_only=True, omit_defaults=True):
    """A partner ordered a whole population in parts, or an order ended. No data leaves by it: each part has a release.

    `request` is the digest of the signed order, `parts` how many were made by its end.
    """

    gov: Gov | None = None
    event: Literal["ordered", "confirmed", "cancelled", "expired"]
    export: str
    transfer: str | None = None
    partner: str
    client: str
    purpose: str
    product: str | None = None
    case: str | None = None
    agreement: str
    grant: str | None = None
    notice: str | None = None
    policy: str | None = None
    fields: list[str] = []
    form: Literal["ndjson", "csv"] | None = None
    request: str | None = None
    proof: str | None = None
    parts: Count | None = None


class Publish(_Entry, frozen=True, tag_field="kind", tag="publish", kw_only=True, omit_defaults=True):
    """A policy version is published, effective at an instant."""

    gov: Gov
    policy: str
    base: str | None = None
    proposal: str | None = None
    effective: Instant
    proposer: str
    approver: str
    preview: str | None = None
    reason: str


class Partner(_Entry, frozen=True, tag_field="kind", tag="partner", kw_only=True, omit_defaults=True):
    """A partner's state or keys change, or somebody asks that they do: what takes two people is asked for first.

    `request` ties what was asked for to what became of it; `keys` are the public JWKs of a whole set, which is asked for
    and registered at once; `proof` is the digest of what the partner proved with that it holds the private halves.
    """

    gov: Gov
    partner: str
    event: Literal[
        "active",
        "suspended",
        "key_added",
        "key_ends",
        "keys_added",
        "keys_asked",
        "resume_asked",
        "request_refused",
        "request_withdrawn",
    ]
    request: str | None = None
    client: str | None = None
    keys: list[dict[str, str]] = []
    proof: str | None = None
    jwk: dict[str, str] = {}
    thumbprint: str | None = None
    start: Instant | None = None
    end: Instant | None = None
    approver: str | None = None
    by: str
    reason: str


class Restrict(_Entry, frozen=True, tag_field="kind", tag="restrict", kw_only=True, omit_defaults=True):
    """Restrictions of members are set or lifted: how many and a commitment, never codes; `ground` is what it rests on.

    What was `imported` is of several kinds at once: `events` says how many of each (`stop_use:set`, `withdrawal`), and
    `digest` is that of the file or message.
    """

    gov: Gov
    event: Literal["set", "lifted", "imported"]
    restriction: Literal["stop_use", "stop_provide", "marketing_stop", "protected"] | None = None
    partner: str | None = None
    purpose: str | None = None
    ground: str | None = None
    start: Instant | None = None
    end: Instant | None = None
    events: dict[str, Count] = {}
    digest: str | None = None
    members: Count
    commitment: str
    by: str
    reason: str


class Key(_Entry, frozen=True, tag_field="kind", tag="key", kw_only=True, omit_defaults=True):
    """A key of the gateway's own is added or retired; later readers check old receipts by it.

    Of the secret that tags are made with (`subject`) nothing can be shown but its check value (core/identity.py).
    """

    gov: Gov | None = None
    event: Literal["added", "retired"]
    use: Literal["response", "log", "subject"]
    jwk: dict[str, str] = {}
    check: str | None = None
    by: str
    reason: str | None = None


class FollowUp(_Entry, frozen=True, tag_field="kind", tag="follow_up", kw_only=True, omit_defaults=True):
    """A partner that holds data of these members is told what it must do with them, and by when.

    `source` is the index of the entry that it follows from. Where the partner receives nothing more while it is overdue,
    `blocks` is the day from which, and the entry is one of governance.
    """

    gov: Gov | None = None
    follow_up: str
    source: Count | None = None
    blocks: Day | None = None
    partner: str
    agreement: str | None = None
    purpose: str | None = None
    duty: Literal["correct", "stop_using", "delete"]
    due: Day
    members: Count
    commitment: str
    by: str
    reason: str


class Ack(_Entry, frozen=True, tag_field="kind", tag="ack", kw_only=True, omit_defaults=True):
    """A partner acknowledged a follow-up, or certified that it is done; `acknowledgement` is the digest of what it signed.

    What came on paper has no `client`, but `by` whom of the staff it was taken in and why: the digest is then of what they
    wrote of it. Where the follow-up blocks, the entry that ends that is one of governance.
    """

    gov: Gov | None = None
    event: Literal["acknowledged", "certified"] = "acknowledged"
    follow_up: str
    partner: str
    client: str | None = None
    acknowledgement: str
    by: str | None = None
    reason: str | None = None


class Review(_Entry, frozen=True, tag_field="kind", tag="review", kw_only=True, omit_defaults=True):
    """A period is signed off: the log as it stood (`size`, `root`) and how many entries of each kind were of it.

    The period runs from `start` up to, and without, `end`. `digest` is of what was sampled and found; another person
    countersigns the same.
    """

    gov: Gov | None = None
    event: Literal["signed", "countersigned"] = "signed"
    review: str | None = None
    digest: str | None = None
    start: Instant
    end: Instant
    size: Count
    root: str
    counts: dict[str, Count]
    by: str
    reason: str | None = None


class Access(_Entry, frozen=True, tag_field="kind", tag="access", kw_only=True, omit_defaults=True):
    """A member of staff looked at data of members, or took a view of the log away: of whom is committed to, never said.

    `view` is the view's code, `digest` that of the bytes that were taken away, or of the answer that was made.
    """

    gov: Gov | None = None
    look_up: Literal["history", "restrictions", "membership", "request", "export", "answer", "incident"]
    view: str | None = None
    digest: str | None = None
    transfer: str | None = None
    members: Count = 1
    commitment: str | None = None
    by: str
    reason: str


class Erase(_Entry, frozen=True, tag_field="kind", tag="erase", kw_only=True, omit_defaults=True):
    """Side rows are erased, those of the entries from `first` to `last`, or those of one member, who is committed to and
    never said, and so many of each table; or a co-op's member key is destroyed, which unlinks every member at once:
    `key` is the key's check value.
    """

    gov: Gov | None = None
    event: Literal["side_rows", "member", "subject_key_destroyed"]
    first: Count | None = None
    last: Count | None = None
    counts: dict[str, Count] = {}
    commitment: str | None = None
    key: str | None = None
    by: str
    reason: str


class Proposal(_Entry, frozen=True, tag_field="kind", tag="proposal", kw_only=True, omit_defaults=True):
    """A policy version is proposed, or what was proposed goes a step on its way; what is published is a `publish`.

    `content` is the digest of its files, `base` that of the version it changes, `preview` that of what was foreseen.
    """

    gov: Gov | None = None
    event: Literal["amend", "submit", "approve", "reject", "withdraw"]
    proposal: str
    department: str
    content: str
    base: str | None = None
    preview: str | None = None
    effective: Instant | None = None
    by: str
    reason: str | None = None


class Staff(_Entry, frozen=True, tag_field="kind", tag="staff", kw_only=True, omit_defaults=True):
    """A person may act for the co-op from now on, or no longer; or is given a role over a period, or it ends; or is known
    to the co-op's identity provider, or no longer, of which `digest` is made; or signs that so many roles (`count`) were
    reviewed, as they stand in what `digest` is of: `person` is who signed first, `by` who signs.
    """

    gov: Gov | None = None
    event: Literal["added", "left", "role_given", "role_ended", "linked", "unlinked", "roles_reviewed"]
    person: str
    role: Literal["admin", "manager", "compliance", "auditor", "operator"] | None = None
    department: str | None = None
    start: Instant | None = None
    end: Instant | None = None
    deputy_for: str | None = None
    count: Count | None = None
    digest: str | None = None
    by: str
    reason: str


class Dossier(_Entry, frozen=True, tag_field="kind", tag="dossier", kw_only=True, omit_defaults=True):
    """A step of what compliance keeps of one matter (core/dossier.py): `digest` is that of what was written, sealed."""

    gov: Gov | None = None
    dossier: str
    matter: Matter
    event: Step
    state: str
    revision: Count
    partner: str | None = None
    due: Day | None = None
    commitment: str | None = None
    digest: str
    by: str
    reason: str


Entry = (
    Release
    | Denial
    | Export
    | Publish
    | Partner
    | Restrict
    | Key
    | FollowUp
    | Ack
    | Review
    | Access
    | Erase
    | Proposal
    | Staff
    | Dossier
)

_decoder = msgspec.json.Decoder(Entry)
_encoder = msgspec.json.Encoder(order="sorted")


def governs(entry: Entry) -> bool:
    """Tell whether an entry moves `gov`."""
    if isinstance(entry, FollowUp | Ack):
        return entry.gov is not None
    return entry.kind in GOVERNANCE


def encode(entry: Entry) -> bytes:
    """Return an entry's canonical bytes. Raises ValueError beyond 16 KiB."""
    # No number is a float, and bytes sort ASCII keys as RFC 8785 does: sorted JSON is canonical then; a test compares.
    data = _encoder.encode(entry)
    if not data.isascii():
        data = canonical(msgspec.to_builtins(entry))
    if len(data) > MAX_ENTRY:
        raise ValueError(f"an entry of {len(data)} bytes is longer than {MAX_ENTRY}")
    return data


def decode(data: bytes) -> Entry:
    """Return the entry that bytes hold.

    Raises ValueError for anything that no schema here allows, and for what is not canonical: white space, another order
    of keys, a key twice, a default spelt out, nesting beyond all sense.
    """
    if len(data) > MAX_ENTRY:
        raise ValueError(f"an entry of {len(data)} bytes is longer than {MAX_ENTRY}")
    try:
        entry: Entry = _decoder.decode(data)
    except RecursionError:
        raise ValueError("an entry is nested too deeply") from None
    if encode(entry) != data:
        raise ValueError("an entry is not in its canonical form")
    return entry


def instant(moment: datetime) -> str:
    """Return an instant as entries write it: `2026-11-22T05:06:07.123Z`, milliseconds cut off, never rounded up."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"
