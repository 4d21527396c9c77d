"""A whole population as parts: what an export's order, progress, parts and manifest must prove before they are believed.

A part is checked as a page is (`answer.py`, checks 1 to 5 and 7), and besides

     6  it is the very part that was fetched, of the export that was ordered      rqh, coop, purpose, agreement, export, n, jti
        what it holds is within what was asked, and only the last part has an end  results, csv, of, since, page
     8  the manifest: signed, of this export, parts numbered without a gap,       manifest-header, manifest-kid,
        a sum that is right                                                       manifest-<claim>

A part's receipt has the id of the release that this one fetch was: a part fetched twice has two, and both are evidence.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import httpx2

from gateway.client.answer import Opened, end_of, receipt_of, terms_of
from gateway.client.claims import SKEW, GatewayKeys, integer, same, statement, text, verified
from gateway.client.compact import b64u, json_object, unb64u
from gateway.client.config import Ask, Config
from gateway.client.errors import AnswerRejected
from gateway.client.protocol import SignedRequest
from gateway.client.results import Receipt, Removal, Result, Terms

Form = Literal["ndjson", "csv"]
State = Literal["running", "sealed", "confirmed", "cancelled", "expired", "failed"]

FORMS: Final[Mapping[str, Form]] = {"ndjson": "ndjson", "csv": "csv"}
_STATES: Final[Mapping[str, State]] = {
    "running": "running",
    "sealed": "sealed",
    "confirmed": "confirmed",
    "cancelled": "cancelled",
    "expired": "expired",
    "failed": "failed",
}
PART_SECONDS: Final = 1_500  # a part lies ready for a quarter of an hour and is then as good as any answer
MANIFEST: Final = "export-manifest+jwt"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,128}\Z")


@dataclass(frozen=True, slots=True)
class Export:
    """An export that the gateway took on: keep `id`, `request_hash` and `issued`, and it can be taken up by another process.

    `issued` is when this side signed the order, in seconds of Unix time; `expires` when the gateway deletes it.
    """

    id: str
    ask: Ask = field(repr=False)
    form: Form
    request_hash: bytes = field(repr=False)
    issued: int
    expires: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is: parts sealed and parts taken so far, records sealed so far, and whether no more will come."""

    state: State
    parts: int
    taken: int
    records: int
    final: bool
    expires: str

    @property
    def over(self) -> bool:
        """Whether nothing can be fetched of it any more."""
        return self.state not in {"running", "sealed"}


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """One part, every check passed. `results` holds its members, or `csv` one text with its header line first.

    `of` is the number of parts and stands on the last one alone, with `since`, `removals` and `resync` as on a last page.
    `sha256` and `size` are of the sealed body: what the manifest says of it.
    """

    n: int
    of: int | None
    results: tuple[Result, ...]
    csv: str | None
    records: int
    terms: Terms
    receipt: Receipt
    since: str | None
    removals: tuple[Removal, ...]
    resync: bool
    sha256: bytes
    size: int

    def __repr__(self) -> str:
        """Nothing of a member prints itself."""
        return f"<Part {self.n}, {self.records} records>"


@dataclass(frozen=True, slots=True)
class ManifestPart:
    """What a manifest says of one part: of its sealed body, as it was last handed out."""

    n: int
    sha256: bytes = field(repr=False)
    bytes: int
    records: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The gateway's signed word on what an export consists of: `jws` is evidence."""

    jws: str = field(repr=False)
    parts: tuple[ManifestPart, ...]
    total: int
    final: bool


def known_id(identifier: object) -> str | None:
    """The id of an export, or None for what would change the path."""
    return identifier if isinstance(identifier, str) and _ID.match(identifier) else None


