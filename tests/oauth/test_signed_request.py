"""The signed request: what makes it no evidence, what is left to the reader of its claims (security-profile §6)."""

import contextlib
from itertools import combinations

import pytest
from hypothesis import given, strategies as st

from gateway.core.request import MalformedClaim
from gateway.oauth.rfc6749 import OAuthError
from gateway.oauth.signed_request import check_request
from tests.jose.tokens import Json, compact, ec_key, ec_public, rsa_key, rsa_public, without

NOW = 1_800_000_000
RESOURCE = "https://gw.example.coop/v1"
KEYS = {"s1": ec_public("sig", kid="s1"), "r1": rsa_public(kid="r1")}
HEADER = {"alg": "ES256", "kid": "s1", "typ": "data-request+jwt"}
CLAIMS: dict[str, object] = {
    "iss": "jccu",
    "aud": RESOURCE,
    "iat": NOW,
    "exp": NOW + 60,
    "jti": "request-1",
    "coop": "kyoritsusha",
    "purpose": "P4",
    "agreement": "a-1",
    "members": ["0001"],
    "fields": ["name"],
}


def read(body: bytes) -> dict[str, object]:
    return check_request(body, keys=KEYS, client_id="jccu", resource=RESOURCE, now=NOW).claims


def request(*, key: str = "sig", header: Json | None = None, claims: Json | None = None, **change: object) -> bytes:
    full = {**CLAIMS, **(claims or {}), **change}
    return compact({**HEADER, **(header or {})}, full, key=ec_key(key)).encode()


def refusal(body: bytes) -> str:
    with pytest.raises(OAuthError) as caught:
        read(body)
    assert (caught.value.error, caught.value.status) == ("invalid_request_object", 401)
    return caught.value.reason.removeprefix("request:")


def test_its_claims_are_handed_on_as_they_came() -> None:
    assert read(request()) == CLAIMS
    assert read(request(nbf=NOW, anything=[1])) == CLAIMS | {"nbf": NOW, "anything": [1]}


def test_it_says_which_key_signed_and_prints_no_member_code() -> None:
    signed = check_request(request(members=["4902-canary"]), keys=KEYS, client_id="jccu", resource=RESOURCE, now=NOW)
    assert signed.kid == "s1"
    assert "canary" not in repr(signed)


def test_a_registered_rsa_key_signs_with_ps256() -> None:
    header = HEADER | {"alg": "PS256", "kid": "r1"}
    assert read(compact(header, CLAIMS, key=rsa_key()).encode()) == CLAIMS


@pytest.mark.parametrize(
    "change",
    [{"iat": NOW + 30, "exp": NOW + 330}, {"iat": NOW, "exp": NOW + 300}, {"iat": NOW - 300, "exp": NOW - 9},
     {"iat": NOW - 10, "exp": NOW - 9}, {"jti": "j" * 8}, {"jti": "j" * 128}],
)  # fmt: skip
def test_the_last_values_that_are_accepted(change: dict[str, object]) -> None:
    assert read(request(claims=change)) == CLAIMS | change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"iss": "other"}, "iss"),
        ({"iss": ["jccu"]}, "iss"),
        ({"aud": "https://gw.example.coop"}, "aud"),
        ({"aud": [RESOURCE]}, "aud"),
        ({"iat": NOW + 31}, "iat"),
        ({"iat": str(NOW)}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": None}, "iat"),
        ({"iat": NOW - 100, "exp": NOW - 10}, "exp"),
        ({"exp": NOW + 301}, "exp"),
        ({"iat": NOW + 10, "exp": NOW + 10}, "exp"),
        ({"iat": NOW + 10, "exp": NOW + 9}, "exp"),
        ({"exp": str(NOW + 60)}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": 1e9}, "number"),
    ],
)
def test_claims(change: dict[str, object], why: str) -> None:
    assert refusal(request(claims=change)) == why


@pytest.mark.parametrize("name", ["iss", "aud", "iat", "exp"])
def test_claims_that_may_not_be_absent(name: str) -> None:
    assert refusal(compact(HEADER, without(CLAIMS, name), key=ec_key("sig")).encode()) == name


@pytest.mark.parametrize("jti", ["j" * 7, "j" * 129, "", 12345678, None, ["request-1"]])
def test_a_malformed_jti_is_a_malformed_request(jti: object) -> None:
    with pytest.raises(MalformedClaim) as caught:
        read(request(jti=jti))
    assert caught.value.pointer == "/jti"


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"typ": "JWT"}, "typ"),
        ({"typ": "application/data-request+jwt"}, "typ"),
        ({"alg": "none"}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"kid": "s9"}, "kid"),
        ({"kid": "r1"}, "signature"),
        ({"alg": "PS256"}, "signature"),
        ({"jwk": {}}, "header-member"),
        ({"b64": False}, "header-member"),
    ],
)
def test_headers(header: dict[str, object], why: str) -> None:
    assert refusal(request(header=header)) == why


def test_other_faults() -> None:
    assert refusal(b"") == "segments"
    assert refusal(b"\xff" + request()) == "not-ascii"
    assert refusal(request() + b"\n") == "base64url"
    assert refusal(b" " + request()) == "base64url"
    assert refusal(request(pad="x" * 65_536)) == "too-long"
    assert refusal(request(key="proof")) == "signature"
    assert refusal(compact(without(HEADER, "kid"), CLAIMS, key=ec_key("sig")).encode()) == "kid"


def test_a_body_swapped_under_a_good_signature() -> None:
    head, _, seal = request().split(b".")
    other = request(members=["0002"]).split(b".")[1]
    assert refusal(b".".join((head, other, seal))) == "signature"


FAULTS: dict[str, dict[str, object]] = {
    "typ": {"typ": "JWT"},
    "signature": {"key": "other"},
    "iss": {"iss": ""},
    "aud": {"aud": ""},
    "iat": {"iat": None},
    "exp": {"exp": 0},
}


@pytest.mark.parametrize(("first", "second"), [*combinations(FAULTS, 2), *((fault, "jti") for fault in FAULTS)])
def test_of_two_faults_the_earlier_check_answers(first: str, second: str) -> None:
    faults = FAULTS.get(second, {"jti": ""}) | FAULTS[first]
    header = {name: value for name, value in faults.items() if name in HEADER}
    claims = {name: value for name, value in faults.items() if name in CLAIMS}
    assert refusal(request(key=str(faults.get("key", "sig")), header=header, claims=claims)) == first


@given(st.binary(max_size=200))
def test_random_bodies_raise_nothing_but_a_refusal(body: bytes) -> None:
    assert refusal(body)


@given(st.dictionaries(st.sampled_from(list(CLAIMS)), st.none() | st.booleans() | st.integers(0, 2**40) | st.text()))
def test_random_claims_raise_nothing_but_a_refusal(change: dict[str, object]) -> None:
    with contextlib.suppress(OAuthError, MalformedClaim):
        assert read(request(claims=change)) == CLAIMS | change
