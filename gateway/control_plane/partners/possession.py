"""Proof that a partner holds the private halves of the keys it hands in, before they are registered.

    challenge   each signature key is given something of its own to sign, each encryption key something sealed to it
    answer      what was signed, and what was opened; made with the private keys (gateway/client/possession.py)

A challenge is bound to the co-op, the partner, the client, the whole set and its end, and authenticated with a key of the
co-op's, so that nothing is stored: whatever of it is altered makes it nobody's challenge. It may be answered twice: the
same set proved again is the same proof. What a signature key signs says for whom and for which key, under a `typ` that
no other message has; what an encryption key opens is random and derived, so it cannot be known without opening it.
Source: security-profile §3.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.control_plane.partners.key_words import set_refused
from gateway.core.refused import Refused
from gateway.jose import rfc4648
from gateway.jose.intake import Compact, Malformed, parse_compact, strict_json
from gateway.jose.rfc7515 import verify
from gateway.jose.rfc7516 import encrypt
from gateway.jose.rfc7517 import KeyRefused, PublicKey, accept_partner_set, jwk_set
from gateway.ports import CoopSecrets
from gateway.tlog.entries import instant
from gateway.tlog.jcs import canonical

LIFE: Final = timedelta(hours=24)
CHALLENGE: Final = "key-possession-challenge"
ANSWER: Final = "key-possession-answer"
SIGNED: Final = "key-possession+jwt"
SEALED: Final = "key-possession+jwe"
"""`type` of the two documents, `typ` of what is signed and of what is sealed."""

_LONGEST_JWS: Final = 8 * 1024
_ALGS: Final = frozenset({"ES256", "PS256"})
_MEMBERS: Final = frozenset({"type", "coop", "partner", "client", "jwks", "expires", "seed", "challenges", "mac"})

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "json": (
        "{what}をJSONとして読めません。ファイルの中身をそのまま、すべて貼り付けてください",
        "the {what} is not JSON: give the whole of the file, as it is",
    ),
    "challenge": (
        "このチャレンジはこの生協が作ったものではないか、途中で変わっています。新しいチャレンジを作り直してください",
        "this challenge was not made by this co-op, or was altered since; make a new one",
    ),
    "expired": (
        "チャレンジの期限({what})が過ぎています。新しいチャレンジを作り、提供先に渡してください",
        "the challenge ran out at {what}; make a new one and hand it to the partner",
    ),
    "other": (
        "このチャレンジは別の提供先・システム・鍵のもの({what})です。登録する鍵のチャレンジを使ってください",
        "this challenge is of another partner, client or key set ({what}); use the one that was made for these keys",
    ),
    "answer": (
        "回答の形が違います。`gateway client prove` が出したものを、そのまま渡してもらってください",
        "this is no answer to a challenge: take what `gateway client prove` printed, as it is",
    ),
    "unproved": (
        "鍵 `{what}` の回答がありません。鍵はすべて証明が必要です。何も登録していません",
        "there is no answer for the key `{what}`; each key of the set is to be proved. Nothing was registered",
    ),
    "proof": (
        "鍵 `{what}` の回答が正しくありません。提供先がその秘密鍵を持つことを確かめられないので、何も登録していません",
        "the answer for the key `{what}` is wrong: the partner is not shown to hold the private key. Nothing was registered",
    ),
}


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """A set of keys whose private halves the partner holds, and the answer that shows it."""

    keys: tuple[PublicKey, ...]
    answer: bytes
    """Canonical JSON, to be kept: a signature key's part is evidence that it was handed in by its holder."""

    @property
    def digest(self) -> str:
        """SHA-256 of the answer, as the log names it."""
        return rfc4648.encode(hashlib.sha256(self.answer).digest())


