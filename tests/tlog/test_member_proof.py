"""Membership and absence are proven with nothing but the entry; whatever is changed in a proof, it proves nothing."""

import hashlib
import os
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from gateway.core.identity import Chunk, Subject, commit
from gateway.jose import rfc4648
from gateway.tlog.entries import Counts, Key, Restrict, encode as encode_entry
from gateway.tlog.member_proof import (
    AbsentFromFew,
    AbsentFromMany,
    MemberOfFew,
    MemberOfMany,
    MemberProof,
    NotProven,
    Placed,
    encode,
    parse,
    prove_few,
    prove_many,
    verify_member,
    verify_members,
)
from gateway.tlog.sets import chunks_of, commitment_of
from tests.tlog.exported_log import release

TIME = "2026-11-22T05:06:07.123Z"
ordinals = st.sets(st.integers(0, 2**20 - 1), min_size=17, max_size=60)


def tag(number: int) -> bytes:
    return hashlib.sha256(f"tag {number}".encode()).digest()


def released(commitment: bytes, count: int) -> bytes:
    return release(commitment=rfc4648.encode(commitment), counts=Counts(asked=count, released=count))


def few(count: int) -> tuple[bytes, tuple[Subject, ...]]:
    members = tuple(Subject(tag(n), os.urandom(32)) for n in range(count))
    return released(commit([one.tag for one in members], [one.salt for one in members]), count), members


def many(members: set[int]) -> tuple[bytes, tuple[Chunk, ...]]:
    chunks = chunks_of(members, randomness=os.urandom)
    return released(commitment_of(chunks), len(members)), chunks


def shown(proof: MemberProof, entry: bytes) -> str:
    assert parse(encode(proof)) == proof
    return verify_member(parse(encode(proof)), entry=entry)


@pytest.mark.parametrize("count", range(17))
def test_every_member_of_a_small_transfer_is_proven_and_everybody_else_absent(count: int) -> None:
    entry, members = few(count)
    for n in range(count):
        proof = prove_few(tag(n), members)
        assert isinstance(proof, MemberOfFew)
        assert shown(proof, entry) == "member"
        others = [one.tag for one in members if one.tag != tag(n)]
        assert not any(other in msgspec.json.encode(proof) for other in others), "nothing of the others is shown"
    assert shown(prove_few(tag(99), members), entry) == "absent"
    verify_members(entry, subjects=members, chunks=())


@given(ordinals, st.integers(0, 2**20 - 1))
def test_an_ordinal_is_proven_a_member_exactly_where_it_is_one(members: set[int], other: int) -> None:
    entry, chunks = many(members)
    for ordinal in [*list(members)[:3], other]:
        assert shown(prove_many(ordinal, chunks), entry) == ("member" if ordinal in members else "absent")
    verify_members(entry, subjects=(), chunks=chunks)


def changes(value: Any) -> list[Any]:
    """Everything that a part of a proof can be instead, one change at a time."""
    match value:
        case bytes():
            return [value[:-1], value + b"\0", bytes([value[0] ^ 1, *value[1:]]), b""]
        case int():
            return [value + 1, value - 1, -1, value + (1 << 16), value ^ 1, 1 << 40]
        case tuple():
            shorter = [value[:n] + value[n + 1 :] for n in range(len(value))]
            one = [(*value[:n], new, *value[n + 1 :]) for n, old in enumerate(value) for new in changes(old)]
            return [*shorter, *one, (*value, *value[-1:]), value[::-1]]
        case _:
            names = value.__struct_fields__
            return [msgspec.structs.replace(value, **{n: new}) for n in names for new in changes(getattr(value, n))]


def refused(proof: MemberProof, entry: bytes) -> None:
    with pytest.raises(NotProven):
        verify_member(proof, entry=entry)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16])
def test_a_changed_proof_of_a_small_transfer_proves_nothing(count: int) -> None:
    entry, members = few(count)
    for proof in (prove_few(tag(count - 1), members), prove_few(tag(99), members)):
        for changed in changes(proof):
            if changed == proof or (isinstance(changed, AbsentFromFew) and changed.members == members):
                continue  # another tag is absent too
            refused(changed, entry)
    entry_of_others, _ = few(count)
    refused(prove_few(tag(0), members), entry_of_others)
    refused(AbsentFromFew(tag=tag(0), members=members), entry)


