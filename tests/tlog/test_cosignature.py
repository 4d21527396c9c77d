"""C2SP tlog-cosignature: what witnesses of other logs published verifies, and one altered bit does not."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st
from tlog_scales.signing import Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from gateway.tlog.checkpoint import open_ours
from gateway.tlog.cosignature import CosignatureKey, Cosigner, Quorum, cosignatures, parse_witness_vkey, timestamp_of
from gateway.tlog.note import BadSignature, MalformedNote, NoKnownSignature, decode64, open_note, parse_vkey
from tests.tlog.exported_log import LOG, ORIGIN, SIGNER
from tests.tlog.witnesses import NOON, witness

# A checkpoint of a Certificate Transparency log as it was published, the keys of the log and of three witnesses.
CT_LOG = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
STAGEMOLE = "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv"
GARDEN = "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM"
PUBLISHED = """\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
""".encode()
PUBLISHED_TIME = 0x6A122120  # as it stands in all four

# The example of the specification: its key is not published, its time and key id are.
EXAMPLE = "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=="

remora, stagemole, garden = map(parse_witness_vkey, (REMORA, STAGEMOLE, GARDEN))
KNOWN = (remora, stagemole, garden)
HEAD = LOG["checkpoint"]
TEXT = HEAD.decode().split("\n\n", maxsplit=1)[0] + "\n"
one, two, three = map(witness, (1, 2, 3))


@pytest.mark.parametrize("vkey", [REMORA, STAGEMOLE, GARDEN])
def test_a_published_witness_key_is_read_and_written_back(vkey):
    key = parse_witness_vkey(vkey)
    assert key.encode() == vkey
    assert key.key_id.hex() == vkey.split("+")[1]


def test_published_cosignatures_verify_and_say_when():
    found = cosignatures(PUBLISHED, KNOWN)
    assert [each.key for each in found] == list(KNOWN)
    assert {each.time for each in found} == {PUBLISHED_TIME}
    assert all(each.line.encode() in PUBLISHED for each in found)


def test_published_cosignatures_stand_beside_the_signature_of_the_log():
    opened = open_note(PUBLISHED, [parse_vkey(CT_LOG), *KNOWN])
    assert opened.signed_by == (parse_vkey(CT_LOG), garden, remora, stagemole)


def test_the_time_in_the_example_of_the_specification():
    blob = decode64(EXAMPLE)
    assert blob[:4].hex() == "8d66cf3f"
    assert timestamp_of(blob[4:]) == 1679315147


@pytest.mark.parametrize(("old", "new"), [(b"1432088532", b"1432088533"), (b"U7WM", b"U7WN"), (b"arche", b"archf")])
def test_a_published_cosignature_is_of_that_checkpoint_alone(old, new):
    with pytest.raises(BadSignature):
        cosignatures(PUBLISHED.replace(old, new), [remora])


@given(bit=st.integers(0, 72 * 8 - 1))
def test_one_bit_of_time_or_signature_and_it_is_void(bit):
    good = decode64(one.cosign(TEXT, at=NOON).split()[2])[4:]
    bad = bytearray(good)
    bad[bit // 8] ^= 1 << bit % 8
    assert one.key.verify(TEXT.encode(), good)
    assert not one.key.verify(TEXT.encode(), bytes(bad))


@pytest.mark.parametrize("length", [0, 4, 8, 9, 64, 71, 73])
def test_a_cosignature_of_another_length_is_none(length):
    assert not one.key.verify(TEXT.encode(), bytes(length))


def test_a_time_beyond_63_bits_is_none():
    assert timestamp_of(b"\x7f" + b"\xff" * 7 + bytes(64)) == 2**63 - 1
    with pytest.raises(ValueError, match="range"):
        timestamp_of(b"\x80" + bytes(71))


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        CT_LOG,
        SIGNER.key.encode(),
        REMORA.replace("da77ade7", "da77ade8"),
        REMORA.replace("da77ade7", "DA77ADE7"),
        REMORA.replace("+BOv", "+BOw"),
        REMORA[:-4],
        REMORA.replace("remora.n621.de", ""),
        REMORA.replace("remora.n621.de", "remora n621.de"),
    ],
)
def test_what_is_no_witness_key_is_refused(vkey):
    with pytest.raises(ValueError):
        parse_witness_vkey(vkey)


@pytest.mark.parametrize(("name", "public"), [("", bytes(32)), ("a+b", bytes(32)), ("a", bytes(31)), ("a", bytes(33))])
def test_what_could_not_be_read_back_is_not_made_a_witness_key(name, public):
    with pytest.raises(ValueError):
        CosignatureKey(name, public)


@given(seed=st.binary(min_size=32, max_size=32), second=st.integers(0, 2**33))
def test_another_implementation_accepts_what_our_witness_signs(seed, second):
    at = datetime.fromtimestamp(second, UTC)
    cosigner = Cosigner("witness.example/any", Ed25519PrivateKey.from_private_bytes(seed))
    head = TheirCheckpoint.from_text((HEAD + cosigner.cosign(TEXT, at=at).encode()).decode())
    head.verify(Vkey.from_string(cosigner.key.encode()))
    [mine] = cosignatures(HEAD + cosigner.cosign(TEXT, at=at).encode(), [cosigner.key])
    assert mine.time == second


def test_both_implementations_accept_the_same_published_witnesses():
    theirs = TheirCheckpoint.from_text(PUBLISHED.decode())
    valid = VkeySet(*map(Vkey.from_string, (REMORA, STAGEMOLE, GARDEN))).verify(theirs.signatures, theirs)
    assert {vkey.name for vkey, _ in valid} == {each.key.name for each in cosignatures(PUBLISHED, KNOWN)}


def test_the_answer_of_a_witness_is_read_after_the_note():
    answer = three.cosign(TEXT, at=NOON) + one.cosign(TEXT, at=NOON)
    found = cosignatures(HEAD + answer.encode(), [one.key, two.key])
    assert [(each.key, each.line) for each in found] == [(one.key, one.cosign(TEXT, at=NOON))]


def test_of_two_cosignatures_of_a_witness_the_newer_counts():
    later = NOON.replace(hour=13)
    lines = one.cosign(TEXT, at=later) + one.cosign(TEXT, at=NOON)
    [found] = cosignatures(HEAD + lines.encode(), [one.key])
    assert found.line == one.cosign(TEXT, at=later)


def test_no_cosignature_is_none_and_a_bad_one_is_an_error():
    assert cosignatures(HEAD, [one.key]) == ()
    with pytest.raises(MalformedNote):
        cosignatures(b"no note", [one.key])
    forged = Cosigner(one.key.name, Ed25519PrivateKey.generate())
    assert cosignatures(HEAD + forged.cosign(TEXT, at=NOON).encode(), [one.key]) == ()  # another key id: a stranger


@pytest.mark.parametrize(
    ("threshold", "signers", "enough"), [(1, [one], True), (2, [one], False), (2, [one, three], True)]
)
def test_a_quorum_counts_witnesses(threshold, signers, enough):
    note = HEAD + "".join(each.cosign(TEXT, at=NOON) for each in signers).encode()
    assert Quorum((one.key, two.key, three.key), threshold).satisfied_by(note) is enough


def test_a_witness_that_signs_twice_has_one_voice():
    note = HEAD + (one.cosign(TEXT, at=NOON) * 2 + one.cosign(TEXT, at=NOON.replace(hour=13))).encode()
    assert not Quorum((one.key, two.key), 2).satisfied_by(note)


def test_a_published_quorum():
    assert Quorum(KNOWN, 3).satisfied_by(PUBLISHED)
    assert not Quorum((*KNOWN, one.key), 4).satisfied_by(PUBLISHED)


@pytest.mark.parametrize(
    ("keys", "threshold"),
    [
        ((), 0),
        ((one.key,), 0),
        ((one.key,), 2),
        ((one.key, one.key), 1),
        ((one.key, CosignatureKey("witness.example/alias", one.key.public)), 1),
        ((one.key, CosignatureKey(one.key.name, two.key.public)), 1),
    ],
)
def test_what_is_no_quorum_is_refused(keys, threshold):
    with pytest.raises(ValueError):
        Quorum(keys, threshold)


def test_what_a_witness_signed_is_not_yet_what_the_log_says():
    cosigned_only = TEXT.encode() + b"\n" + one.cosign(TEXT, at=NOON).encode()
    with pytest.raises(NoKnownSignature):
        open_ours(cosigned_only, [SIGNER.key, one.key], origin=ORIGIN)
    note = HEAD + one.cosign(TEXT, at=NOON).encode()
    assert open_ours(note, [SIGNER.key, one.key], origin=ORIGIN).size == 600
