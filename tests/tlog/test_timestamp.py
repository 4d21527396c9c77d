"""RFC 3161 over a checkpoint: what openssl's authority grants is accepted here, and nothing else is."""

import asyncio
import contextlib
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, strategies as st
from rfc3161_client import decode_timestamp_response

from gateway.tlog.checkpoint import as_signed
from gateway.tlog.timestamp import Authority, BadTimestamp, Question, ask, check, read_authority
from tests.simulators.timestamp_authority import POLICY, SimulatedAuthority, make_authority, openssl
from tests.tlog.exported_log import make_signer, release, signed_head

NOTE = signed_head([release()])
COSIGNED = NOTE + "\u2014 witness.example/w1 AAAAAGhlbGxv\n".encode()
TST_INFO = "1.2.840.113549.1.9.16.1.4"


class Stamped:
    """One granted time-stamp over NOTE, made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_authority(folder)
        self.question = ask(NOTE)
        self.answer = self.reply(self.question.der)
        self.authority = read_authority((folder / "ca.pem").read_bytes())

    def reply(self, query: bytes) -> bytes:
        return asyncio.run(SimulatedAuthority(folder=self.folder).answer("/tsa", "application/timestamp-query", query))[
            2
        ]


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Stamped:
    return Stamped(tmp_path_factory.mktemp("tsa") / "good")


def test_a_granted_time_stamp_tells_its_time_and_policy(stamped: Stamped):
    told = check(stamped.answer, NOTE, authority=stamped.authority, asked=stamped.question)
    assert told.policy == POLICY
    assert told.time.tzinfo is not None
    assert told == check(stamped.answer, NOTE, authority=stamped.authority)


def test_openssl_accepts_what_is_accepted_here(stamped: Stamped, tmp_path: Path):
    (tmp_path / "5.checkpoint").write_bytes(NOTE)
    (tmp_path / "5.tsr").write_bytes(stamped.answer)
    words = ["-in", str(tmp_path / "5.tsr"), "-data", str(tmp_path / "5.checkpoint")]
    code, printed = asyncio.run(openssl("ts", "-verify", *words, "-CAfile", str(stamped.folder / "ca.pem")))
    assert (code, "Verification: OK" in printed) == (0, True)


def test_what_is_stamped_is_the_note_without_what_witnesses_added(stamped: Stamped):
    assert as_signed(COSIGNED.decode()) == as_signed(NOTE.decode()) == NOTE
    assert check(stamped.answer, as_signed(COSIGNED.decode()), authority=stamped.authority).policy == POLICY
    with pytest.raises(BadTimestamp, match="something else"):
        check(stamped.answer, COSIGNED, authority=stamped.authority)


@pytest.mark.parametrize(
    "note", ["", "hello\n", signed_head([release()], signer=make_signer(1, "other.example")).decode()]
)
def test_a_note_that_its_log_did_not_sign_is_not_stamped(note):
    with pytest.raises(ValueError, match="no signature of its own log"):
        as_signed(note)


def test_each_question_has_its_own_nonce(stamped: Stamped):
    other = ask(NOTE)
    assert other.nonce != stamped.question.nonce
    with pytest.raises(BadTimestamp, match="nonce"):
        check(stamped.answer, NOTE, authority=stamped.authority, asked=other)


def test_a_time_stamp_of_another_checkpoint_is_refused(stamped: Stamped):
    with pytest.raises(BadTimestamp, match="something else"):
        check(stamped.answer, NOTE + b" ", authority=stamped.authority)


def test_a_time_stamp_by_another_digest_is_refused(stamped: Stamped, tmp_path: Path):
    (tmp_path / "note").write_bytes(NOTE)
    words = ["-data", str(tmp_path / "note"), "-sha512", "-cert", "-out", str(tmp_path / "query")]
    asyncio.run(openssl("ts", "-query", *words))
    answer = stamped.reply((tmp_path / "query").read_bytes())
    assert decode_timestamp_response(answer).status == 0
    with pytest.raises(BadTimestamp, match="something else"):
        check(answer, NOTE, authority=stamped.authority)


def test_the_policy_is_the_one_configured(stamped: Stamped):
    ca = (stamped.folder / "ca.pem").read_bytes()
    assert check(stamped.answer, NOTE, authority=read_authority(ca, policy=POLICY)).policy == POLICY
    with pytest.raises(BadTimestamp, match=r"under the policy 1\.2\.3\.4\.1, not 1\.2\.3\.4\.2"):
        check(stamped.answer, NOTE, authority=read_authority(ca, policy="1.2.3.4.2"))


def test_a_refusal_is_no_time_stamp(stamped: Stamped):
    answer = stamped.reply(b"\x30\x03\x02\x01\x01")  # openssl answers with a rejection
    with pytest.raises(BadTimestamp, match="did not grant a time-stamp: status 2"):
        check(answer, NOTE, authority=stamped.authority)


def test_the_chain_ends_in_a_configured_root(stamped: Stamped, tmp_path: Path):
    other = read_authority((make_authority(tmp_path / "other") / "ca.pem").read_bytes())
    with pytest.raises(BadTimestamp, match="certificate signature failure"):
        check(stamped.answer, NOTE, authority=other)


def test_a_certificate_that_may_not_stamp_does_not(stamped: Stamped, tmp_path: Path):
    folder = make_authority(tmp_path / "plain", purpose=ExtendedKeyUsageOID.EMAIL_PROTECTION)
    answer = signed_by(folder, content_of(stamped.answer))
    with pytest.raises(BadTimestamp, match="unsuitable certificate purpose"):
        check(answer, NOTE, authority=read_authority((folder / "ca.pem").read_bytes()))


def test_a_time_stamp_without_its_signers_certificate_is_refused(stamped: Stamped):
    answer = signed_by(stamped.folder, content_of(stamped.answer), "-nocerts")
    with pytest.raises(BadTimestamp, match="exactly one certificate"):
        check(answer, NOTE, authority=stamped.authority)


@given(st.data())
def test_a_flipped_byte_never_moves_the_time_nor_crashes(stamped: Stamped, data):
    answer = bytearray(stamped.answer)
    answer[data.draw(st.integers(0, len(answer) - 1))] ^= data.draw(st.integers(1, 255))
    told = check(stamped.answer, NOTE, authority=stamped.authority)
    with contextlib.suppress(BadTimestamp):
        assert check(bytes(answer), NOTE, authority=stamped.authority) == told  # an unsigned byte of the envelope


@given(st.binary(max_size=200))
def test_what_is_no_answer_is_refused_by_name(stamped: Stamped, answer):
    with pytest.raises(BadTimestamp):
        check(answer, NOTE, authority=stamped.authority)


@given(st.integers(0, 2_000))
def test_a_truncated_answer_is_refused(stamped: Stamped, end):
    with pytest.raises(BadTimestamp):
        check(stamped.answer[: min(end, len(stamped.answer) - 1)], NOTE, authority=stamped.authority)


def test_an_authority_needs_a_root(stamped: Stamped):
    with pytest.raises(ValueError, match="self-signed"):
        read_authority((stamped.folder / "tsa.pem").read_bytes())
    with pytest.raises(ValueError, match="PEM"):
        read_authority(b"nothing")
    with pytest.raises(ValueError):
        read_authority((stamped.folder / "ca.pem").read_bytes(), policy="ours")
    assert isinstance(stamped.authority, Authority)
    assert isinstance(stamped.question, Question)


def content_of(answer: bytes) -> bytes:
    """The TSTInfo inside an answer: the one DER sequence that holds the digest and parses to the same length."""
    at = answer.index(sha256(NOTE).digest())
    start = max(i for i in range(at) if answer[i] == 0x30 and answer[i + 2 : i + 5] == b"\x02\x01\x01")
    return answer[start : start + 2 + answer[start + 1]]


def signed_by(folder: Path, content: bytes, *options: str) -> bytes:
    """A granted answer over this content, signed as a plain CMS message: what no authority would sign."""
    (folder / "content").write_bytes(content)
    files = {"-signer": "tsa.pem", "-inkey": "tsa.key", "-in": "content", "-out": "token"}
    words = [word for option, name in files.items() for word in (option, str(folder / name))]
    kind = ["-binary", "-nodetach", "-nosmimecap", "-outform", "DER", "-econtent_type", TST_INFO]
    code, printed = asyncio.run(openssl("cms", "-sign", *kind, *options, *words))
    assert code == 0, printed
    inside = b"\x30\x03\x02\x01\x00" + (folder / "token").read_bytes()
    return b"\x30\x82" + len(inside).to_bytes(2) + inside