def possession_key(of_coop: CoopSecrets) -> bytes:
    """Return the key that a co-op's challenges are authenticated with (RFC 5869), used for nothing else."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"key possession").derive(of_coop.requests)


def read(text: str, what: str) -> object:
    """Return the JSON that somebody handed in; `what` names it in a refusal. Raises Refused."""
    try:
        return strict_json(text.strip().removeprefix("\ufeff").encode())
    except (Malformed, UnicodeEncodeError):
        raise _refused("json", what) from None


def keys_of(jwks: object) -> tuple[PublicKey, ...]:
    """Return the keys of a JWK Set that is accepted whole. Raises Refused."""
    try:
        return accept_partner_set(jwks)
    except KeyRefused as refused:
        raise set_refused(refused) from None


def challenge(
    key: bytes, keys: Sequence[PublicKey], *, coop: str, partner: str, client: str, now: datetime
) -> dict[str, Any]:
    """Return the document that the partner answers with its private keys, within `LIFE`."""
    seed = rfc4648.encode(secrets.token_bytes(16))
    document: dict[str, Any] = {
        "type": CHALLENGE,
        "coop": coop,
        "partner": partner,
        "client": client,
        "jwks": jwk_set(one.jwk for one in keys),
        "expires": instant(now + LIFE),
        "seed": seed,
        "challenges": [_challenged(key, seed, one, coop=coop, partner=partner, client=client) for one in keys],
    }
    return document | {"mac": _mac(key, document)}


def proved(key: bytes, given: object, answer: object, *, coop: str, partner: str, client: str, now: datetime) -> Proved:
    """Return the keys of a challenge where the answer proves each of them. Raises Refused.

    `given` is the challenge and `answer` what the partner made of it, as decoded JSON.
    """
    document = opened(key, given, coop=coop)
    if (document["partner"], document["client"]) != (partner, client):
        raise _refused("other", f"{document['partner']} / {document['client']}")
    if instant(now) >= document["expires"]:
        raise _refused("expired", document["expires"])
    answers = _answers(answer)
    keys = keys_of(document["jwks"])
    for one in keys:
        if one.kid not in answers:
            raise _refused("unproved", one.kid)
    if len(answers) > len(keys):
        raise _refused("answer")
    for one in keys:
        if not _right(key, document, one, answers[one.kid]):
            raise _refused("proof", one.kid)
    return Proved(keys=keys, answer=canonical(cast("dict[str, Any]", answer)))


def opened(key: bytes, given: object, *, coop: str) -> dict[str, Any]:
    """Return a challenge that this co-op made and nobody altered. Raises Refused."""
    if not isinstance(given, dict) or given.keys() != _MEMBERS or not isinstance(given["mac"], str):
        raise _refused("challenge")
    document = {name: value for name, value in given.items() if name != "mac"}
    try:
        mac = _mac(key, document)
    except ValueError:  # nothing that can be written canonically is of ours
        raise _refused("challenge") from None
    if not hmac.compare_digest(mac.encode(), given["mac"].encode()) or given["coop"] != coop:
        raise _refused("challenge")
    return document


def same_set(document: Mapping[str, Any], keys: Sequence[PublicKey]) -> None:
    """Check that a challenge is of exactly these keys. Raises Refused."""
    if {_name(jwk) for jwk in document["jwks"]["keys"]} != {_name(one.jwk) for one in keys}:
        raise _refused("other", "JWKS")


def _name(jwk: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(jwk.items()))


def _challenged(key: bytes, seed: str, one: PublicKey, *, coop: str, partner: str, client: str) -> dict[str, str]:
    named = {"kid": one.kid, "use": one.use, "thumbprint": one.thumbprint}
    nonce = _nonce(key, seed, one)
    if one.use == "sig":
        return named | {"challenge": nonce}
    said = {"coop": coop, "partner": partner, "client": client, "thumbprint": one.thumbprint, "challenge": nonce}
    sealed = encrypt(canonical(said), one, typ=SEALED, cty="json", apu=coop.encode(), apv=client.encode())
    return named | {"sealed": sealed}


def _right(key: bytes, document: Mapping[str, Any], one: PublicKey, answer: Mapping[str, str]) -> bool:
    nonce = _nonce(key, document["seed"], one)
    if one.use == "enc":
        return answer.keys() == {"kid", "challenge"} and hmac.compare_digest(
            nonce.encode(), answer["challenge"].encode("utf-8", "surrogatepass")
        )
    signed = _compact(answer["jws"]) if answer.keys() == {"kid", "jws"} else None
    claims = {
        "iss": document["client"],
        "aud": document["coop"],
        "partner": document["partner"],
        "thumbprint": one.thumbprint,
        "challenge": nonce,
        "exp": int(datetime.fromisoformat(document["expires"]).timestamp()),
    }
    return signed is not None and signed.kid == one.kid and signed.claims == claims and verify(signed, one)


def _compact(jws: str) -> Compact | None:
    try:
        return parse_compact(jws, limit=_LONGEST_JWS, algs=_ALGS, typs=frozenset({SIGNED}))
    except Malformed:
        return None


def _answers(answer: object) -> dict[str, Mapping[str, str]]:
    """Return each answer by the `kid` of its key. Raises Refused."""
    listed = answer.get("answers") if isinstance(answer, dict) and answer.keys() == {"type", "answers"} else None
    if not isinstance(listed, list) or cast("dict[str, object]", answer)["type"] != ANSWER:
        raise _refused("answer")
    found: dict[str, Mapping[str, str]] = {}
    for one in listed:
        if not isinstance(one, dict) or not all(isinstance(value, str) for value in one.values()) or "kid" not in one:
            raise _refused("answer")
        found[one["kid"]] = one
    if len(found) != len(listed):
        raise _refused("answer")
    return found


def _nonce(key: bytes, seed: str, one: PublicKey) -> str:
    return rfc4648.encode(hmac.digest(key, f"nonce {seed} {one.use} {one.thumbprint}".encode(), "sha256"))


def _mac(key: bytes, document: Mapping[str, Any]) -> str:
    return rfc4648.encode(hmac.digest(key, b"challenge " + canonical(dict(document)), "sha256"))


def _refused(rule: str, what: str = "") -> Refused:
    ja, en = (words.replace("{what}", what) for words in _WORDS[rule])
    return Refused(rule, ja, en)
