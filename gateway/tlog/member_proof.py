"""Proof that a member is, or is not, among those a log entry commits to; checked with nothing but the entry.

What is proven, and what is not:
- The member appears as its tag (transfers of up to 16, and stops) or its ordinal (larger transfers, and follow-ups).
  That this tag or ordinal is that person's is the co-op's word: only the holder of K_subject can compute the one, only
  the holder of `member_ordinal` knows the other.
- Membership shows nothing of the other members of a small transfer. In a large one it shows the ordinals that share
  the chunk, which are numbers without meaning to whoever lacks the table.
- Absence from a small transfer is proven by opening all of it, which shows the other tags. A tag is the same in every
  transfer, so such a proof goes only to whom that may be shown.
- Absence from a large one is proven by the member's chunk, or by the two chunks that stand side by side where it would
  have to stand. That chunks stand in order, each once, is what the gateway does; `verify_members` shows it of a
  transfer whose side rows are all opened.
- With its side rows erased an entry can no longer be proven anything of: the commitment stays and says nothing.

JSON, bytes as base64 (RFC 4648 section 4). Source: transfer-log.md "Members and side rows".
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from gateway.core.identity import FEW, SALT, Chunk, Subject, commit, commitment
from gateway.jose import rfc4648
from gateway.tlog.entries import FollowUp, Release, Restrict, decode
from gateway.tlog.merkle import inclusion_proof, leaf_hash, verify_inclusion
from gateway.tlog.sets import BITS, chunk_leaf, commitment_of, low_bits

Shown = Literal["member", "absent"]


class NotProven(ValueError):
    """A proof that does not show what it claims."""


class _Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="proof"):
    pass


class MemberOfFew(_Proof, frozen=True, kw_only=True, tag="member-of-few"):
    """The member with this tag stands at this place of a small transfer, or of a stop."""

    tag: bytes
    salt: bytes
    position: int
    path: tuple[bytes, ...]


class AbsentFromFew(_Proof, frozen=True, kw_only=True, tag="absent-from-few"):
    """All members of a small transfer, in order; the one with this tag is not among them."""

    tag: bytes
    members: tuple[Subject, ...]


class Placed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A chunk as committed to, with its place among the chunks."""

    position: int
    number: int
    salt: bytes
    container: bytes
    path: tuple[bytes, ...]


class MemberOfMany(_Proof, frozen=True, kw_only=True, tag="member-of-many"):
    """The member with this ordinal is in this chunk of a large transfer."""

    ordinal: int
    size: int
    """How many chunks there are."""
    chunk: Placed


class AbsentFromMany(_Proof, frozen=True, kw_only=True, tag="absent-from-many"):
    """The member's chunk, which does not hold it; or the neighbours of where its chunk would stand, one at an end."""

    ordinal: int
    size: int
    chunks: tuple[Placed, ...]


MemberProof = MemberOfFew | AbsentFromFew | MemberOfMany | AbsentFromMany
_decoder = msgspec.json.Decoder(MemberProof)


def encode(proof: MemberProof) -> str:
    """Return a proof as JSON."""
    return msgspec.json.format(msgspec.json.encode(proof)).decode()


def parse(text: str | bytes) -> MemberProof:
    """Return the proof that JSON holds. Raises ValueError."""
    try:
        proof: MemberProof = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise ValueError(f"not a proof about a member: {fault}") from None
    return proof


def prove_few(tag: bytes, members: Sequence[Subject]) -> MemberOfFew | AbsentFromFew:
    """Return what can be proven of a tag and a small transfer with exactly these side rows, in their order."""
    position = next((n for n, one in enumerate(members) if one.tag == tag), None)
    if position is None:
        return AbsentFromFew(tag=tag, members=tuple(members))
    path = inclusion_proof(position, len(members), lambda n: leaf_hash(commitment(members[n].tag, members[n].salt)))
    return MemberOfFew(tag=tag, salt=members[position].salt, position=position, path=tuple(path))


def prove_many(ordinal: int, chunks: Sequence[Chunk]) -> MemberOfMany | AbsentFromMany:
    """Return what can be proven of an ordinal and a large transfer with exactly these side rows, sorted by number."""
    number = ordinal >> BITS
    leaves = [chunk_leaf(chunk.number, chunk.salt, chunk.container) for chunk in chunks]

    def placed(position: int) -> Placed:
        path = tuple(inclusion_proof(position, len(leaves), leaves.__getitem__))
        one = chunks[position]
        return Placed(position=position, number=one.number, salt=one.salt, container=one.container, path=path)

    size, before = len(chunks), sum(chunk.number < number for chunk in chunks)
    if before == size or chunks[before].number != number:
        around = [placed(position) for position in (before - 1, before) if 0 <= position < size]
        return AbsentFromMany(ordinal=ordinal, size=size, chunks=tuple(around))
    if _has(chunks[before].container, ordinal):
        return MemberOfMany(ordinal=ordinal, size=size, chunk=placed(before))
    return AbsentFromMany(ordinal=ordinal, size=size, chunks=(placed(before),))


