"""Opening: what two other libraries seal, this client opens; anything else it refuses without a trace of content."""

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from joserfc import jwe as joserfc_jwe
from joserfc.jwk import ECKey
from jwcrypto import jwe as jwcrypto_jwe, jwk

from gateway.client.compact import b64u, unb64u
from gateway.client.errors import AnswerRejected
from gateway.client.jwe import decrypt
from gateway.client.keys import generate_key

KEY = generate_key("enc")
ISSUER, CLIENT = "https://gw.example.coop", "共済-01"
HEADER = {
    "alg": "ECDH-ES+A256KW",
    "enc": "A256GCM",
    "kid": KEY.kid,
    "typ": "JWT",
    "cty": "JWT",
    "apu": b64u(ISSUER.encode()),
    "apv": b64u(CLIENT.encode()),
}


def by_joserfc(plaintext: bytes, header: dict[str, Any] = HEADER) -> str:
    registry = joserfc_jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"])
    return joserfc_jwe.encrypt_compact(
        dict(header), plaintext, ECKey.import_key(dict(KEY.public_jwk())), registry=registry
    )


def by_jwcrypto(plaintext: bytes, header: dict[str, Any] = HEADER) -> str:
    token = jwcrypto_jwe.JWE(plaintext, json.dumps(header))
    token.add_recipient(jwk.JWK(**KEY.public_jwk()))
    sealed: str = token.serialize(compact=True)
    return sealed


def opened(sealed: str) -> bytes:
    return decrypt(sealed, keys=(generate_key("enc"), KEY), issuer=ISSUER, client_id=CLIENT)


@pytest.mark.parametrize("seal", [by_joserfc, by_jwcrypto])
@settings(max_examples=20, deadline=None)
@given(plaintext=st.binary(max_size=2_000))
def test_what_others_seal_opens(seal, plaintext: bytes):
    assert opened(seal(plaintext)) == plaintext


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_changed_character_goes_unnoticed(data: st.DataObject):
    sealed = by_joserfc(b"00000001")
    place = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.sampled_from("ABab01-_.=é"))
    changed = sealed[:place] + other + sealed[place + 1 :]
    if changed != sealed:
        with pytest.raises(AnswerRejected):
            opened(changed)


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=60) | st.lists(st.text("ABab01-_", max_size=20), min_size=5, max_size=5).map(".".join))
def test_no_text_does_worse_than_be_refused(text: str):
    with pytest.raises(AnswerRejected):
        opened(text)


@pytest.mark.parametrize(
    "epk", [None, {}, "x", {"kty": "EC", "crv": "P-256", "x": b64u(bytes(32)), "y": b64u(bytes(32))}]
)
def test_an_ephemeral_key_that_is_no_point_is_refused(epk: object):
    sealed = by_joserfc(b"x").split(".")
    header = json.loads(unb64u(sealed[0])) | {"epk": epk}
    with pytest.raises(AnswerRejected):
        opened(".".join([b64u(json.dumps(header).encode()), *sealed[1:]]))


def test_an_ephemeral_key_on_another_curve_is_refused():
    sealed = by_joserfc(b"x").split(".")
    other = ECKey.generate_key("P-384").as_dict(private=False)
    epk = {name: other[name] for name in ("kty", "crv", "x", "y")}
    header = json.loads(unb64u(sealed[0])) | {"epk": epk}
    with pytest.raises(AnswerRejected) as caught:
        opened(".".join([b64u(json.dumps(header).encode()), *sealed[1:]]))
    assert caught.value.check == "jwe-open"


def test_a_header_member_named_twice_is_refused():
    sealed = by_joserfc(b"x").split(".")
    header = unb64u(sealed[0]).replace(b'{"alg"', b'{"typ":"JWT","alg"', 1)
    with pytest.raises(AnswerRejected) as caught:
        opened(".".join([b64u(header), *sealed[1:]]))
    assert caught.value.check == "jwe"


@pytest.mark.parametrize(("part", "length"), [(1, 48), (2, 16), (4, 12), (4, 0)])
def test_parts_of_another_length_are_refused(part: int, length: int):
    sealed = by_joserfc(b"x").split(".")
    sealed[part] = b64u(bytes(length))
    with pytest.raises(AnswerRejected) as caught:
        opened(".".join(sealed))
    assert caught.value.check == "jwe"


def test_another_clients_key_opens_nothing():
    with pytest.raises(AnswerRejected) as caught:
        decrypt(by_joserfc(b"x"), keys=(generate_key("enc"),), issuer=ISSUER, client_id=CLIENT)
    assert caught.value.check == "jwe-kid"
