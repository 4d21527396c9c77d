"""Tags are HMAC-SHA256 as RFC 2104 defines it, and parts cannot be shifted between co-op and code."""

import hashlib
import hmac

from hypothesis import given, strategies as st

from gateway.core.identity import commit, commitment, member_tag, pairwise_id
from gateway.tlog.merkle import leaf_hash, root_of

names = st.text(min_size=1, max_size=20)
keys = st.binary(min_size=32, max_size=32)


def framed(text: str) -> bytes:
    return len(text.encode()).to_bytes(2, "big") + text.encode()


@given(keys, names, names)
def test_a_tag_is_the_standard_mac(key: bytes, coop: str, code: str) -> None:
    assert member_tag(key, coop, code) == hmac.digest(key, framed(coop) + framed(code), "sha256")


@given(keys, names, names, names)
def test_pairwise_ids_differ_by_partner_and_co_op(key: bytes, coop: str, partner: str, code: str) -> None:
    mine = pairwise_id(key, coop, partner, code)
    assert len(mine) == 22
    assert mine != pairwise_id(key, coop, partner + "x", code)
    assert mine != pairwise_id(key, coop + "x", partner, code)


@given(st.lists(st.tuples(keys, keys), max_size=40))
def test_the_commitment_is_one_hash_or_the_rfc_6962_root(pairs: list[tuple[bytes, bytes]]) -> None:
    tags, salts = [tag for tag, _ in pairs], [salt for _, salt in pairs]
    leaves = [hashlib.sha256(salt + tag).digest() for tag, salt in pairs]
    assert [commitment(tag, salt) for tag, salt in pairs] == leaves
    expected = leaves[0] if len(leaves) == 1 else root_of(leaf_hash(leaf) for leaf in leaves)
    assert commit(tags, salts) == expected
