"""Proofs in files of their own: that an entry is in the log, and that the log only grew.

An inclusion proof is a C2SP tlog-proof, kept as `*.tlog-proof` and checked offline by whoever has the log's key:

    c2sp.org/tlog-proof@v1
    extra <base64>                     only where there is any; nobody vouches for it
    index <decimal>
    <base64 of a hash>                 from the leaf's sibling up to the root's child (RFC 6962 section 2.1.1)
    (an empty line)
    <the signed checkpoint, verbatim, with its cosignatures>

A consistency proof is the lines that a log sends to a witness between `old` and the empty line: one base64 hash each
(c2sp.org/tlog-witness, "add-checkpoint"; RFC 6962 section 2.1.2).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from gateway.tlog.checkpoint import Checkpoint, open_ours
from gateway.tlog.cosignature import Quorum
from gateway.tlog.merkle import HASH_SIZE, MAX_SIZE, leaf_hash, verify_inclusion
from gateway.tlog.note import NoteVerifier, decode64, encode64

SUFFIX: Final = ".tlog-proof"

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MAX_HASHES: Final = 63  # a tree of 2^63 - 1 leaves is no higher


class NotIncluded(ValueError):
    """The proof does not lead from this entry to the root that was signed."""


class QuorumMissing(ValueError):
    """Too few of the known witnesses cosigned the checkpoint."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """An entry stands at `index` of the log whose signed checkpoint this is. Who has the entry can check it.

    The hash of the leaf is not part of it: the verifier makes it out of the entry. `extra` is authenticated by nobody
    and empty in our own proofs.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_SIZE:
            raise ValueError("the index of a proof is out of range")
        _check_hashes(self.hashes)


def encode(proof: Proof) -> str:
    """Give the text of a proof; ValueError where the checkpoint is no text."""
    extra = f"extra {encode64(proof.extra)}\n" if proof.extra else ""
    return f"{_HEADER}\n{extra}index {proof.index}\n{encode_hashes(proof.hashes)}\n{proof.checkpoint.decode()}"


def parse(text: str) -> Proof:
    """Read the text of a proof; ValueError for anything else. The checkpoint in it is not looked at yet."""
    head, blank, checkpoint = text.partition("\n\n")
    header, *lines = head.split("\n")
    if header != _HEADER or not blank:
        raise ValueError(f"a proof begins with `{_HEADER}` and has an empty line before its checkpoint")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = decode64(lines.pop(0).removeprefix("extra "))
    index = _INDEX.fullmatch(lines[0]) if lines else None
    if index is None:
        raise ValueError("a proof states its index as a decimal number")
    hashes = tuple(map(decode64, lines[1:]))
    return Proof(index=int(index[1]), hashes=hashes, checkpoint=checkpoint.encode(), extra=extra)


def verify_proof(
    proof: Proof, entry: bytes, *, known: Iterable[NoteVerifier], origin: str, quorum: Quorum | None = None
) -> Checkpoint:
    """Give the checkpoint of the log that this very entry is proved to be in.

    The steps of the specification: (1) the entry's leaf hash; (2) the checkpoint is of this log and signed by one of
    its `known` keys; (3) a quorum of witnesses cosigned it, where one is asked for; (4) the path leads from the leaf to
    the signed root. Raises as `open_ours` does, QuorumMissing, NotIncluded. Source: c2sp.org/tlog-proof.
    """
    leaf = leaf_hash(entry)  # 1
    checkpoint = open_ours(proof.checkpoint, known, origin=origin)  # 2
    if quorum is not None and not quorum.satisfied_by(proof.checkpoint):  # 3
        raise QuorumMissing(f"fewer than {quorum.threshold} known witnesses cosigned the checkpoint")
    size, root = checkpoint.size, checkpoint.root
    if not verify_inclusion(leaf, proof.hashes, index=proof.index, size=size, root=root):  # 4
        raise NotIncluded(f"the proof does not show this entry at index {proof.index} of the signed log")
    return checkpoint


def encode_hashes(hashes: Sequence[bytes]) -> str:
    """Give hashes as base64, one a line, each line ended: the text of a consistency proof."""
    return "".join(f"{encode64(each)}\n" for each in hashes)


def parse_hashes(text: str) -> tuple[bytes, ...]:
    """Read what `encode_hashes` writes, at most 63 of 32 bytes; ValueError for anything else."""
    *lines, rest = text.split("\n")
    if rest:
        raise ValueError("each hash of a proof stands on a line of its own")
    hashes = tuple(map(decode64, lines))
    _check_hashes(hashes)
    return hashes


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if len(hashes) > _MAX_HASHES or any(len(each) != HASH_SIZE for each in hashes):
        raise ValueError("a proof has at most 63 hashes of 32 bytes")
