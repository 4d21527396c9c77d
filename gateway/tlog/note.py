"""Text that names who signed it, readable by people and by every C2SP tool (c2sp.org/signed-note).

    text, ending in a newline
    (an empty line)
    — key name base64(key id ‖ signature)

A key is written in one line too, the *vkey*: `name+key id in hex+base64(type ‖ public key)`. Only Ed25519 (type 01) is
made and known here; whatever else can check a signature line joins as a `NoteVerifier` (cosignature.py: type 04).
"""

import base64
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = b"\x01"  # the signature type byte

_KEY_ID_SIZE: Final = 4
_PUBLIC_KEY_SIZE: Final = 32
_DASH: Final = "\u2014 "
_MAX_NOTE: Final = 1_000_000  # bytes; verifiers should have a limit, and must accept 16 signatures


class MalformedNote(ValueError):
    """The bytes are no signed note."""


class NoKnownSignature(ValueError):
    """None of the known keys signed this note."""


class BadSignature(ValueError):
    """A signature that names a known key was not made by it over this text."""


class NoteVerifier(Protocol):
    """What can check one kind of signature line; the pair (name, key_id) says which lines it answers for."""

    @property
    def name(self) -> str: ...

    @property
    def key_id(self) -> bytes: ...

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the key made this signature over the text of the note (UTF-8, with its last newline)."""


class NoteSigner(Protocol):
    """Who can sign a note: the private key may sit in this process, in a key file's process or in hardware."""

    @property
    def key(self) -> "VerifierKey": ...

    def sign(self, message: bytes) -> bytes:
        """Give the 64 bytes of the Ed25519 signature (RFC 8032); raises whatever its keeper raises, never a guess."""


class VerifierKey(msgspec.Struct, frozen=True):
    """A named Ed25519 public key, as an auditor is given it."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public) != _PUBLIC_KEY_SIZE:
            raise ValueError("an Ed25519 public key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        return key_id_of(self.name, ED25519, self.public)

    def encode(self) -> str:
        """Give the vkey line."""
        return write_vkey(self.name, ED25519, self.public)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether this key made this signature over this message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Ed25519Signer:
    """A note signer whose private key sits in this process."""

    def __init__(self, name: str, private_key: Ed25519PrivateKey) -> None:
        self.key = VerifierKey(name, private_key.public_key().public_bytes_raw())
        self._private_key = private_key

    def sign(self, message: bytes) -> bytes:
        return self._private_key.sign(message)


class Note(msgspec.Struct, frozen=True):
    """A note of which at least one signature was checked: `signatures` holds those of known keys, as they stand."""

    text: str
    signatures: tuple[tuple[NoteVerifier, bytes], ...]

    @property
    def signed_by(self) -> tuple[NoteVerifier, ...]:
        """The known keys that made a signature, each once."""
        return tuple(dict.fromkeys(key for key, _ in self.signatures))


def parse_vkey(vkey: str) -> VerifierKey:
    """Read a vkey line; ValueError unless it is an Ed25519 key whose stated id is its own."""
    return VerifierKey(*read_vkey(vkey, kind=ED25519))


def key_id_of(name: str, kind: bytes, public: bytes) -> bytes:
    """Give the first four bytes of SHA-256(name ‖ newline ‖ type ‖ public key)."""
    return sha256(name.encode() + b"\n" + kind + public).digest()[:_KEY_ID_SIZE]


def write_vkey(name: str, kind: bytes, public: bytes) -> str:
    """Give the vkey line of a key of any type."""
    return f"{name}+{key_id_of(name, kind, public).hex()}+{encode64(kind + public)}"


def read_vkey(vkey: str, *, kind: bytes) -> tuple[str, bytes]:
    """Give (name, public key) of a vkey line; ValueError unless it is of this type and its stated id is its own."""
    name, _, rest = vkey.partition("+")
    _, _, encoded = rest.partition("+")  # base64 may hold a plus itself
    material = decode64(encoded)
    if material[:1] != kind:
        raise ValueError(f"the verifier key is not of type {kind.hex()}")
    if vkey != write_vkey(name, kind, material[1:]):
        raise ValueError("the verifier key does not have the id that stands in it")
    return name, material[1:]


def sign_note(text: str, signers: Sequence[NoteSigner]) -> bytes:
    """Give the note of this text with one signature line for each signer, in their order."""
    if not signers:
        raise ValueError("a note has at least one signature")
    if not text.endswith("\n"):
        raise ValueError("the text of a note ends in a newline")
    message = text.encode()
    _refuse_control_characters(text)
    lines = [signature_line(each.key, each.sign(message)) for each in signers]
    return message + b"\n" + "".join(lines).encode()


def signature_line(key: NoteVerifier, signature: bytes) -> str:
    """Give the line, with its newline, that adds a key's signature to a note."""
    return f"{_DASH}{key.name} {encode64(key.key_id + signature)}\n"


def open_note(data: bytes, known: Iterable[NoteVerifier]) -> Note:
    """Give the text of a note once a known key's signature over it has been verified.

    Signatures of unknown keys are ignored. Raises MalformedNote; BadSignature when any line names a known key and does
    not verify; NoKnownSignature when no line names one. Source: c2sp.org/signed-note, "Signatures".
    """
    try:
        text, signatures = _parse(data)
    except ValueError as error:
        raise MalformedNote(f"not a signed note: {error}") from error
    message = text.encode()
    verifiers = {(key.name, key.key_id): key for key in known}
    checked: list[tuple[NoteVerifier, bytes]] = []
    for name, key_id, signature in signatures:
        key = verifiers.get((name, key_id))
        if key is None:
            continue
        if not key.verify(message, signature):
            raise BadSignature(f"the signature of `{name}` does not verify")
        checked.append((key, signature))
    if not checked:
        raise NoKnownSignature("no known key signed this note")
    return Note(text, tuple(checked))


def _parse(data: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Part a note into its text and its (name, key id, signature) lines; ValueError for anything else."""
    if len(data) > _MAX_NOTE:
        raise ValueError("it is too long")
    whole = data.decode()
    _refuse_control_characters(whole)
    text, blank, block = whole.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        raise ValueError("a note is a text, an empty line and signature lines")
    return text + "\n", [_parse_line(line) for line in block[:-1].split("\n")]


def _parse_line(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    signature = decode64(encoded)
    if not line.startswith(_DASH) or len(signature) <= _KEY_ID_SIZE:
        raise ValueError("a signature line is an em dash, a key name and base64")
    _check_name(name)
    return name, signature[:_KEY_ID_SIZE], signature[_KEY_ID_SIZE:]


def _check_name(name: str) -> None:
    if not name or "+" in name or any(character.isspace() for character in name):
        raise ValueError("a key name is not empty and has no space and no plus")
    _refuse_control_characters(name)


def _refuse_control_characters(text: str) -> None:
    if any(character < " " and character != "\n" for character in text):
        raise ValueError("a note has no control characters")


def encode64(data: bytes) -> str:
    """Give standard base64 (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode64(text: str) -> bytes:
    """Read standard base64 in its one canonical spelling; ValueError for any other."""
    data = base64.b64decode(text, validate=True)
    if encode64(data) != text:
        raise ValueError("this is not canonical base64")
    return data
