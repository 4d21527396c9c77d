"""What a time-stamping authority adds to a checkpoint: that this signed note existed at this time (RFC 3161).

Stamped is SHA-256 of the note as the log signed it, without the lines that witnesses add later
(`checkpoint.as_signed`). What is kept is the authority's whole answer (a DER TimeStampResp), which
`openssl ts -verify -data <note> -in <answer> -CAfile <certificates>` checks as well.
"""

import re
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, ObjectIdentifier
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

GRANTED: Final = 0

_SHA256: Final = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_WHY: Final = re.compile(r'Verify error: ([^"]+)')  # openssl's word for what is wrong with a chain


class BadTimestamp(ValueError):
    """An authority's answer is no time-stamp of this note; the text names what is wrong with it."""


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """A time-stamping authority as its certificates, and the policy (a dotted OID) it must stamp under, if any."""

    roots: tuple[Certificate, ...]
    intermediates: tuple[Certificate, ...] = ()
    policy: str | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a time-stamp: its DER, and the nonce that the answer must repeat."""

    der: bytes
    nonce: int


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What a verified time-stamp says: the instant (aware UTC) and the policy it was made under."""

    time: datetime
    policy: str


def read_authority(pem: bytes, *, policy: str | None = None) -> Authority:
    """Return the authority of a PEM file: at least one self-signed certificate, and any between it and the signer.

    Raises ValueError.
    """
    certificates = x509.load_pem_x509_certificates(pem)
    roots = tuple(each for each in certificates if each.subject == each.issuer)
    if not roots:
        raise ValueError("no self-signed (root) certificate is among them")
    if policy is not None:
        ObjectIdentifier(policy)
    return Authority(
        roots=roots, intermediates=tuple(each for each in certificates if each.subject != each.issuer), policy=policy
    )


def ask(note: bytes) -> Question:
    """Return a request over these bytes, with a fresh nonce, for an answer that holds the signer's certificate."""
    request = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256).build()
    assert request.nonce is not None
    return Question(der=request.as_bytes(), nonce=request.nonce)


def check(answer: bytes, note: bytes, *, authority: Authority, asked: Question | None = None) -> Stamp:
    """Return what a time-stamp of exactly these bytes says; `asked`, while it is fresh, binds it to its request.

    In this order: granted, SHA-256 of these bytes, the request's nonce, the policy, one signing certificate that may
    stamp, its chain to a root as of the stamp's own time, the signature. Needs no network. Raises BadTimestamp.
    Source: RFC 3161 sections 2.2 and 2.4.2.
    """
    try:
        return _check(answer, note, authority, asked)
    except BadTimestamp:
        raise
    except VerificationError as fault:
        why = _WHY.search(str(fault))
        told = why[1] if why else str(fault).partition(": ErrorStack")[0]
        raise BadTimestamp(f"the time-stamp does not verify with the configured certificates: {told}") from None
    except Exception as fault:  # noqa: BLE001  # the answer is a stranger's DER: whatever a parser makes of it is bad
        raise BadTimestamp(f"the answer is no time-stamp: {type(fault).__name__}") from None


def _check(answer: bytes, note: bytes, authority: Authority, asked: Question | None) -> Stamp:
    response = decode_timestamp_response(answer)
    if response.status != GRANTED:
        raise BadTimestamp(f"the authority did not grant a time-stamp: status {response.status}")
    info = response.tst_info
    if info.message_imprint.hash_algorithm != _SHA256 or info.message_imprint.message != sha256(note).digest():
        raise BadTimestamp("the time-stamp is of something else")
    if asked is not None and info.nonce != asked.nonce:
        raise BadTimestamp("the time-stamp answers another request: its nonce is not the one sent")
    policy = info.policy.dotted_string
    if authority.policy not in {None, policy}:
        raise BadTimestamp(f"the time-stamp was made under the policy {policy}, not {authority.policy}")
    _one_signer(response, authority)
    VerifierBuilder(
        roots=list(authority.roots), intermediates=list(authority.intermediates), tsa_certificate=None
    ).build().verify(response, sha256(note).digest())
    return Stamp(time=info.gen_time, policy=policy)


def _one_signer(response: TimeStampResponse, authority: Authority) -> None:
    """Refuse two certificates under the signer's name and number: the one checked must be the one that signed."""
    (signer,) = response.signed_data.signer_infos
    known = {each.public_bytes(Encoding.DER) for each in (*authority.roots, *authority.intermediates)}
    named = [x509.load_der_x509_certificate(each) for each in known | response.signed_data.certificates]
    if len([c for c in named if (c.issuer, c.serial_number) == (signer.issuer, signer.serial_number)]) != 1:
        raise BadTimestamp("the time-stamp does not hold exactly one certificate of its signer")
