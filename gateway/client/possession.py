"""Proving to the co-op that the private halves of the keys it was handed are here (security-profile §3).

The co-op's challenge names the co-op, the partner, the client and each key. A signature key signs all of that, under a
`typ` of its own, so that the signature says nothing else; an encryption key opens what was sealed for this alone. What is
not of this kind is neither signed nor opened.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.client.compact import json_object, sign
from gateway.client.errors import AnswerRejected, ConfigError
from gateway.client.jwe import decrypt
from gateway.client.keys import Key, Keys, thumbprint

_CHALLENGE, _ANSWER = "key-possession-challenge", "key-possession-answer"
_SIGNED, _SEALED = "key-possession+jwt", "key-possession+jwe"
_TEXTS = ("coop", "partner", "client", "expires")


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer to hand back, and for whom it was made."""

    answer: dict[str, Any]
    coop: str
    partner: str
    client: str

    @property
    def told(self) -> str:
        """What was signed, for whoever runs the command."""
        return (
            f"{self.coop} に、{self.partner} の {self.client} の鍵を持つことを証明しました / "
            f"proved to {self.coop} that {self.client} of {self.partner} holds these keys"
        )


def prove(challenge: bytes, keys: Keys, *, file: str = "challenge.json") -> Proof:
    """The answer to a co-op's challenge, made with every key that it names; ConfigError says what stands against it."""
    try:
        document = json_object(challenge)
    except ValueError:
        raise ConfigError(file=file, message="is not one JSON object in UTF-8 without repeated names") from None
    if document.get("type") != _CHALLENGE:
        raise ConfigError(
            file=file, member="type", message=f"must be `{_CHALLENGE}`: this is no challenge to prove keys"
        )
    for member in _TEXTS:
        if not isinstance(document.get(member), str):
            raise ConfigError(file=file, member=member, message="is missing or is no text")
    asked = document.get("challenges")
    if not isinstance(asked, list) or not asked or not all(isinstance(one, dict) for one in asked):
        raise ConfigError(file=file, member="challenges", message="is no list of objects")
    own = {key.kid: key for key in (keys.sig, *keys.enc)}
    return Proof(
        {"type": _ANSWER, "answers": [_answer(document, one, own, file=file) for one in asked]},
        document["coop"],
        document["partner"],
        document["client"],
    )


def _answer(document: dict[str, Any], asked: dict[str, Any], own: dict[str, Key], *, file: str) -> dict[str, str]:
    key = own.get(asked["kid"]) if isinstance(asked.get("kid"), str) else None
    if key is None or asked.get("use") != key.use or asked.get("thumbprint") != thumbprint(key.private.public_key()):
        raise ConfigError(file=file, member="challenges", message="names a key that is not in this folder")
    if key.use == "sig":
        return {"kid": key.kid, "jws": _signed(document, asked, key, file=file)}
    return {"kid": key.kid, "challenge": _opened(document, asked, key, file=file)}


def _signed(document: dict[str, Any], asked: dict[str, Any], key: Key, *, file: str) -> str:
    if not isinstance(asked.get("challenge"), str):
        raise ConfigError(file=file, member="challenge", message="is missing or is no text")
    try:
        expires = int(datetime.fromisoformat(document["expires"]).timestamp())
    except ValueError:
        raise ConfigError(file=file, member="expires", message="is no instant") from None
    claims = {
        "iss": document["client"],
        "aud": document["coop"],
        "partner": document["partner"],
        "thumbprint": asked["thumbprint"],
        "challenge": asked["challenge"],
        "exp": expires,
    }
    return sign(key.private, header={"kid": key.kid, "typ": _SIGNED}, claims=claims)


def _opened(document: dict[str, Any], asked: dict[str, Any], key: Key, *, file: str) -> str:
    said = {name: document[name] for name in ("coop", "partner", "client")} | {"thumbprint": asked["thumbprint"]}
    try:
        plain = decrypt(
            str(asked.get("sealed")),
            keys=(key,),
            issuer=document["coop"],
            client_id=document["client"],
            typ=_SEALED,
            cty="json",
        )
        inner = json_object(plain)
    except (AnswerRejected, ValueError):
        raise ConfigError(file=file, member="sealed", message=f"cannot be opened with the key `{key.kid}`") from None
    challenge = inner.pop("challenge", None)
    if inner != said or not isinstance(challenge, str):
        raise ConfigError(file=file, member="sealed", message="was sealed for another co-op, partner, client or key")
    return challenge