def ordered(response: httpx2.Response, *, sent: SignedRequest, form: Form) -> Export:
    """The export that an order brought about. Raises AnswerRejected."""
    document = _document(response)
    identifier, expires = known_id(document.get("export")), document.get("expires")
    if identifier is None or not isinstance(expires, str) or document.get("form") != form:
        raise AnswerRejected("export", "the order was taken, and the answer does not say as what")
    return Export(identifier, sent.ask, form, sent.hash, sent.issued, expires)


def progress(response: httpx2.Response, *, export: Export) -> Progress:
    """How far an export is; the figures are for a person to look at, nothing rests on them. Raises AnswerRejected."""
    document = _document(response)
    match document:
        case {
            "export": export.id,
            "state": str(state),
            "form": export.form,
            "parts": int(parts),
            "taken": int(taken),
            "records": int(records),
            "final": bool(final),
            "expires": str(expires),
        } if state in _STATES and min(parts, taken, records) >= 0:
            return Progress(_STATES[state], parts, taken, records, final, expires)
    raise AnswerRejected("export", "the answer is not about the progress of the export that was asked for")


def accept_part(
    opened: Opened, n: int, *, export: Export, keys: GatewayKeys, config: Config, size: int, began: float, now: float
) -> Part:
    """Checks 4 to 7 on a part that was fetched between `began` and `now`; the only place where a Part is made.

    Raises AnswerRejected.
    """
    claims = verified(opened.inner, keys=keys)
    same(claims, {"iss": config.issuer, "aud": config.client_id, "rqh": b64u(export.request_hash)})
    same(claims, {"coop": config.coop, "purpose": export.ask.purpose, "agreement": config.agreement})
    same(claims, {"export": export.id, "jti": f"{export.id}.{n}"})
    if integer(claims, "n") != n:
        raise AnswerRejected("n", "this is another part than the one that was fetched")
    iat, exp = integer(claims, "iat"), integer(claims, "exp")
    if not export.issued - SKEW <= iat <= now + SKEW:
        raise AnswerRejected("iat", "the part was made before the order or after it came (or a clock is wrong)")
    if not (iat < exp <= iat + PART_SECONDS and now - SKEW < exp):
        raise AnswerRejected("exp", "the part has expired or is valid for longer than the profile allows")
    receipt = receipt_of(
        opened,
        request_hash=export.request_hash,
        keys=keys,
        config=config,
        transfer_id=None,
        began=began,
        now=now,
    )
    results, table, records = _content(claims, export=export)
    of, since, removals, resync = _end(claims, n)
    return Part(
        n=n,
        of=of,
        results=results,
        csv=table,
        records=records,
        terms=terms_of(claims),
        receipt=receipt,
        since=since,
        removals=removals,
        resync=resync,
        sha256=opened.body,
        size=size,
    )


def accept_manifest(
    response: httpx2.Response, *, export: Export, keys: GatewayKeys, config: Config, now: float
) -> Manifest:
    """Check 8; whether each part is the one that is here is for whoever keeps the parts. Raises AnswerRejected."""
    prefix = "manifest-"
    compact = statement(_jws(response).encode("utf-8"), typ=MANIFEST, check="manifest-header")
    claims = verified(compact, keys=keys, prefix=prefix)
    names = {"iss": config.issuer, "aud": config.client_id, "jti": export.id, "rqh": b64u(export.request_hash)}
    names |= {"coop": config.coop, "purpose": export.ask.purpose, "agreement": config.agreement, "form": export.form}
    same(claims, names, prefix=prefix)
    if not export.issued - SKEW <= integer(claims, "iat", prefix=prefix) <= now + SKEW:
        raise AnswerRejected("manifest-iat", "the manifest was made before the order or after it came")
    listed, final = claims.get("parts"), claims.get("final")
    if not isinstance(listed, list) or not isinstance(final, bool):
        raise AnswerRejected("manifest-parts", "the manifest has no list of parts, or a `final` that is no truth value")
    parts = tuple(_described(entry, n) for n, entry in enumerate(listed, 1))
    total = integer(claims, "total", prefix=prefix)
    if total != sum(part.records for part in parts):
        raise AnswerRejected("manifest-total", "the manifest's total is not the sum of its parts")
    return Manifest(_jws(response), parts, total, final)


