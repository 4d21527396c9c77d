"""What this side must do with data that it holds: the co-op's follow-ups, opened and checked, and the signed answers to them."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import httpx2

from gateway.client import jwe
from gateway.client.answer import ANSWER_SECONDS
from gateway.client.claims import SKEW, GatewayKeys
from gateway.client.compact import Compact, b64u, json_object, parse, sha256, sign
from gateway.client.config import Config
from gateway.client.errors import AnswerRejected, UsageError
from gateway.client.keys import Key
from gateway.client.protocol import REQUEST_SECONDS

Duty = Literal["correct", "stop_using", "delete"]
State = Literal["open", "acknowledged", "certified"]
Event = Literal["acknowledged", "certified"]
LONGEST: Final = 4_000
TYP: Final = "follow-ups+jwt"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_DUTIES: Final[Mapping[str, Duty]] = {"correct": "correct", "stop_using": "stop_using", "delete": "delete"}
_STATES: Final[Mapping[str, State]] = {"open": "open", "acknowledged": "acknowledged", "certified": "certified"}


@dataclass(frozen=True, slots=True, repr=False)
class FollowUp:
    """What is to be done with the data of these members, by `due`.

    `correct`: pull them again. `stop_using`, `delete`: what it says; a deletion is answered with a certificate. `members`
    is empty where all that was received in `period` (a month), or under an agreement that ended on that day, is meant, and
    once the duty is met. From `blocks` on, nothing is provided under the agreement as long as it is not.
    """

    id: str
    agreement: str
    duty: Duty
    due: str
    state: State
    count: int
    members: tuple[str, ...]
    purpose: str | None = None
    period: str | None = None
    blocks: str | None = None

    def __repr__(self) -> str:
        """Member codes do not print themselves."""
        return f"<FollowUp {self.id} {self.duty}, {self.count} members, due {self.due}, {self.state}>"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The co-op has the answer; `signed` is the digest of what this side signed, which its log names."""

    follow_up: str
    state: State
    signed: str


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """An answer as it was signed."""

    follow_up: str
    jws: str = field(repr=False)
    expires: int


@dataclass(frozen=True, slots=True, repr=False)
class Listed:
    """One page of follow-ups, and where the next begins."""

    follow_ups: tuple[FollowUp, ...]
    next: str | None


def check_id(follow_up: str) -> str:
    """Return the id of a follow-up. Raises UsageError for what would change the path."""
    if not _ID.match(follow_up):
        raise UsageError("the id of a follow-up is what follow_ups() calls `id`")
    return follow_up


def signed_answer(config: Config, follow_up: str, certificate: str | None, *, key: Key, now: int) -> SignedAnswer:
    """Sign that a follow-up was received, or with a certificate that it is done. Raises UsageError."""
    if certificate is not None and not 0 < len(certificate.strip()) <= len(certificate) <= LONGEST:
        raise UsageError(f"a certificate says who did what and when, in at most {LONGEST} characters")
    claims: dict[str, Any] = {
        "iss": config.client_id,
        "aud": config.resource,
        "iat": now,
        "exp": now + REQUEST_SECONDS,
        "jti": secrets.token_urlsafe(24),
        "coop": config.coop,
        "follow_up": check_id(follow_up),
        "event": "acknowledged" if certificate is None else "certified",
    }
    claims |= {} if certificate is None else {"certificate": certificate}
    jws = sign(key.private, header={"kid": key.kid, "typ": "follow-up-ack+jwt"}, claims=claims)
    return SignedAnswer(follow_up, jws, now + REQUEST_SECONDS)


def taken(response: httpx2.Response, *, sent: SignedAnswer) -> Acknowledged:
    """Return what the gateway says of an answer, once it is known to be about this one. Raises AnswerRejected."""
    try:
        document = json_object(response.content)
    except ValueError:
        raise AnswerRejected("follow-up", "the answer is not one JSON object") from None
    match document:
        case {"follow_up": sent.follow_up, "state": str(state), "signed": str(signed)} if state in _STATES:
            if signed == b64u(sha256(sent.jws.encode("ascii"))):
                return Acknowledged(sent.follow_up, _STATES[state], signed)
    raise AnswerRejected("follow-up", "the answer is not about the follow-up that was answered")


def unseal(response: httpx2.Response, *, keys: tuple[Key, ...], config: Config) -> Compact:
    """Open a list: sealed by this issuer's name to this client's key, inside a JWS of type follow-ups+jwt.

    Raises AnswerRejected.
    """
    if response.headers.get("content-type") != "application/jwt":
        raise AnswerRejected("content-type", "the answer is not of type application/jwt")
    try:
        text = response.content.decode("ascii")
    except UnicodeDecodeError:
        raise AnswerRejected("jwe", "the answer is not a sealed (JWE) answer") from None
    plaintext = jwe.decrypt(text, keys=keys, issuer=config.issuer, client_id=config.client_id)
    try:
        inner = parse(plaintext.decode("ascii"))
    except ValueError:
        raise AnswerRejected("header", "this is no signed statement of the gateway") from None
    header = inner.header
    if header != {"alg": "ES256", "kid": header.get("kid"), "typ": TYP} or not isinstance(header["kid"], str):
        raise AnswerRejected("header", f"the header is not exactly `alg` ES256, `kid` and `typ` {TYP}")
    return inner


def accept(inner: Compact, *, keys: GatewayKeys, config: Config, now: float) -> Listed:
    """Believe a list: signed by a published key, from the issuer to this client, of this minute, about this co-op.

    Raises AnswerRejected.
    """
    key = keys.get(inner.header["kid"])
    if key is None:
        raise AnswerRejected("kid", "the signature names a key that the gateway does not publish")
    try:
        claims = inner.verify(key)
    except ValueError:
        raise AnswerRejected("signature", "the signature does not verify") from None
    for name, expected in (("iss", config.issuer), ("aud", config.client_id), ("coop", config.coop)):
        if claims.get(name) != expected:
            raise AnswerRejected(name, f"`{name}` is not as it must be")
    match claims:
        case {"iat": int(iat), "exp": int(exp)} if now - ANSWER_SECONDS <= iat <= now + SKEW and now - SKEW < exp:
            pass
        case _:
            raise AnswerRejected("iat", "the list was made at another time than it came (or a clock is wrong)")
    listed, following = claims.get("follow_ups"), claims.get("next")
    if not isinstance(listed, list) or not isinstance(following, str | None):
        raise AnswerRejected("follow-ups", "the list is missing or malformed")
    return Listed(tuple(_follow_up(one) for one in listed), following)


def _follow_up(entry: Any) -> FollowUp:
    match entry:
        case {
            "id": str(identifier),
            "agreement": str(agreement),
            "duty": str(duty),
            "due": str(due),
            "state": str(state),
            "count": int(count),
            "members": list(members),
        } if duty in _DUTIES and state in _STATES and all(isinstance(one, str) for one in members):
            more = [entry.get(name) for name in ("purpose", "period", "blocks")]
            if all(isinstance(one, str | None) for one in more):
                purpose, period, blocks = more
                return FollowUp(
                    id=identifier,
                    agreement=agreement,
                    duty=_DUTIES[duty],
                    due=due,
                    state=_STATES[state],
                    count=count,
                    members=tuple(members),
                    purpose=purpose,
                    period=period,
                    blocks=blocks,
                )
    raise AnswerRejected("follow-ups", "a follow-up is malformed")
