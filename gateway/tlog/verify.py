"""The check of a whole log by someone who does not trust the gateway, over nothing but its exported files.

1. The checkpoint is signed by a known key, is of this log, and says nothing but origin, size and root; and enough of
   the witnesses that the auditor knows cosigned it, where a quorum is asked for.
2. Every entry bundle is there and whole.
3. The entries hash to the tiles, and the tiles of each level to those above.
4. The root over all entries is the one that was signed.
5. The log begins with the one of the auditor's own earlier checkpoint.                          (5, 6: growth.py)
6. Each time-stamp is a good one, of a signed checkpoint with which the log begins.
7. Every entry is one that the closed schema allows, of this co-op, its transfer none just seen. (7 to 9: content.py)
8. I6: each names the last governance entry before it; each release came before its permit ran out, to an active
   partner, under the version in force.
9. Time never falls more than 30 seconds below the greatest time before it.
10. What was signed of a period is what the log has of it: counts, size and root.                (reviewed.py)

The log is read once, a bundle at a time, in flat memory. What the entries say (7 to 10) counts only once they are proved
to be the signed ones (1 to 4): the finding reported is that of the first step that failed, at the lowest index. Steps 5
and 6, and the witnesses, are taken where the auditor brings what they need.

INVARIANT: nothing passes by default; the only report that is `ok` is made after the last step.
Source: transfer-log.md "Verify"; c2sp.org/tlog-tiles, tlog-checkpoint, signed-note, tlog-cosignature.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from gateway.tlog import checkpoint
from gateway.tlog.checkpoint import Checkpoint
from gateway.tlog.content import Content
from gateway.tlog.cosignature import Quorum
from gateway.tlog.findings import Code, Finding, Refused, Unreadable
from gateway.tlog.growth import CheckStamp, Stamped, prove_growth, prove_stamps
from gateway.tlog.hash_tiles import OpenTiles, Tile
from gateway.tlog.merkle import HASH_SIZE
from gateway.tlog.note import BadSignature, NoKnownSignature, NoteVerifier
from gateway.tlog.tampering import explain
from gateway.tlog.tiles import CHECKPOINT_PATH, WIDTH, Read, TruncatedBundle, read_bundle, read_tile, width_of

_LEAF: Final = sha256(b"\x00")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of verifying a log.

    `size` and `root` are those of the checkpoint, None when it could not be accepted. `finding` is None exactly when
    `ok`. `counts` says how many entries of each kind were read, all of them when `ok`. `stamped` is the time-stamp over
    the most entries, where time-stamps were checked.
    """

    ok: bool
    size: int | None
    root: bytes | None
    first_bad_index: int | None
    finding: Finding | None
    counts: Mapping[str, int]
    stamped: Stamped | None = None


