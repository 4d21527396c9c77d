"""What this client believes: an answer becomes data only after every check of the profile (§6) has passed.

     1  one body of type application/jwt, one `Transfer-Receipt`            content-type, receipt
     2  the body is sealed by this issuer's name to this client's key       jwe, jwe-header, jwe-kid, jwe-apu, jwe-apv, jwe-open
     3  inside is a JWS of type member-data+jwt with a closed header        header
     4  signed by a key the gateway publishes                               kid, signature
     5  from the issuer, to this client, of this minute                     iss, aud, iat, exp
     6  it answers the very request that was sent, within what that asked   rqh, jti, coop, purpose, agreement, results, page
     7  the receipt: same signer, same names, same transfer, this body      receipt-<claim>

Whatever is missing, of another type or unequal raises AnswerRejected with the check's name.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import httpx2

from gateway.client import jwe
from gateway.client.claims import SKEW, GatewayKeys, integer, same, statement, text, verified
from gateway.client.compact import Compact, b64u, sha256, unb64u
from gateway.client.config import Config
from gateway.client.errors import AnswerRejected
from gateway.client.keys import Key
from gateway.client.protocol import SignedRequest
from gateway.client.results import Page, Receipt, Removal, Result, Terms, Transfer

ANSWER_SECONDS = 600  # §6: exp = iat + 600

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer that could be opened; nothing in it is believed yet."""

    inner: Compact = field(repr=False)
    receipt: Compact = field(repr=False)
    receipt_jws: str
    body: bytes = field(repr=False)  # its SHA-256

    @property
    def kids(self) -> set[str]:
        """The gateway keys that both signatures claim."""
        return {self.inner.header["kid"], self.receipt.header["kid"]}


def unseal(response: httpx2.Response, *, keys: tuple[Key, ...], config: Config) -> Opened:
    """Checks 1 to 3, and the receipt's shape: what can be known without the gateway's keys. Raises AnswerRejected."""
    if response.headers.get("content-type") != "application/jwt":
        raise AnswerRejected("content-type", "the answer is not application/jwt")
    receipts = response.headers.get_list("transfer-receipt")
    if len(receipts) != 1:
        raise AnswerRejected("receipt", "the answer does not carry exactly one Transfer-Receipt")
    try:
        text = response.content.decode("ascii")
    except UnicodeDecodeError:
        raise AnswerRejected("jwe", "the answer is not a sealed (JWE) answer") from None
    plaintext = jwe.decrypt(text, keys=keys, issuer=config.issuer, client_id=config.client_id)
    return Opened(
        inner=statement(plaintext, typ="member-data+jwt", check="header"),
        receipt=statement(receipts[0].encode("utf-8"), typ="transfer-receipt+jwt", check="receipt-header"),
        receipt_jws=receipts[0],
        body=sha256(response.content),
    )


def accept(opened: Opened, *, sent: SignedRequest, keys: GatewayKeys, config: Config, now: float) -> Transfer:
    """Checks 4 to 7 on the answer about the members asked for. Raises AnswerRejected."""
    return _believe(opened, sent=sent, keys=keys, config=config, now=now)[0]


def accept_page(opened: Opened, *, sent: SignedRequest, keys: GatewayKeys, config: Config, now: float) -> Page:
    """The same for a page: its released members, and what its end brings (`since`, `removals`, `resync`). Raises AnswerRejected."""
    transfer, claims = _believe(opened, sent=sent, keys=keys, config=config, now=now)
    if "next" in claims:
        return Page(transfer, next=text(claims, "next"), since=None, removals=(), resync=False)
    since, removals, resync = end_of(claims)
    return Page(transfer, None, since, removals, resync)


def end_of(claims: dict[str, Any]) -> tuple[str, tuple[Removal, ...], bool]:
    """What the end of a walk brings: `since`, `removals` and `resync`. Raises AnswerRejected."""
    removals, resync = claims.get("removals"), claims.get("resync", False)
    if not isinstance(removals, list) or not isinstance(resync, bool):
        raise AnswerRejected("page", "the last page has no list of removals, or a `resync` that is no truth value")
    return text(claims, "since"), tuple(_removal(entry) for entry in removals), resync