def manifest_kid(response: httpx2.Response) -> str:
    """The key that a manifest claims to be signed with. Raises AnswerRejected for what is no manifest."""
    kid: str = statement(_jws(response).encode("utf-8"), typ=MANIFEST, check="manifest-header").header["kid"]
    return kid


def _jws(response: httpx2.Response) -> str:
    if response.headers.get("content-type") != "application/jwt":
        raise AnswerRejected("content-type", "the manifest is not application/jwt")
    try:
        return response.content.decode("ascii")
    except UnicodeDecodeError:
        raise AnswerRejected("manifest-header", "this is no signed statement of the gateway") from None


def _document(response: httpx2.Response) -> dict[str, Any]:
    try:
        return json_object(response.content)
    except ValueError:
        raise AnswerRejected("export", "the answer is not one JSON object") from None


def _described(entry: Any, n: int) -> ManifestPart:
    match entry:
        case {"n": int(number), "sha256": str(told), "bytes": int(size), "records": int(records), **rest} if (
            number == n and size > 0 and records >= 0 and not rest
        ):
            try:
                digest = unb64u(told)
            except ValueError:
                digest = b""
            if len(digest) == 32:
                return ManifestPart(n, digest, size, records)
    raise AnswerRejected("manifest-parts", "the manifest's parts are malformed, or leave a number out")


def _content(claims: dict[str, Any], *, export: Export) -> tuple[tuple[Result, ...], str | None, int]:
    if ("csv" in claims) != (export.form == "csv") or ("results" in claims) == (export.form == "csv"):
        raise AnswerRejected("results", "the part is of another form than was ordered")
    if export.form == "csv":
        table = text(claims, "csv")
        return (), table, _rows(table, export.ask.fields)
    entries = claims["results"]
    if not isinstance(entries, list):
        raise AnswerRejected("results", "`results` is no list")
    allowed = set(export.ask.fields)
    results = tuple(_result(entry, allowed=allowed) for entry in entries)
    if len({result.member for result in results}) != len(results):
        raise AnswerRejected("results", "the part repeats a member")
    return results, None, len(results)


def _result(entry: Any, *, allowed: set[str]) -> Result:
    match entry:
        case {"member": str(member), "data": dict(data), **rest} if not rest:
            if data.keys() <= allowed:
                return Result(member, "released", data)
            raise AnswerRejected("results", "a record has a field that was not asked for")
    raise AnswerRejected("results", "a record is malformed: it has exactly `member` and `data`")


def _rows(table: str, fields: tuple[str, ...]) -> int:
    """How many records a CSV text has; each as long as its header, which names fields that were asked for. Raises AnswerRejected."""
    try:
        header, *rows = csv.reader(io.StringIO(table, newline=""), strict=True)
    except (csv.Error, ValueError):
        raise AnswerRejected("csv", "the part is no CSV") from None
    if header[:1] != ["member"] or not set(header[1:]) <= set(fields) or len(set(header)) != len(header):
        raise AnswerRejected("csv", "the header is not `member` and fields that were asked for")
    if any(len(row) != len(header) for row in rows) or len({row[0] for row in rows}) != len(rows):
        raise AnswerRejected("csv", "a record is not as long as the header, or a member is repeated")
    return len(rows)


def _end(claims: dict[str, Any], n: int) -> tuple[int | None, str | None, tuple[Removal, ...], bool]:
    """What only the last part has: `of`, and the end of the walk. Raises AnswerRejected."""
    if "of" not in claims:
        if claims.keys() & {"since", "removals", "resync"}:
            raise AnswerRejected("of", "a part that is not the last has the end of the walk")
        return None, None, (), False
    if integer(claims, "of") != n:
        raise AnswerRejected("of", "the last part is not the last by its own number")
    return n, *end_of(claims)
