"""That a transfer stands in the gateway's log, checked here and now and again by anybody, offline and years later.

     1  the answer is an entry and a c2sp.org/tlog-proof@v1                 proof
     2  the entry is the very one whose hash the receipt states             proof-leaf_hash
     3  the proof speaks of the receipt's index                             proof-index
     4  the checkpoint in it is of the receipt's log, signed by its key     proof-checkpoint, proof-signature
     5  the path leads from the entry to the signed root                    proof-path

The log's key is a vkey line that its co-op gives by a way the partner trusts; it is not fetched from the gateway.
"""

import base64
import re
from dataclasses import dataclass

import httpx2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.client.compact import json_object, sha256, unb64u
from gateway.client.errors import AnswerRejected, UsageError
from gateway.client.results import LogProof, Receipt

_HASHES = r"((?:[A-Za-z0-9+/]{43}=\n){0,63})"
_PROOF = re.compile(rf"c2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{{0,18}})\n{_HASHES}\n([^\0]+)", re.ASCII)
_CHECKPOINT = re.compile(r"(([^\n]+)\n([1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n)\n((?:\u2014 [^\n]+\n)+)")
_VKEY = re.compile(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})")
_ED25519 = b"\x01"


@dataclass(frozen=True, slots=True)
class LogKey:
    """The public key of a log, and the name under which it signs."""

    name: str
    id: bytes
    public: Ed25519PublicKey


def log_key(vkey: str) -> LogKey:
    """Read a vkey line, `name+id+key`; UsageError unless it is an Ed25519 key with its own id."""
    match = _VKEY.fullmatch(vkey.strip())
    if match is None:
        raise UsageError("a vkey is one line: name+id+key")
    name, told, text = match.groups()
    material = base64.b64decode(text)
    if material[:1] != _ED25519 or sha256(name.encode() + b"\n" + material)[:4].hex() != told:
        raise UsageError("the vkey is not an Ed25519 key, or its id is not its own")
    return LogKey(name, bytes.fromhex(told), Ed25519PublicKey.from_public_bytes(material[1:]))


def accept(response: httpx2.Response, *, receipt: Receipt, key: LogKey) -> LogProof:
    """Check what the gateway answered; the only place where a LogProof is made. Raises AnswerRejected."""
    try:
        document = json_object(response.content)
        text, entry = document["proof"], unb64u(document["entry"])
        parts = _PROOF.fullmatch(text)
    except (ValueError, KeyError, TypeError):
        parts = None
    if parts is None:
        raise AnswerRejected("proof", "the answer is not an entry and its proof")
    leaf = sha256(b"\x00" + entry)
    if leaf != receipt.leaf_hash:
        raise AnswerRejected("proof-leaf_hash", "the entry is not the one that the receipt states")
    if int(parts[1]) != receipt.index:
        raise AnswerRejected("proof-index", "the proof is about another place in the log than the receipt")
    size, root = _signed(parts[3], key=key, origin=receipt.origin)
    path = [base64.b64decode(line) for line in parts[2].split()]
    if receipt.index >= size or _root(leaf, receipt.index, size, path) != root:
        raise AnswerRejected("proof-path", "the proof does not lead from the entry to the root that was signed")
    return LogProof(text=text, entry=entry, index=receipt.index, size=size)


def _signed(note: str, *, key: LogKey, origin: str) -> tuple[int, bytes]:
    """The size and root that the log's key signed; other signatures, such as those of witnesses, are left aside."""
    match = _CHECKPOINT.fullmatch(note)
    if match is None or match[2] != origin or key.name != origin:
        raise AnswerRejected(
            "proof-checkpoint", "there is no checkpoint of the receipt's log, or the vkey is of another"
        )
    for line in match[5].splitlines():
        name, _, encoded = line.removeprefix("\u2014 ").partition(" ")
        try:
            signature = base64.b64decode(encoded, validate=True)
        except ValueError:  # of base64, or a character that is not ASCII
            continue
        if name == key.name and signature[:4] == key.id:
            try:
                key.public.verify(signature[4:], match[1].encode())
            except InvalidSignature:
                break
            return int(match[3]), base64.b64decode(match[4])
    raise AnswerRejected("proof-signature", "the log's key did not sign this checkpoint")


def _root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that a path leads to, from the top down as RFC 6962 section 2.1.1 defines it; None if it does not fit."""
    if size == 1 or not path:
        return leaf if size == 1 and not path else None
    half = 1 << ((size - 1).bit_length() - 1)
    *below, beside = path
    in_left = index < half
    inner = _root(leaf, index if in_left else index - half, half if in_left else size - half, below)
    if inner is None:
        return None
    return sha256(b"\x01" + (inner + beside if in_left else beside + inner))
