"""The gateway's own keys in files: PKCS#8 and raw secrets, mode 0400 in folders of mode 0700, read once at the start.

keys/response-<kid>.pem   P-256, signs answers and receipts       keys/<coop>/log.pem        Ed25519, checkpoints
keys/token-<kid>.pem      P-256, signs access tokens              keys/<coop>/<name>.key     32 bytes each
keys/nonce.key            32 bytes, master of the DPoP nonces     (subject, pairwise, requests, cursors)
"""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.jose.rfc7515 import Signer, signer_from_private_key
from gateway.jose.rfc7517 import PublicKey, accept_key, public_jwk
from gateway.jose.rfc7638 import thumbprint
from gateway.ports import CoopSecrets
from gateway.tlog.note import Ed25519Signer

SECRETS = ("subject", "pairwise", "requests", "cursors")
FORGOTTEN = ("subject", "requests")
"""The secrets without which nobody can say who the members in a co-op's log are."""
SECRET_BYTES = 32
_LOST = "in the beginning `gateway keys init` makes it; one that was lost is put back from its copy (keys/README.md)"


class KeysRefused(ValueError):
    """A key file is missing, readable by others or not what it should be; the text names the file and the mend."""


class KeyFiles:
    """The key store of one gateway, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, coops: tuple[str, ...]) -> list[Path]:
        """Make every key that is not there yet; return the files made. An existing key is never touched."""
        made = []
        for use in ("response", "token"):
            if not list(self._folder.glob(f"{use}-*.pem")):
                key = generate_private_key(SECP256R1())
                made.append(self._write(f"{use}-{_kid(key)}.pem", _pkcs8(key)))
        wanted = {Path("nonce.key")} | {Path(coop, f"{name}.key") for coop in coops for name in SECRETS}
        made += [
            self._write(str(name), os.urandom(SECRET_BYTES))
            for name in sorted(wanted)
            if not (self._folder / name).exists()
        ]
        made += [
            self._write(f"{coop}/log.pem", _pkcs8(Ed25519PrivateKey.generate()))
            for coop in coops
            if not (self._folder / coop / "log.pem").exists()
        ]
        return made

    def signers(self, use: str) -> list[Signer]:
        """Return the signers of one use, `response` or `token`, by file name. Raises KeysRefused."""
        signers = []
        for path in sorted(self._folder.glob(f"{use}-*.pem")):
            key = load_pem_private_key(self._read(path), None)
            if not isinstance(key, EllipticCurvePrivateKey):
                raise KeysRefused(f"`{path}` holds no P-256 key")
            signers.append(signer_from_private_key(key, path.stem.removeprefix(f"{use}-")))
        if not signers:
            raise KeysRefused(f"no {use} key in `{self._folder}`: {_LOST}")
        return signers

    def public(self, use: str) -> list[dict[str, str]]:
        """Return the public JWKs of one use."""
        jwks = []
        for path in sorted(self._folder.glob(f"{use}-*.pem")):
            key = load_pem_private_key(self._read(path), None)
            if not isinstance(key, EllipticCurvePrivateKey):
                raise KeysRefused(f"`{path}` holds no P-256 key")
            jwks.append(public_jwk(key, kid=path.stem.removeprefix(f"{use}-"), use="sig", alg="ES256"))
        return jwks

    def verifiers(self, use: str) -> dict[str, PublicKey]:
        """Return the public keys of one use, ready for verifying, by `kid`."""
        return {key.kid: key for key in map(accept_key, self.public(use))}

    def nonce_master(self) -> bytes:
        """Return the master secret of DPoP nonces."""
        return self._secret(self._folder / "nonce.key")

    def coop_secrets(self, coop: str) -> CoopSecrets:
        """Return one co-op's secrets."""
        return CoopSecrets(**{name: self._secret(self._folder / coop / f"{name}.key") for name in SECRETS})

    def subject(self, coop: str) -> bytes | None:
        """Return the key that a co-op's members are tagged with, None where there is no file. Raises KeysRefused."""
        path = self._folder / coop / "subject.key"
        return self._secret(path) if path.exists() else None

    def forget(self, coop: str) -> list[Path]:
        """Destroy the keys that tell who a co-op's log speaks of; return the files destroyed, none where they are gone.

        With the members' key goes that of the signed requests, which name members too. Each file is overwritten and on
        the disk before its name is taken away; what a disk or a backup keeps of it in other places is beyond us.
        """
        gone = []
        for name in FORGOTTEN:
            path = self._folder / coop / f"{name}.key"
            if not path.exists():
                continue
            path.chmod(0o600)
            with path.open("r+b") as file:
                file.write(os.urandom(os.fstat(file.fileno()).st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            gone.append(path)
        return gone

    def note_signer(self, coop: str, origin: str) -> Ed25519Signer:
        """Return the signer of one co-op's checkpoints, named by its origin."""
        path = self._folder / coop / "log.pem"
        key = load_pem_private_key(self._read(path), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise KeysRefused(f"`{path}` holds no Ed25519 key")
        return Ed25519Signer(origin, key)

    def _secret(self, path: Path) -> bytes:
        secret = self._read(path)
        if len(secret) != SECRET_BYTES:
            raise KeysRefused(f"`{path}` holds {len(secret)} bytes, not {SECRET_BYTES}")
        return secret

    def _read(self, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise KeysRefused(f"`{path}` can be read by others; run `chmod 400 {path}`")
                return file.read()
        except FileNotFoundError:
            raise KeysRefused(f"`{path}` is missing: {_LOST}") from None

    def _write(self, name: str, data: bytes) -> Path:
        path = self._folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # O_EXCL: a key that is there already is never overwritten, whoever made it in the meantime.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return path


def _kid(key: EllipticCurvePrivateKey) -> str:
    return thumbprint(public_jwk(key, kid="-", use="sig", alg="ES256"))[:16].lstrip("-_") or "key"


def _pkcs8(key: EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
