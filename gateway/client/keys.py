"""The partner's two private keys: one signs assertions and requests, the other opens answers.

Each lives in a file of its own, readable by its owner alone, as one private JWK with `kid`, `use` and `alg`:
`sig.jwk.json` (ES256) and `enc.jwk.json` (ECDH-ES+A256KW), both on P-256. While an encryption key is being
replaced, keep the other one beside it as `enc.<anything>.jwk.json`: answers sealed to either can be opened.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.client.compact import b64u, json_object, point, point_jwk, sha256, to_json, unb64u
from gateway.client.errors import ConfigError

Use = Literal["sig", "enc"]
ALG: dict[Use, str] = {"sig": "ES256", "enc": "ECDH-ES+A256KW"}

_KID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_MEMBERS = {"kty", "crv", "x", "y", "d", "kid", "use", "alg"}


@dataclass(frozen=True, slots=True)
class Key:
    """One private P-256 key under the `kid` the gateway knows it by."""

    kid: str
    use: Use
    private: ec.EllipticCurvePrivateKey = field(repr=False)

    def public_jwk(self) -> dict[str, str]:
        """What may be shown to anybody: `kty crv x y kid use alg`."""
        return {**point_jwk(self.private.public_key()), "kid": self.kid, "use": self.use, "alg": ALG[self.use]}


@dataclass(frozen=True, slots=True)
class Keys:
    """The signing key and the keys that open answers: one, or two while one replaces the other."""

    sig: Key
    enc: tuple[Key, ...]

    def public_jwks(self) -> dict[str, list[dict[str, str]]]:
        """The JWK set to hand to the co-op for registration; it holds no private member."""
        return {"keys": [key.public_jwk() for key in (self.sig, *self.enc)]}


def thumbprint(key: ec.EllipticCurvePublicKey) -> str:
    """RFC 7638: SHA-256 over the required members in the order of their names, base64url."""
    return b64u(sha256(to_json(dict(sorted(point_jwk(key).items())))))


def generate_key(use: Use) -> Key:
    """A new key whose `kid` is its thumbprint."""
    private = ec.generate_private_key(ec.SECP256R1())
    return Key(thumbprint(private.public_key()), use, private)


def generate_keys(folder: Path | str) -> Keys:
    """Make both keys and write them to `sig.jwk.json` and `enc.jwk.json`; an existing file is never replaced.

    Raises ConfigError where one is there, or cannot be written.
    """
    folder = Path(folder)
    paths = [folder / "sig.jwk.json", folder / "enc.jwk.json"]
    for path in paths:
        if path.exists():
            raise ConfigError(file=str(path), message="exists already; a key is replaced by hand, never overwritten")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = Keys(sig=generate_key("sig"), enc=(generate_key("enc"),))
    for path, key in zip(paths, (keys.sig, *keys.enc), strict=True):
        write_key(path, key)
    return keys


def write_key(path: Path, key: Key) -> None:
    """Write one private JWK to a file that did not exist, mode 0600 from its first byte, durable on return.

    Raises ConfigError.
    """
    scalar = key.private.private_numbers().private_value
    jwk = key.public_jwk() | {"d": b64u(scalar.to_bytes(32, "big"))}
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(file=str(path), message=f"cannot be written ({error.strerror})") from None
    with os.fdopen(handle, "wb") as file:
        file.write(to_json(jwk) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def load_keys(folder: Path | str) -> Keys:
    """Read `sig.jwk.json` and every `enc*.jwk.json` of a folder; `enc.jwk.json` must be there. Raises ConfigError."""
    folder = Path(folder)
    others = sorted(folder.glob("enc.*.jwk.json"))
    enc = tuple(read_key(path, "enc") for path in (folder / "enc.jwk.json", *others))
    if len({key.kid for key in enc}) != len(enc):
        raise ConfigError(file=str(folder), member="kid", message="is the same in two encryption keys")
    return Keys(sig=read_key(folder / "sig.jwk.json", "sig"), enc=enc)


def read_key(path: Path, use: Use) -> Key:
    """One private JWK from a file that only its owner can read; ConfigError says what to mend and shows no value."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            data = file.read()
    except OSError as error:
        raise ConfigError(file=str(path), message=f"cannot be read ({error.strerror})") from None
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(file=str(path), message=f"is open to others (mode {mode:04o}); run chmod 600 on it")
    try:
        jwk = json_object(data)
    except ValueError:
        raise ConfigError(file=str(path), message="is not one JSON object in UTF-8 without repeated names") from None
    return _key(jwk, use=use, file=str(path))


def _key(jwk: dict[str, Any], *, use: Use, file: str) -> Key:
    for member in sorted(_MEMBERS):
        if not isinstance(jwk.get(member), str):
            raise ConfigError(file=file, member=member, message="is missing or is no text")
    expected = {"kty": "EC", "crv": "P-256", "use": use, "alg": ALG[use]}
    for member, value in expected.items():
        if jwk[member] != value:
            raise ConfigError(file=file, member=member, message=f"must be `{value}`")
    if extra := sorted(jwk.keys() - _MEMBERS):
        raise ConfigError(file=file, member=extra[0], message="does not belong in this key")
    if not _KID.match(jwk["kid"]):
        raise ConfigError(file=file, member="kid", message="must be 1 to 64 letters, digits, `-` or `_`")
    try:
        scalar = int.from_bytes(unb64u(jwk["d"]), "big")
        private = ec.derive_private_key(scalar, ec.SECP256R1())
        if private.public_key() != point(jwk):
            raise ConfigError(file=file, member="d", message="does not belong to this `x` and `y`")
    except ValueError:
        raise ConfigError(file=file, member="d", message="or `x` or `y` is no P-256 key") from None
    return Key(jwk["kid"], use, private)
