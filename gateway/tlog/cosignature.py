"""What a witness adds to a checkpoint: that it saw this log only grow, and when (c2sp.org/tlog-cosignature).

A cosignature is one more signature line of the note, of type 04: eight bytes of time before an Ed25519 signature over

    cosignature/v1
    time <seconds since 1970>
    <the whole text of the checkpoint>

The gateway asks for cosignatures and checks them; `Cosigner` is the other side, for whoever runs a witness.
"""

import struct
from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.tlog.note import (
    NoKnownSignature,
    NoteVerifier,
    VerifierKey,
    key_id_of,
    open_note,
    read_vkey,
    signature_line,
    write_vkey,
)

COSIGNATURE: Final = b"\x04"  # the signature type byte

_TIME: Final = struct.Struct(">Q")
_MAX_TIME: Final = 2**63 - 1


class CosignatureKey(msgspec.Struct, frozen=True):
    """A witness's public key: checks the signature lines of type 04 that bear its name."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        VerifierKey(self.name, self.public)  # the same rules for names and Ed25519 keys

    @property
    def key_id(self) -> bytes:
        return key_id_of(self.name, COSIGNATURE, self.public)

    def encode(self) -> str:
        """Give the vkey line."""
        return write_vkey(self.name, COSIGNATURE, self.public)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether this witness cosigned this text at the time that stands in the signature."""
        try:
            time = timestamp_of(signature)
        except ValueError:
            return False
        return VerifierKey(self.name, self.public).verify(_signed(message, time), signature[_TIME.size :])


class Cosignature(msgspec.Struct, frozen=True):
    """A verified cosignature: whose, at which second since 1970, and the line that carries it in a note."""

    key: CosignatureKey
    time: int
    line: str


class Quorum(msgspec.Struct, frozen=True):
    """So many of these witnesses must have cosigned a checkpoint before it is relied upon.

    ValueError where a key stands twice, under whatever name: one witness has one voice (c2sp.org/tlog-policy).
    """

    keys: tuple[CosignatureKey, ...]
    threshold: int

    def __post_init__(self) -> None:
        if min(len({key.public for key in self.keys}), len({key.name for key in self.keys})) < len(self.keys):
            raise ValueError("a witness stands twice in the quorum")
        if not 1 <= self.threshold <= len(self.keys):
            raise ValueError(f"a quorum of {self.threshold} cannot be had of {len(self.keys)} witnesses")

    def satisfied_by(self, note: bytes) -> bool:
        """Tell whether enough witnesses cosigned. Raises MalformedNote, BadSignature: then none counts."""
        return len(cosignatures(note, self.keys)) >= self.threshold


class Cosigner:
    """A witness's private key. It has no memory: whether the log only grew is for its owner to check first."""

    def __init__(self, name: str, private_key: Ed25519PrivateKey) -> None:
        self.key = CosignatureKey(name, private_key.public_key().public_bytes_raw())
        self._private_key = private_key

    def cosign(self, text: str, *, at: datetime) -> str:
        """Give the signature line, with its newline, over the text of a checkpoint."""
        time = int(at.timestamp())
        signature = self._private_key.sign(_signed(text.encode(), time))
        return signature_line(self.key, _TIME.pack(time) + signature)


def parse_witness_vkey(vkey: str) -> CosignatureKey:
    """Read a witness's vkey line; ValueError unless it is of type 04 and its stated id is its own."""
    return CosignatureKey(*read_vkey(vkey, kind=COSIGNATURE))


def timestamp_of(signature: bytes) -> int:
    """Give the second since 1970 that a cosignature (without its key id) states; ValueError where it states none."""
    if len(signature) <= _TIME.size:
        raise ValueError("a cosignature begins with eight bytes of time")
    (time,) = _TIME.unpack_from(signature)
    if time > _MAX_TIME:
        raise ValueError("the time of a cosignature is out of range")
    return int(time)


def cosignatures(note: bytes, known: Iterable[CosignatureKey]) -> tuple[Cosignature, ...]:
    """Give the verified cosignatures of these witnesses in a note, the newest of each, in the order of `known`.

    A witness's answer is read by putting it after the note; what is given back is all of it that may be kept. Lines of
    others are ignored; BadSignature where one names a known witness and does not verify; MalformedNote.
    """
    keys = tuple(known)
    try:
        opened = open_note(note, keys)
    except NoKnownSignature:
        return ()
    newest: dict[NoteVerifier, bytes] = dict(sorted(opened.signatures, key=itemgetter(1)))  # they begin with their time
    return tuple(
        Cosignature(key, timestamp_of(newest[key]), signature_line(key, newest[key])) for key in keys if key in newest
    )


def _signed(text: bytes, time: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % time + text
