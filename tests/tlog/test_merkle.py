"""RFC 6962 section 2.1 against its definition, and against the vectors of Certificate Transparency."""

import pytest
from hypothesis import given, strategies as st

from gateway.tlog.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    consistency_ranges,
    inclusion_proof,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

CT_ENTRIES = [
    bytes.fromhex(each)
    for each in (
        *("", "00", "10", "2021", "3031", "40414243"),
        *("5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
]
CT_LEAVES = [leaf_hash(entry) for entry in CT_ENTRIES]
CT_ROOTS = [
    bytes.fromhex(each)
    for each in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
A, B, C, D, E, F, G, H, I = (  # inner nodes of the trees above, as the published proofs name them
    bytes.fromhex(each)
    for each in (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    )
)
CT_INCLUSION = {  # (index, size)
    (0, 1): [],
    (0, 8): [A, B, C],
    (5, 8): [D, E, F],
    (2, 3): [G],
    (1, 5): [CT_ROOTS[0], B, D],
}
CT_CONSISTENCY = {  # (old, new)
    (1, 1): [],
    (1, 8): [A, B, C],
    (6, 8): [H, E, F],
    (2, 5): [B, D],
    (6, 7): [H, I, F],
}

some_leaves = [leaf_hash(bytes([number])) for number in range(100)]
hashes = st.binary(min_size=32, max_size=32)


def mth(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash, word for word as RFC 6962 section 2.1 defines it."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def test_the_empty_tree():
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Frontier().root() == root_of([]) == EMPTY_ROOT


def test_the_roots_of_certificate_transparency():
    frontier = Frontier()
    for leaf, root in zip(CT_LEAVES, CT_ROOTS, strict=True):
        frontier = frontier.append(leaf)
        assert frontier.root() == root


@pytest.mark.parametrize("at", CT_INCLUSION)
def test_the_inclusion_proofs_of_certificate_transparency(at):
    index, size = at
    proof = inclusion_proof(index, size, CT_LEAVES.__getitem__)
    assert proof == CT_INCLUSION[at]
    assert verify_inclusion(CT_LEAVES[index], proof, index=index, size=size, root=CT_ROOTS[size - 1])


@pytest.mark.parametrize("sizes", CT_CONSISTENCY)
def test_the_consistency_proofs_of_certificate_transparency(sizes):
    old, new = sizes
    proof = consistency_proof(old, new, CT_LEAVES.__getitem__)
    assert proof == CT_CONSISTENCY[sizes]
    assert verify_consistency(proof, old=old, old_root=CT_ROOTS[old - 1], new=new, new_root=CT_ROOTS[new - 1])


def test_the_frontier_of_every_size_has_the_defined_root():
    frontier = Frontier()
    for size in range(len(some_leaves)):
        assert frontier.size == size
        assert len(frontier.hashes) == size.bit_count()
        assert frontier.root() == root_of(some_leaves[:size]) == mth(some_leaves[:size])
        frontier = frontier.append(some_leaves[size])


def test_every_leaf_of_every_tree_is_proved_and_only_at_its_place():
    for size in range(1, 34):
        root = mth(some_leaves[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, some_leaves.__getitem__)
            accepted = [
                (at, leaf)
                for at in range(size + 1)
                for leaf in (some_leaves[index], some_leaves[index - 1])
                if verify_inclusion(leaf, proof, index=at, size=size, root=root)
            ]
            assert (index, some_leaves[index]) in accepted
            assert size == 1 or len(accepted) == 1


def test_every_growth_is_proved_and_no_other():
    roots = [mth(some_leaves[:size]) for size in range(41)]
    for new in range(1, 41):
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, some_leaves.__getitem__)
            assert verify_consistency(proof, old=old, old_root=roots[old], new=new, new_root=roots[new])
            other = roots[old - 1]
            assert not verify_consistency(proof, old=old, old_root=other, new=new, new_root=roots[new])
            assert not verify_consistency(proof, old=old, old_root=roots[old], new=new, new_root=other)
            if old < new:
                assert not verify_consistency(proof, old=old - 1, old_root=other, new=new, new_root=roots[new])


@given(st.lists(hashes, max_size=40), st.lists(hashes, max_size=40))
def test_whatever_is_appended_the_tree_only_grew(before, after):
    old = Frontier().extend(before)
    new = old.extend(after)
    assert new == Frontier().extend(before + after)
    proof = consistency_proof(old.size, new.size, (before + after).__getitem__)
    assert verify_consistency(proof, old=old.size, old_root=old.root(), new=new.size, new_root=new.root())


@given(st.lists(hashes, min_size=1, max_size=40), st.data())
def test_a_changed_past_is_never_consistent(leaves, data):
    old = data.draw(st.integers(1, len(leaves)))
    changed = data.draw(st.integers(0, old - 1))
    other = [*leaves]
    other[changed] = leaf_hash(leaves[changed])
    proof = consistency_proof(old, len(leaves), other.__getitem__)
    assert not verify_consistency(
        proof, old=old, old_root=root_of(leaves[:old]), new=len(leaves), new_root=root_of(other)
    )


def damaged(proof: list[bytes]) -> list[list[bytes]]:
    flipped = [[*proof[:at], bytes([part[0] ^ 8]) + part[1:], *proof[at + 1 :]] for at, part in enumerate(proof)]
    garbage = [[*proof, b""], [b"", *proof], [*proof, A], [A, *proof], [*proof, proof[-1]], [proof[0], *proof]]
    return [*flipped, *garbage, proof[:-1], proof[1:], proof[::-1], []]


@pytest.mark.parametrize("at", [(0, 8), (5, 8), (1, 5)])
def test_a_damaged_inclusion_proof_proves_nothing(at):
    index, size = at
    root, leaf, proof = CT_ROOTS[size - 1], CT_LEAVES[index], CT_INCLUSION[at]
    for other in damaged(proof):
        assert not verify_inclusion(leaf, other, index=index, size=size, root=root)
    for bad_index, bad_size in ((index + 1, size), (index - 1, size), (index ^ 2, size), (index, size // 2)):
        assert not verify_inclusion(leaf, proof, index=bad_index, size=bad_size, root=root)
    assert not verify_inclusion(leaf, proof, index=index, size=size * 2, root=root)
    assert not verify_inclusion(b"leaf", proof, index=index, size=size, root=root)
    assert not verify_inclusion(leaf, proof, index=index, size=size, root=EMPTY_ROOT)
    assert not verify_inclusion(leaf, proof, index=index, size=size, root=b"")


@pytest.mark.parametrize("sizes", [(1, 8), (6, 8), (2, 5), (6, 7)])
def test_a_damaged_consistency_proof_proves_nothing(sizes):
    old, new = sizes
    old_root, new_root, proof = CT_ROOTS[old - 1], CT_ROOTS[new - 1], CT_CONSISTENCY[sizes]
    for other in damaged(proof):
        assert not verify_consistency(other, old=old, old_root=old_root, new=new, new_root=new_root)
    for bad_old, bad_new in ((old + 1, new), (old - 1, new), (old ^ 2, new), (old, new * 2), (old, new // 2)):
        assert not verify_consistency(proof, old=bad_old, old_root=old_root, new=bad_new, new_root=new_root)
    assert not verify_consistency(proof, old=old, old_root=new_root, new=new, new_root=old_root)
    assert not verify_consistency(proof, old=old, old_root=b"root", new=new, new_root=new_root)


def test_only_the_empty_root_stands_before_everything():
    root = CT_ROOTS[2]
    assert verify_consistency([], old=0, old_root=EMPTY_ROOT, new=3, new_root=root)
    assert not verify_consistency([], old=0, old_root=root, new=3, new_root=root)
    assert not verify_consistency([root], old=0, old_root=EMPTY_ROOT, new=3, new_root=root)
    assert not verify_consistency([], old=3, old_root=root, new=0, new_root=EMPTY_ROOT)
    assert not verify_inclusion(root, [], index=0, size=0, root=root)


def test_no_proof_exists_of_what_is_not_in_the_tree():
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_ranges(index, size)
    for old, new in ((4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="cannot have grown"):
            consistency_ranges(old, new)


@given(st.lists(hashes, max_size=70))
def test_a_stored_frontier_comes_back(leaves):
    frontier = Frontier().extend(leaves)
    assert Frontier.from_bytes(frontier.to_bytes()) == frontier


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        b"\0" * 9,
        (1).to_bytes(8),
        (1).to_bytes(8) + bytes(31),
        (2).to_bytes(8) + bytes(64),
        (2**63).to_bytes(8) + bytes(32),
    ],
)
def test_a_stored_frontier_of_another_length_is_refused(data):
    with pytest.raises(ValueError, match="frontier"):
        Frontier.from_bytes(data)
