"""A document's bytes and digest depend on what the files say alone, and samples stay out of the real thing."""

import hashlib
import json
import random

import pytest
from hypothesis import given, settings, strategies as st

from gateway.adapters.policy_files.document import PolicyDocument
from gateway.adapters.policy_files.load import load
from gateway.adapters.policy_files.resolve import resolve, resolve_bytes

COOPS = ("kyoritsusha", "coopdeli")


@pytest.fixture(scope="module")
def documents(root):
    return {
        (coop, samples): load(root / "policies", root / "partners", coop, samples=samples).document
        for coop in COOPS
        for samples in (True, False)
    }


@pytest.mark.parametrize("samples", [True, False])
@pytest.mark.parametrize("coop", COOPS)
def test_bytes_make_the_same_document_with_the_same_digest(documents, coop, samples):
    document = documents[coop, samples]
    data = document.canonical()
    again = PolicyDocument.from_bytes(data)
    assert again == document
    assert again.canonical() == data
    assert again.digest == document.digest == hashlib.sha256(data).hexdigest()
    assert resolve(again) == resolve(document) == resolve_bytes(data, document.digest)


def test_canonical_bytes_are_sorted_plain_json(documents):
    data = documents["kyoritsusha", True].canonical()
    plain = json.loads(data, parse_float=lambda _: pytest.fail("a float"))
    assert data == json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing(documents, chance):
    document = documents["kyoritsusha", True]
    again = PolicyDocument.from_bytes(json.dumps(_shuffled(json.loads(document.canonical()), chance)).encode())
    assert again.digest == document.digest
    assert list(resolve(again).fields) == list(resolve(document).fields)
    assert resolve(again) == resolve(document)


def _shuffled(part, chance: random.Random):
    if isinstance(part, dict):
        keys = list(part)
        chance.shuffle(keys)
        return {key: _shuffled(part[key], chance) for key in keys}
    return [_shuffled(one, chance) for one in part] if isinstance(part, list) else part


def test_comments_and_layout_change_nothing_and_every_value_does(room):
    def digest():
        return load(room.policies, room.partners, "kyoritsusha", samples=True).document.digest

    before = digest()
    room.edit("policies/kyoritsusha/source.yaml", "status: status\n", "status:   status # the same\n")
    assert digest() == before
    room.edit("policies/kyoritsusha/agreements/sunnet.yaml", "retention_days: 90", "retention_days: 91")
    assert digest() != before


def test_bytes_that_are_no_document_are_refused(documents):
    data = documents["coopdeli", False].canonical()
    for broken in (b"", b"{}", data[:-1], data.replace(b'"coop":', b'"koop":', 1), data.replace(b"{", b'{"x":1,', 1)):
        with pytest.raises(ValueError, match=r"."):
            PolicyDocument.from_bytes(broken)
    with pytest.raises(ValueError, match="digest"):
        resolve_bytes(data, "0" * 64)


def test_samples_load_in_the_demo_alone(documents):
    demo, real = documents["kyoritsusha", True], documents["kyoritsusha", False]
    assert set(demo.agreements) == {"jccu", "coop-kyosai", "sunnet"}
    assert real.agreements == {}
    assert real.decisions == {}
    assert {client.id for partner in real.partners.values() for client in partner.clients} == set()
    assert {partner.id for partner in real.partners.values()} == {partner.id for partner in demo.partners.values()}
    assert "見本" not in real.without_samples().model_copy(update={"fields": {}}).canonical().decode()


def test_a_sample_reading_is_no_reading(documents):
    purposes = {s: resolve(documents["kyoritsusha", s]).notices[-1].purposes for s in (True, False)}
    assert {code for code, one in purposes[True].items() if one.joint == "yes"} == {"P3", "P4", "P5", "P12"}
    assert {code for code, one in purposes[False].items() if one.joint == "yes"} == set()
    assert purposes[False]["P4"].joint == "review"


def test_only_partners_that_the_coop_names_are_in_its_document(documents, room):
    assert len(documents["kyoritsusha", True].partners) == 8
    assert len(documents["coopdeli", True].partners) == 10
    before = documents["kyoritsusha", True].digest
    room.edit("partners/coop-mirai.yaml", "address: null", "address: 埼玉県")
    assert load(room.policies, room.partners, "kyoritsusha", samples=True).document.digest == before
