"""The gateway's own keys, held against what its logs say of them."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.adapters.anchors.signer_state import RememberingSigner
from gateway.adapters.key_files import KeyFiles
from gateway.app.storage import Stores, origin_of
from gateway.control_plane import subject_key
from gateway.control_plane.gateway_keys import announce
from gateway.jose.rfc7517 import public_jwk
from gateway.ports import CoopSecrets
from gateway.settings import Settings
from gateway.tlog.note import Ed25519Signer


def note_signers(settings: Settings, keys: KeyFiles) -> dict[str, Ed25519Signer]:
    """Return the key of every co-op's log."""
    return {coop: keys.note_signer(coop, origin_of(settings, coop)) for coop in settings.coops}


def checkpoint_signers(settings: Settings, keys: KeyFiles) -> dict[str, RememberingSigner]:
    """Return the checkpoint signer of every co-op; whoever publishes uses these, for they remember what was signed."""
    folder = settings.signer_state or settings.keys / "signer-state"
    return {coop: RememberingSigner(signer, folder) for coop, signer in note_signers(settings, keys).items()}


async def announce_keys(settings: Settings, stores: Stores, signers: dict[str, Ed25519Signer]) -> None:
    """Enter the gateway's own public keys in every log that does not know them yet. Raises Unavailable."""
    response = [("response", jwk) for jwk in stores.keys.public("response")]
    for coop, signer in signers.items():
        await announce(stores.log, coop, [*response, ("log", _log_jwk(signer))], by=settings.name, clock=stores.clock)  # type: ignore[list-item]


def _log_jwk(signer: Ed25519Signer) -> dict[str, str]:
    public = Ed25519PublicKey.from_public_bytes(signer.key.public)
    return public_jwk(public, kid=signer.key.key_id.hex(), use="sig", alg="EdDSA")


async def hold_subject_key(settings: Settings, stores: Stores, coop: str) -> None:
    """Hold the key that a co-op's members are tagged with against its log. Raises SubjectKeyRefused, Unavailable."""
    await subject_key.hold(stores.log, coop, stores.keys.subject(coop), by=settings.name, clock=stores.clock)


async def secrets_of(settings: Settings, stores: Stores, coop: str) -> CoopSecrets:
    """Return a co-op's secrets, its member key held against the log; for whatever works with members."""
    await hold_subject_key(settings, stores, coop)
    return stores.keys.coop_secrets(coop)