def _believe(
    opened: Opened, *, sent: SignedRequest, keys: GatewayKeys, config: Config, now: float
) -> tuple[Transfer, dict[str, Any]]:
    """The only place where a Transfer is made. Raises AnswerRejected."""
    claims = verified(opened.inner, keys=keys)
    same(claims, {"iss": config.issuer, "aud": config.client_id, "rqh": b64u(sent.hash)})
    iat, exp = integer(claims, "iat"), integer(claims, "exp")
    if not sent.issued - SKEW <= iat <= now + SKEW:
        raise AnswerRejected("iat", "the answer was made at another time than it came (or a clock is wrong)")
    if not (iat < exp <= iat + ANSWER_SECONDS and now - SKEW < exp):
        raise AnswerRejected("exp", "the answer has expired or is valid for longer than the profile allows")
    transfer_id = text(claims, "jti")
    same(claims, {"coop": config.coop, "purpose": sent.ask.purpose, "agreement": config.agreement})
    receipt = receipt_of(
        opened,
        request_hash=sent.hash,
        keys=keys,
        config=config,
        transfer_id=transfer_id,
        began=sent.issued,
        now=now,
    )
    return Transfer(transfer_id, sent.ask.purpose, _results(claims, sent=sent), terms_of(claims), receipt), claims


def receipt_of(
    opened: Opened,
    *,
    request_hash: bytes,
    keys: GatewayKeys,
    config: Config,
    transfer_id: str | None,
    began: float,
    now: float,
) -> Receipt:
    """Check 7, for an answer that came between `began` and `now`; a part's transfer has its id from the receipt alone.

    Raises AnswerRejected.
    """
    prefix = "receipt-"
    claims = verified(opened.receipt, keys=keys, prefix=prefix)
    transfer_id = text(claims, "jti", prefix=prefix) if transfer_id is None else transfer_id
    names = {"iss": config.issuer, "aud": config.client_id, "jti": transfer_id}
    same(claims, {**names, "rqh": b64u(request_hash), "body": b64u(opened.body)}, prefix=prefix)
    iat, index = (integer(claims, name, prefix=prefix) for name in ("iat", "index"))
    if not began - SKEW <= iat <= now + SKEW:
        raise AnswerRejected("receipt-iat", "the receipt was made at another time than the answer")
    if index < 0:
        raise AnswerRejected("receipt-index", "the index counts from 0")
    try:
        leaf_hash = unb64u(text(claims, "leaf_hash", prefix=prefix))
    except ValueError:
        leaf_hash = b""
    if len(leaf_hash) != 32:
        raise AnswerRejected("receipt-leaf_hash", "the leaf hash is not 32 bytes")
    return Receipt(
        jws=opened.receipt_jws,
        transfer_id=transfer_id,
        origin=text(claims, "origin", prefix=prefix),
        index=index,
        leaf_hash=leaf_hash,
        issued_at=datetime.fromtimestamp(iat, UTC),
        request_hash=request_hash,
        body=opened.body,
    )


def _results(claims: dict[str, Any], *, sent: SignedRequest) -> tuple[Result, ...]:
    """In request order, exactly the members asked for, no field beyond those asked for; on a page released ones only.

    Raises AnswerRejected.
    """
    entries = claims.get("results")
    if not isinstance(entries, list):
        raise AnswerRejected("results", "`results` is missing or no list")
    results = tuple(_result(entry, allowed=set(sent.ask.fields)) for entry in entries)
    members = tuple(result.member for result in results)
    if sent.limit is None and members != sent.members:
        raise AnswerRejected("results", "the answer is not about exactly the members asked for, in their order")
    if sent.limit is not None:
        beyond = len(members) > sent.limit or len(set(members)) != len(members)
        if beyond or any(result.status != "released" for result in results):
            raise AnswerRejected("results", "the page is longer than asked, repeats a member or names unreleased ones")
    return results


def _result(entry: Any, *, allowed: set[str]) -> Result:
    match entry:
        case {"member": str(member), "status": "released", "data": dict(data), **rest} if not rest:
            if not data.keys() <= allowed:
                raise AnswerRejected("results", "a result has a field that was not asked for")
            return Result(member, "released", data)
        case {"member": str(member), "status": "not_available", **rest} if not rest:
            return Result(member, "not_available", None)
    raise AnswerRejected("results", "a result is malformed: `data` stands exactly where `released` does")


def _removal(entry: Any) -> Removal:
    duties: dict[str, Literal["delete", "stop_using"]] = {"delete": "delete", "stop_using": "stop_using"}
    match entry:
        case {"member": str(member), "duty": str(duty), "due": str(due), **rest} if (
            duty in duties and _DAY.match(due) and not rest
        ):
            return Removal(member, duties[duty], due)
    raise AnswerRejected("page", "a removal is malformed")


def terms_of(claims: dict[str, Any]) -> Terms:
    match claims.get("terms"):
        case {"retention": str(retention), "reprovision": bool(reprovision)}:
            return Terms(retention, reprovision)
    raise AnswerRejected("terms", "`terms` is missing or incomplete")