@settings(max_examples=25)
@given(ordinals, st.data())
def test_a_changed_proof_of_a_large_transfer_never_proves_the_opposite(members: set[int], data: st.DataObject) -> None:
    """Some changes tell as true a thing (another ordinal that is absent too); none tells a false one."""
    entry, chunks = many(members)
    ordinal = data.draw(st.sampled_from(sorted(members)) | st.integers(0, 2**20 - 1))
    proof = prove_many(ordinal, chunks)
    for changed in changes(proof):
        assert isinstance(changed, MemberOfMany | AbsentFromMany)
        try:
            said = verify_member(changed, entry=entry)
        except NotProven:
            continue
        assert said == ("member" if changed.ordinal in members else "absent")
        assert changed.ordinal != proof.ordinal or changed.size != proof.size or changed == proof


@settings(max_examples=60)
@given(ordinals, st.data(), st.integers(1, 40), st.integers(0, 40), st.integers(0, 40))
def test_absence_is_not_proven_by_any_two_chunks_however_they_are_placed(
    members: set[int], data: st.DataObject, size: int, left: int, right: int
) -> None:
    """The entry does not say how many chunks there are; a wrong number does not help whoever hides one."""
    entry, chunks = many(members)
    ordinal = data.draw(st.sampled_from(sorted(members)))
    before = [chunk for chunk in chunks if chunk.number < ordinal >> 16]
    after = [chunk for chunk in chunks if chunk.number > ordinal >> 16]
    honest = {chunk.number: prove_many(chunk.lo, chunks) for chunk in chunks}

    def placed(chunk: Chunk, position: int) -> Placed:
        proof = honest[chunk.number]
        assert isinstance(proof, MemberOfMany)
        return msgspec.structs.replace(proof.chunk, position=position)

    candidates = [
        (placed(before[-1], left), placed(after[0], right)) if before and after else (),
        (placed(before[-1], size - 1),) if before else (),
        (placed(after[0], 0),) if after else (),
        (),
    ]
    for shown_chunks in candidates:
        refused(AbsentFromMany(ordinal=ordinal, size=size, chunks=shown_chunks), entry)


def test_a_proof_of_one_kind_says_nothing_about_an_entry_of_the_other() -> None:
    small, members = few(16)
    large, chunks = many(set(range(17)))
    refused(prove_few(tag(0), members), large)
    refused(prove_many(0, chunks), small)


def test_a_stop_is_proven_like_a_small_transfer_whatever_its_size() -> None:
    members = tuple(Subject(tag(n), os.urandom(32)) for n in range(40))
    committed = rfc4648.encode(commit([one.tag for one in members], [one.salt for one in members]))
    words: dict[str, Any] = {"coop": "c", "time": TIME, "gov": 0, "event": "set", "restriction": "stop_use"}
    entry = encode_entry(Restrict(**words, members=40, commitment=committed, by="窓口", reason="申出"))
    assert shown(prove_few(tag(39), members), entry) == "member"
    verify_members(entry, subjects=members, chunks=())


def test_an_entry_without_members_proves_nothing() -> None:
    entry = encode_entry(Key(coop="c", time=TIME, event="added", use="log", jwk={}, by="x"))
    refused(prove_few(tag(0), few(1)[1]), entry)


def test_side_rows_that_are_not_all_there_or_not_as_committed_are_refused() -> None:
    entry, members = few(5)
    large, chunks = many(set(range(0, 200_000, 10_000)))
    wrong: list[tuple[bytes, tuple[Subject, ...], tuple[Chunk, ...]]] = [
        (entry, (), ()),
        (entry, members[1:], ()),
        (entry, members[::-1], ()),
        (entry, members, chunks),
        (large, (), ()),
        (large, (), chunks[1:]),
        (large, (), chunks[::-1]),
        (large, (), (*chunks, chunks[-1])),
        (large, members, chunks),
        (large, (), (msgspec.structs.replace(chunks[0], lo=1), *chunks[1:])),
        (large, (), (msgspec.structs.replace(chunks[0], salt=bytes(32)), *chunks[1:])),
        (large, (), (msgspec.structs.replace(chunks[0], container=b"?"), *chunks[1:])),
    ]
    for of, subjects, sets in wrong:
        with pytest.raises(NotProven):
            verify_members(of, subjects=subjects, chunks=sets)


GOOD = encode(prove_few(tag(0), few(3)[1]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"proof":"other"}',
        '{"proof":"member-of-few"}',
        b"\xff",
        "1" * 9_000,
        GOOD.replace('"position"', '"place"'),
        GOOD.replace('"proof"', '"more": 1, "proof"'),
    ],
)
def test_what_is_no_proof_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        parse(text)
