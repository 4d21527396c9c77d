"""How a statement of the gateway comes to be believed, claim by claim: what every kind of answer has in common.

Whatever is missing, of another type or unequal raises AnswerRejected with the check's name.
"""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.client.compact import Compact, parse
from gateway.client.errors import AnswerRejected

SKEW = 30  # seconds the two clocks may differ

GatewayKeys = Mapping[str, ec.EllipticCurvePublicKey]


def statement(data: bytes, *, typ: str, check: str) -> Compact:
    """A JWS of the gateway with a closed header; nothing in it is believed yet. Raises AnswerRejected."""
    try:
        compact = parse(data.decode("ascii"))
    except ValueError:
        raise AnswerRejected(check, "this is no signed statement of the gateway") from None
    header = compact.header
    if header != {"alg": "ES256", "kid": header.get("kid"), "typ": typ} or not isinstance(header["kid"], str):
        raise AnswerRejected(check, f"the header is not exactly `alg` ES256, `kid` and `typ` {typ}")
    return compact


def verified(compact: Compact, *, keys: GatewayKeys, prefix: str = "") -> dict[str, Any]:
    """The claims of a statement that a published key signed. Raises AnswerRejected."""
    key = keys.get(compact.header["kid"])
    if key is None:
        raise AnswerRejected(f"{prefix}kid", "the signature names a key that the gateway does not publish")
    try:
        return compact.verify(key)
    except ValueError:
        raise AnswerRejected(f"{prefix}signature", "the signature does not verify") from None


def same(claims: dict[str, Any], expected: Mapping[str, str], *, prefix: str = "") -> None:
    """Hold each claim to be the text that this client expects. Raises AnswerRejected for the first that is not."""
    for name, value in expected.items():
        if claims.get(name) != value:
            raise AnswerRejected(f"{prefix}{name}", f"`{name}` is missing or not what this client expects")


def text(claims: dict[str, Any], name: str, *, prefix: str = "") -> str:
    """A claim that is a text and not empty. Raises AnswerRejected."""
    value = claims.get(name)
    if not (isinstance(value, str) and value):
        raise AnswerRejected(f"{prefix}{name}", f"`{name}` is missing or no text")
    return value


def integer(claims: dict[str, Any], name: str, *, prefix: str = "") -> int:
    """A claim that is a whole number. Raises AnswerRejected."""
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise AnswerRejected(f"{prefix}{name}", f"`{name}` is missing or no whole number")
    return value
