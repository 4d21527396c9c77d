"""A partner that answers challenges with joserfc, independent of the gateway's own code and of its client."""

from datetime import datetime
from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.simulators.partner import key as new_key, sign

AnyKey = ECKey | OKPKey | RSAKey
_REGISTRY = jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "RSA-OAEP-256", "A256GCM"])


class Keys:
    """A partner's two keys, and what it makes of a challenge."""

    def __init__(self) -> None:
        self.sig = new_key("sig-1", "sig", "ES256")
        self.enc = new_key("enc-1", "enc", "ECDH-ES+A256KW")

    def jwks(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in (self.sig, self.enc)]}

    def answer(self, challenge: dict[str, Any]) -> dict[str, Any]:
        return answered(challenge, self.sig, self.enc)


def answered(challenge: dict[str, Any], /, *keys: AnyKey, **changes: Any) -> dict[str, Any]:
    """What a partner makes of a challenge with its private keys; `changes` are claims to sign instead."""
    own = {key.kid: key for key in keys}
    answers = [_answer(challenge, one, own[one["kid"]], changes) for one in challenge["challenges"]]
    return {"type": "key-possession-answer", "answers": answers}


def _answer(challenge: dict[str, Any], asked: dict[str, str], key: AnyKey, changes: dict[str, Any]) -> dict[str, str]:
    if asked["use"] == "enc":
        opened = jwe.decrypt_compact(asked["sealed"], key, registry=_REGISTRY)
        assert opened.protected["typ"] == "key-possession+jwe"
        text = (opened.plaintext or b"").decode().partition('"challenge":"')[2]
        return {"kid": asked["kid"], "challenge": text.partition('"')[0]}
    claims = {
        "iss": challenge["client"],
        "aud": challenge["coop"],
        "partner": challenge["partner"],
        "thumbprint": asked["thumbprint"],
        "challenge": asked["challenge"],
        "exp": int(datetime.fromisoformat(challenge["expires"]).timestamp()),
        **changes,
    }
    assert not isinstance(key, OKPKey)
    alg = "ES256" if isinstance(key, ECKey) else "PS256"
    return {
        "kid": asked["kid"],
        "jws": sign({"alg": alg, "kid": asked["kid"], "typ": "key-possession+jwt"}, claims, key),
    }
