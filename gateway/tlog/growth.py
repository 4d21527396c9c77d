"""Whether a log whose root is proved begins with what was signed, or stamped, before: steps 5 and 6 of the verifier.

5. The log begins with the one of the auditor's own earlier checkpoint.
6. Each time-stamp is a good one, of a checkpoint that the log's key signed, with which the log begins.

The proofs are those that any client would make of the tiles; tiles altered since they were compared only make them
fail.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from gateway.tlog import checkpoint
from gateway.tlog.checkpoint import Checkpoint
from gateway.tlog.findings import Code, Refused
from gateway.tlog.merkle import verify_consistency
from gateway.tlog.note import NoteVerifier
from gateway.tlog.proving import consistency
from gateway.tlog.tiles import Read

CheckStamp = Callable[[bytes, bytes], datetime]
"""(note, RFC 3161 answer) → the instant at which the note existed; ValueError where the answer does not say so."""

_STAMPED: Final = re.compile(r"timestamps/(0|[1-9][0-9]{0,18})\.checkpoint")


class Stamped(msgspec.Struct, frozen=True):
    """The first `size` entries existed at `time`, as somebody else vouches."""

    size: int
    time: datetime


def stamped_paths(size: int) -> tuple[str, str]:
    """Name the files of a time-stamp: the checkpoint that was stamped, and the authority's answer."""
    return f"timestamps/{size}.checkpoint", f"timestamps/{size}.tsr"


def stamped_size(path: str) -> int | None:
    """Give the size that a file name says a stamped checkpoint is of; None for any other name."""
    match = _STAMPED.fullmatch(path)
    return int(match[1]) if match else None


def prove_growth(read: Read, head: Checkpoint, since: bytes, known: Sequence[NoteVerifier]) -> None:
    """Take step 5."""
    try:
        earlier = checkpoint.open_ours(since, known, origin=head.origin)
    except ValueError as error:
        raise Refused(
            Code.EARLIER_UNUSABLE, "the earlier checkpoint is not one that the given key signed for this log"
        ) from error
    _prove_beginning(read, head, earlier, "earlier checkpoint")


def prove_stamps(
    read: Read, head: Checkpoint, sizes: Sequence[int], check: CheckStamp, known: Sequence[NoteVerifier]
) -> Stamped:
    """Take step 6; give the stamp of the greatest size."""
    if not sizes:
        raise Refused(Code.TIMESTAMP_MISSING, "there is no time-stamp")
    for size in sorted(sizes):
        note, answer = map(read, stamped_paths(size))
        if note is None or answer is None:
            raise Refused(Code.TIMESTAMP_MISSING, f"the time-stamp of the first {size} entries is missing")
        try:
            stamped = checkpoint.open_ours(note, known, origin=head.origin)
            if stamped.size != size:
                raise ValueError("the checkpoint is of another size than its file says")
            last = Stamped(size, check(note, answer))
        except ValueError as error:
            raise Refused(Code.TIMESTAMP_BAD, f"the time-stamp of the first {size} entries is not good") from error
        _prove_beginning(read, head, stamped, "time-stamped checkpoint")
    return last


def _prove_beginning(read: Read, head: Checkpoint, earlier: Checkpoint, what: str) -> None:
    if earlier.size > head.size:
        raise Refused(
            Code.ROLLED_BACK,
            f"the log has {head.size} entries, and had {earlier.size} at the {what}",
            index=head.size,
        )
    try:
        proof = consistency(read, earlier.size, head.size)
    except ValueError as error:
        raise Refused(Code.TILE_MISSING, "a tile went missing during the verification") from error
    if not verify_consistency(proof, old=earlier.size, old_root=earlier.root, new=head.size, new_root=head.root):
        raise Refused(Code.HISTORY_REWRITTEN, f"the first {earlier.size} entries are not those of the {what}")