def verify(
    read: Read,
    *,
    known: Sequence[NoteVerifier],
    origin: str,
    quorum: Quorum | None = None,
    since: bytes | None = None,
    stamps: tuple[Callable[[], Sequence[int]], CheckStamp] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Verify a log over its files; every fault of the log is a finding, never an exception.

    `read` gives the bytes of a file by its path in the folder (`checkpoint`, `tile/…`) and None when there is none; an
    OSError of its own is a finding too. `since` is the note of the checkpoint that the auditor kept from an earlier
    time. `stamps` tells the sizes of which there are time-stamps, and checks one. `progress` is told after each
    bundle how many entries of how many are done.
    """
    head: Checkpoint | None = None
    stamped: Stamped | None = None
    content = Content(coop=origin.rpartition("/")[2])
    try:
        head = _signed_head(read, known, origin, quorum)  # 1
        _prove_entries(read, head, content, progress)  # 2, 3, 4; 7 to 10 are held back
        if since is not None:
            prove_growth(read, head, since, known)  # 5
        if stamps is not None:
            sizes, check = stamps
            stamped = prove_stamps(read, head, sizes(), check, known)  # 6
        content.reviewed.prove(read, head.size)  # 10; every review that was reached stands before what breaks 7 to 9
        finding = content.finding
    except Refused as refused:
        finding = refused.finding
    except OSError as error:
        why = f": {error}" if isinstance(error, Unreadable) else ""  # another's text is not ours to vouch for
        finding = Finding(Code.UNREADABLE, f"a file of the log could not be read{why}")
    return Report(
        ok=finding is None,
        size=None if head is None else head.size,
        root=None if head is None else head.root,
        first_bad_index=None if finding is None else finding.index,
        finding=finding,
        counts=content.counts,
        stamped=stamped,
    )


def _signed_head(read: Read, known: Sequence[NoteVerifier], origin: str, quorum: Quorum | None) -> Checkpoint:
    """Take step 1."""
    note = read(CHECKPOINT_PATH)
    if note is None:
        raise Refused(Code.CHECKPOINT_MISSING, "there is no checkpoint")
    try:
        head = checkpoint.open_ours(note, known, origin=origin)
        cosigned = quorum is None or quorum.satisfied_by(note)
    except NoKnownSignature as error:
        raise Refused(Code.KEY_UNKNOWN, "the checkpoint is not signed by the given key") from error
    except BadSignature as error:
        raise Refused(Code.SIGNATURE_BAD, "a signature of the checkpoint does not verify") from error
    except checkpoint.OtherOrigin as error:
        raise Refused(Code.ORIGIN_OTHER, f"the checkpoint is not of the log `{origin}`") from error
    except ValueError as error:
        raise Refused(Code.CHECKPOINT_MALFORMED, "the checkpoint is not one that this log writes") from error
    if not cosigned:
        raise Refused(Code.QUORUM_MISSING, "too few of the given witnesses cosigned the checkpoint")
    return head


def _prove_entries(read: Read, head: Checkpoint, content: Content, progress: Callable[[int, int], None] | None) -> None:
    """Take steps 2 to 4, and 7 to 9 along with them while the entries are at hand."""
    tree = OpenTiles()
    for index in range(-(-head.size // WIDTH)):
        first = tree.size
        bundle = _bundle(read, index, size=head.size)  # 2
        leaves = _leaf_hashes(bundle)
        stored = _tile(read, 0, index, size=head.size)  # 3, the lowest level
        if b"".join(leaves) != stored:
            raise explain(read, head, tree, leaves, stored)
        for tile in tree.add(leaves):
            _compare(read, tile, size=head.size)  # 3, a level above
        content.check(bundle, first=first)  # 7 to 10
        if progress is not None:
            progress(tree.size, head.size)
    for tile in tree.partial():
        _compare(read, tile, size=head.size)  # 3, the right edge
    if tree.root() != head.root:  # 4
        raise Refused(Code.ROOT_OTHER, "the entries and tiles agree, but not with the root that was signed")


def _leaf_hashes(bundle: Sequence[bytes]) -> list[bytes]:
    """Give the hash of each entry as `merkle.leaf_hash` does; a digest begun once is faster than one made anew."""
    begun = _LEAF.copy
    leaves: list[bytes] = []
    for entry in bundle:
        digest = begun()
        digest.update(entry)
        leaves.append(digest.digest())
    return leaves


def _bundle(read: Read, index: int, *, size: int) -> list[bytes]:
    """Take step 2 for one bundle."""
    first = index * WIDTH
    try:
        bundle = read_bundle(read, index, size=size)
    except TruncatedBundle as error:
        at = first + error.complete
        raise Refused(Code.BUNDLE_TRUNCATED, f"entry bundle {index} ends within entry {at}", index=at) from error
    if bundle is None:
        raise Refused(Code.BUNDLE_MISSING, f"entry bundle {index} is missing", index=first)
    return bundle


def _tile(read: Read, level: int, index: int, *, size: int) -> bytes:
    first = index * WIDTH ** (level + 1)
    stored = read_tile(read, level, index, size=size)
    if stored is None:
        raise Refused(Code.TILE_MISSING, f"tile {index} of level {level} is missing", index=first)
    if len(stored) != width_of(level, index, size=size) * HASH_SIZE:
        raise Refused(Code.TILE_MALFORMED, f"tile {index} of level {level} has a wrong length", index=first)
    return stored


def _compare(read: Read, computed: Tile, *, size: int) -> None:
    """Take step 3 for a tile above the lowest level, which was compared with its entries."""
    if computed.level == 0:
        return
    stored = _tile(read, computed.level, computed.index, size=size)
    if stored == computed.data:
        return
    differs = next(at for at, (one, other) in enumerate(zip(stored, computed.data, strict=True)) if one != other)
    first = (computed.index * WIDTH + differs // HASH_SIZE) * WIDTH**computed.level
    raise Refused(
        Code.TILE_ALTERED,
        f"tile {computed.index} of level {computed.level} does not follow from the entries from {first} on",
        index=first,
    )
