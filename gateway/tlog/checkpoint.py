"""The statement that fixes a whole log in three lines (c2sp.org/tlog-checkpoint): origin, size, root.

Ours has exactly these three; the lines that others may add after them are read, and refused where only ours will do.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from gateway.tlog.merkle import HASH_SIZE, MAX_SIZE
from gateway.tlog.note import (
    NoKnownSignature,
    NoteSigner,
    NoteVerifier,
    decode64,
    encode64,
    open_note,
    sign_note,
)

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")  # no sign, no leading zero; up to 2^63 - 1


class OtherOrigin(ValueError):
    """The checkpoint is well-formed, but of another log."""


class Checkpoint(msgspec.Struct, frozen=True):
    """The log `origin` had exactly `size` entries, and `root` is the Merkle root over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(line and "\n" not in line for line in (self.origin, *self.extensions)):
            raise ValueError("the lines of a checkpoint are not empty")
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_SIZE:
            raise ValueError("a checkpoint has a size and a root of 32 bytes")

    def text(self) -> str:
        """Give the text of the note that is signed."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, encode64(self.root), *self.extensions))


def parse(text: str) -> Checkpoint:
    """Read the text of any C2SP checkpoint, extension lines included; ValueError for anything else."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop():  # three lines and what follows the last newline: nothing
        raise ValueError("a checkpoint is at least three whole lines")
    origin, size, root, *extensions = lines
    if not _SIZE.fullmatch(size):
        raise ValueError("the size of a checkpoint is a decimal number")
    return Checkpoint(origin, int(size), decode64(root), tuple(extensions))


def stated(note: str) -> Checkpoint:
    """Read what a note states, whoever signed it: for the notes of one's own store; ValueError for what is no checkpoint."""
    return parse(note.partition("\n\n")[0] + "\n")


def as_signed(note: str) -> bytes:
    """Give a checkpoint's note with its own log's signature lines alone: what witnesses cosign and authorities stamp.

    ValueError where there is none. The log's key is named as its origin, and a witness's never is.
    """
    text, _, lines = note.partition("\n\n")
    origin, _, _ = text.partition("\n")
    signed = "".join(line for line in lines.splitlines(keepends=True) if line.startswith(f"\u2014 {origin} "))
    if not signed:
        raise ValueError("the note has no signature of its own log")
    return f"{text}\n\n{signed}".encode()


def ours(checkpoint: Checkpoint, *, origin: str) -> Checkpoint:
    """Give the checkpoint back if it is one that this log could have issued.

    Raises OtherOrigin, and ValueError for extension lines, which no monitor can audit and which we never write.
    """
    if checkpoint.origin != origin:
        raise OtherOrigin("the checkpoint is of another log")
    if checkpoint.extensions:
        raise ValueError("the checkpoint has extension lines, which this log never writes")
    return checkpoint


def sign(checkpoint: Checkpoint, signers: Sequence[NoteSigner]) -> bytes:
    """Give the signed note of a checkpoint of ours; ValueError for one with extension lines."""
    return sign_note(ours(checkpoint, origin=checkpoint.origin).text(), signers)


def open_ours(note: bytes, known: Iterable[NoteVerifier], *, origin: str) -> Checkpoint:
    """Give the checkpoint of this log that a known key of its own signed.

    A log's keys bear its origin as their name: what a witness signed is not yet what the log says. Raises as
    `open_note`, `parse` and `ours` do: MalformedNote, NoKnownSignature, BadSignature, OtherOrigin and plain ValueError.
    """
    opened = open_note(note, known)
    checkpoint = ours(parse(opened.text), origin=origin)
    if all(key.name != origin for key in opened.signed_by):
        raise NoKnownSignature("no known key of this log signed the checkpoint")
    return checkpoint
