"""What every inbound JWT must be before any JOSE library sees it (security-profile §2).

Libraries accept duplicate members, lone surrogates, `+/` and padding, foreign header members. Here a token is read once
and strictly; what passes is a `Compact`, and no later step parses the text again.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, NoReturn, TypeGuard

import msgspec

from gateway.jose import rfc4648

MAX_DEPTH = 8
MAX_DIGITS = 16
KEPT_HEADER = 512  # characters; the header of a proof with its P-256 key takes about 250
KID = re.compile(r"[A-Za-z0-9_-]{1,64}")
ES256_SIGNATURE = 64  # bytes, r ‖ s (RFC 7518 §3.4)

_HEADER = frozenset({"alg", "kid", "typ"})
_HEADER_WITH_JWK = _HEADER | {"jwk"}
# Strings are skipped whole, so that a bracket inside one does not count; possessive, so that the scan stays linear.
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


class Malformed(ValueError):
    """The input is not what the profile admits; `reason` is a fixed code, for our own records only."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Compact(msgspec.Struct, frozen=True, kw_only=True):
    """A compact JWS that passed the strict intake; its signature is not verified yet."""

    header: dict[str, object]
    claims: dict[str, object]
    alg: str
    kid: str | None
    signing_input: bytes
    signature: bytes

    def __repr__(self) -> str:
        """Show nothing of the content: the claims of a request carry member codes."""
        return "Compact(…)"


def parse_compact(
    token: str, *, limit: int, algs: frozenset[str], typs: frozenset[str | None], jwk: bool = False
) -> Compact:
    """Read a compact JWS, or refuse it whole; no signature is checked here.

    `limit` is in characters; `typs` holds the exact values of `typ`, and None where its absence is allowed; `jwk` admits
    that header member and demands it. Raises Malformed and nothing else.
    """
    if len(token) > limit:
        raise Malformed("too-long")
    if not token.isascii():
        raise Malformed("not-ascii")
    segments = token.split(".", 3)
    if len(segments) != 3:
        raise Malformed("segments")
    try:
        payload, signature = rfc4648.decode(segments[1]), rfc4648.decode(segments[2])
    except ValueError:
        raise Malformed("base64url") from None
    header = _known_header(segments[0]) if len(segments[0]) <= KEPT_HEADER else _header(segments[0])
    if not header.keys() <= (_HEADER_WITH_JWK if jwk else _HEADER):
        raise Malformed("header-member")
    alg, typ, kid = _named(header, "alg"), _named(header, "typ"), _named(header, "kid")
    if alg is None or alg not in algs:
        raise Malformed("alg")
    if typ not in typs:
        raise Malformed("typ")
    if kid is not None and not KID.fullmatch(kid):
        raise Malformed("kid")
    if jwk and "jwk" not in header:
        raise Malformed("jwk-missing")
    if not signature or (alg == "ES256" and len(signature) != ES256_SIGNATURE):
        raise Malformed("signature-length")
    return Compact(
        header=header,
        claims=strict_object(payload),
        alg=alg,
        kid=kid,
        signing_input=token[: token.rindex(".")].encode(),
        signature=signature,
    )


def _header(segment: str) -> dict[str, object]:
    try:
        return strict_object(rfc4648.decode(segment))
    except ValueError as refused:
        raise refused if isinstance(refused, Malformed) else Malformed("base64url") from None


# A client says the same header in every request; nobody writes to a parsed one.
_known_header = lru_cache(maxsize=4_096)(_header)


def strict_object(data: bytes) -> dict[str, object]:
    """Read one JSON object in UTF-8 whose meaning no two readers could dispute; raises Malformed and nothing else."""
    value = strict_json(data)
    if not isinstance(value, dict):
        raise Malformed("not-an-object")
    return value


def strict_json(data: bytes) -> object:
    """Read one JSON value in UTF-8 whose meaning no two readers could dispute; raises Malformed and nothing else.

    Refused at any depth: a member named twice, NaN and Infinity, numbers with a fraction or exponent, integers over 16
    digits, lone surrogates, nesting deeper than 8.
    """
    try:
        plain: object = _PLAIN.decode(data)
        # What is written exactly so again says each thing once and in one spelling: there is nothing to dispute.
        if msgspec.json.encode(plain) == data:
            return plain
    except ValueError:  # the strict reader decides, and says why
        pass
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _depth(data) > MAX_DEPTH:
        raise Malformed("depth")
    try:
        value: object = _DECODER.decode(data.decode())
        if b"\\u" in data:  # only an escape can spell a lone surrogate; encoding finds it, in names too
            json.dumps(value, ensure_ascii=False).encode()
    except Malformed:
        raise
    except UnicodeDecodeError:
        raise Malformed("utf-8") from None
    except UnicodeEncodeError:
        raise Malformed("surrogate") from None
    except ValueError:
        raise Malformed("json") from None
    return value


def is_time(value: object) -> TypeGuard[int]:
    """Whether a claim is a time in whole seconds; `true` is not the second 1."""
    return type(value) is int


def is_text(value: object, *, shortest: int, longest: int) -> TypeGuard[str]:
    """Whether a claim is a string of a length between the two, in characters."""
    return isinstance(value, str) and shortest <= len(value) <= longest


def _named(header: dict[str, object], name: str) -> str | None:
    value = header.get(name)
    if isinstance(value, str):
        return value
    if name in header:  # null is not absence
        raise Malformed(name)
    return None


def _depth(data: bytes) -> int:
    deepest = depth = 0
    for found in _STRING_OR_BRACKET.finditer(data):
        match found[0]:
            case b"{" | b"[":
                depth += 1
                deepest = max(deepest, depth)
            case b"}" | b"]":
                depth -= 1
    return deepest


def _members(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("duplicate-member")
    return members


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise Malformed("number")
    return int(digits)


def _no_number(_: str) -> NoReturn:
    raise Malformed("number")


# What may stand here, down to the depth that may: most clients write it as compactly as our own encoder does.
_Leaf = Annotated[int, msgspec.Meta(gt=-(10**MAX_DIGITS), lt=10**MAX_DIGITS)] | str | bool | None
_Plain: Any = _Leaf
for _ in range(MAX_DEPTH):
    _Plain = _Leaf | dict[str, _Plain] | list[_Plain]
_PLAIN = msgspec.json.Decoder(_Plain)

# One decoder for the process: the C scanner with hooks costs what the plain one does when it is not built per call.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_no_number, parse_constant=_no_number
)