def verify_member(proof: MemberProof, *, entry: bytes) -> Shown:
    """Return what a proof shows of its member and this entry, as stored. Raises NotProven, ValueError for the entry.

    That the entry is in the log is another proof (tlog-proof@v1).
    """
    committed, count, few = _commitment(entry)
    match proof:
        case MemberOfFew() | AbsentFromFew():
            _demand(few, "this entry commits to sets of ordinals")
            return _few(proof, committed, count)
        case MemberOfMany() | AbsentFromMany():
            _demand(not few, "this entry commits to members one by one")
            return _many(proof, committed)


def verify_members(entry: bytes, *, subjects: Sequence[Subject], chunks: Sequence[Chunk]) -> None:
    """Check all side rows of an entry against it: how many, in order, and what it commits to. Raises NotProven."""
    committed, count, few = _commitment(entry)
    if few:
        _demand(not chunks and len(subjects) == count, "the side rows are not as many as the members")
        _check_sizes(*(part for one in subjects for part in (one.tag, one.salt)))
        root = commit([one.tag for one in subjects], [one.salt for one in subjects])
    else:
        numbers = [chunk.number for chunk in chunks]
        _demand(not subjects and numbers == sorted({*numbers}), "the chunks are not in order, each once")
        values = [_values(chunk.container) for chunk in chunks]
        _demand(sum(map(len, values)) == count, "the chunks do not hold as many members as were released")
        for chunk, low in zip(chunks, values, strict=True):
            ends = (chunk.number << BITS) + low[0], (chunk.number << BITS) + low[-1]
            _demand(ends == (chunk.lo, chunk.hi), "a chunk's bounds are not its members'")
        root = commitment_of(chunks)
    _demand(root == committed, "the side rows are not what the entry commits to")


def _commitment(entry: bytes) -> tuple[bytes, int, bool]:
    """Return (commitment, members, whether they are committed to one by one)."""
    match known := decode(entry):
        case Release():
            return rfc4648.decode(known.commitment), known.counts.released, known.counts.released <= FEW
        case FollowUp():
            return rfc4648.decode(known.commitment), known.members, False
        case Restrict():
            return rfc4648.decode(known.commitment), known.members, True
        case _:
            raise NotProven("this entry commits to no members")


def _few(proof: MemberOfFew | AbsentFromFew, committed: bytes, count: int) -> Shown:
    if isinstance(proof, AbsentFromFew):
        members = proof.members
        _check_sizes(proof.tag, *(part for one in members for part in (one.tag, one.salt)))
        _demand(len(members) == count, "not all members are opened")
        opened = commit([one.tag for one in members], [one.salt for one in members])
        _demand(opened == committed, "the members opened are not those committed to")
        _demand(all(one.tag != proof.tag for one in members), "the member is among those opened")
        return "absent"
    _check_sizes(proof.tag, proof.salt)
    leaf = commitment(proof.tag, proof.salt)
    if count == 1:
        _demand(proof.position == 0 and not proof.path and leaf == committed, "the one member is another")
        return "member"
    found = verify_inclusion(leaf_hash(leaf), proof.path, index=proof.position, size=count, root=committed)
    _demand(found, "the member is not at this place")
    return "member"


def _many(proof: MemberOfMany | AbsentFromMany, committed: bytes) -> Shown:
    _demand(0 <= proof.ordinal < 1 << (32 + BITS), "no such ordinal")
    number = proof.ordinal >> BITS
    shown = (proof.chunk,) if isinstance(proof, MemberOfMany) else proof.chunks
    for one in shown:
        _check_sizes(one.salt)
        _demand(0 <= one.number < 1 << 32, "no such chunk")
        leaf = chunk_leaf(one.number, one.salt, one.container)
        found = verify_inclusion(leaf, one.path, index=one.position, size=proof.size, root=committed)
        _demand(found, "a chunk is not at its place")
    match shown:
        case [one] if one.number == number:
            member = isinstance(proof, MemberOfMany)
            _demand(_has(one.container, proof.ordinal) is member, "the chunk says the opposite")
            return "member" if member else "absent"
        case [one] if isinstance(proof, AbsentFromMany) and one.number > number:
            _demand(one.position == 0, "there may be a chunk before")
        case [one] if isinstance(proof, AbsentFromMany):
            _demand(one.position == proof.size - 1, "there may be a chunk after")
        case [before, after]:
            _demand(before.number < number < after.number, "the member's chunk would not stand between these")
            _demand(before.position + 1 == after.position, "there may be a chunk between")
        case _:
            raise NotProven("the chunks shown are not the member's, nor its neighbours")
    return "absent"


def _has(container: bytes, ordinal: int) -> bool:
    return ordinal & ((1 << BITS) - 1) in _values(container)


def _values(container: bytes) -> list[int]:
    try:
        return low_bits(container)
    except ValueError as fault:
        raise NotProven(str(fault)) from None


def _check_sizes(*parts: bytes) -> None:
    # Of another length, salt and what follows it could be cut elsewhere and hash the same.
    _demand(all(len(part) == SALT for part in parts), "tags and salts are 32 bytes each")


def _demand(holds: bool, otherwise: str) -> None:  # noqa: FBT001  # reads as a sentence where it is called
    if not holds:
        raise NotProven(otherwise)
