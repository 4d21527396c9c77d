"""Access tokens: what is issued is read back; each rule broken alone, by a token the right key signed."""

import contextlib
from itertools import combinations

import msgspec
import pytest
from hypothesis import given, strategies as st

from gateway.jose import rfc4648
from gateway.jose.rfc7515 import signer_from_private_key
from gateway.oauth.rfc6749 import OAuthError
from gateway.oauth.rfc9068 import AccessToken, issue, verify
from gateway.oauth.rfc9396 import Detail, write_details
from tests.jose.tokens import Json, compact, ec_key, ec_public, rsa_key, rsa_public, without

ISSUER, RESOURCE = "https://gw.example.coop", "https://gw.example.coop/v1"
NOW = 1_800_000_000
JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
DETAIL = Detail(coop="kyoritsusha", purpose="P4", agreement="a-1", fields=("member_code", "name"), product="G1")
KEYS = {"t1": ec_public("token", kid="t1"), "t0": ec_public("older", kid="t0"), "r1": rsa_public(kid="r1")}
HEADER = {"alg": "ES256", "kid": "t1", "typ": "at+jwt"}
CLAIMS: dict[str, object] = {
    "iss": ISSUER,
    "sub": "jccu",
    "client_id": "jccu",
    "aud": RESOURCE,
    "iat": NOW,
    "exp": NOW + 300,
    "jti": "token-1",
    "cnf": {"jkt": JKT},
    "authorization_details": msgspec.json.decode(msgspec.json.encode(write_details(DETAIL))),
}


def read(token: str, *, now: int = NOW) -> AccessToken:
    return verify(token, keys=KEYS, issuer=ISSUER, resource=RESOURCE, now=now)


def refusal(token: str, *, now: int = NOW) -> str:
    with pytest.raises(OAuthError) as caught:
        read(token, now=now)
    assert (caught.value.error, caught.value.status) == ("invalid_token", 401)
    return caught.value.reason.removeprefix("token:")


def token(*, key: str = "token", header: Json | None = None, claims: Json | None = None, **change: object) -> str:
    return compact({**HEADER, **(header or {})}, {**CLAIMS, **(claims or {}), **change}, key=ec_key(key))


def issued(detail: Detail = DETAIL, *, now: int = NOW) -> str:
    signer = signer_from_private_key(ec_key("token"), "t1")
    return issue(
        signer, issuer=ISSUER, resource=RESOURCE, client_id="jccu", jkt=JKT, detail=detail, now=now, jti="token-1"
    )


def test_an_issued_token_carries_exactly_the_profiles_claims() -> None:
    parts = issued().split(".")
    header, claims = (msgspec.json.decode(rfc4648.decode(part)) for part in parts[:2])
    assert (header, claims) == (HEADER, CLAIMS)
    assert list(claims) == ["iss", "sub", "client_id", "aud", "iat", "exp", "jti", "cnf", "authorization_details"]


def test_it_is_read_back() -> None:
    assert read(issued()) == AccessToken(client_id="jccu", jkt=JKT, exp=NOW + 300, detail=DETAIL)


def test_it_lives_300_seconds() -> None:
    assert read(issued(), now=NOW + 299).exp == NOW + 300
    assert refusal(issued(), now=NOW + 300) == "exp"


def test_another_replica_may_be_half_a_minute_ahead() -> None:
    assert read(issued(), now=NOW - 30).client_id == "jccu"
    assert refusal(issued(), now=NOW - 31) == "iat"


def test_a_token_of_an_older_key_that_is_still_published() -> None:
    assert read(token(key="older", header={"kid": "t0"})).client_id == "jccu"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"iss": "https://other.example"}, "iss"),
        ({"iss": [ISSUER]}, "iss"),
        ({"aud": ISSUER}, "aud"),
        ({"aud": [RESOURCE]}, "aud"),
        ({"iat": str(NOW)}, "iat"),
        ({"iat": True}, "iat"),
        ({"exp": NOW}, "exp"),
        ({"exp": NOW + 301}, "exp"),
        ({"exp": str(NOW + 300)}, "exp"),
        ({"exp": None}, "exp"),
        ({"sub": "other"}, "client-id"),
        ({"client_id": "other"}, "client-id"),
        ({"client_id": "", "sub": ""}, "client-id"),
        ({"client_id": 1, "sub": 1}, "client-id"),
        ({"cnf": None}, "cnf"),
        ({"cnf": {}}, "cnf"),
        ({"cnf": {"jkt": "x"}}, "cnf"),
        ({"cnf": {"jkt": None}}, "cnf"),
        ({"cnf": [JKT]}, "cnf"),
        ({"authorization_details": []}, "details"),
        ({"authorization_details": None}, "details"),
    ],
)
def test_claims(change: dict[str, object], why: str) -> None:
    assert refusal(token(claims=change)) == why


@pytest.mark.parametrize(
    ("name", "why"),
    [("iss", "iss"), ("aud", "aud"), ("iat", "iat"), ("exp", "exp"), ("sub", "client-id"), ("client_id", "client-id"),
     ("cnf", "cnf"), ("authorization_details", "details")],
)  # fmt: skip
def test_claims_that_may_not_be_absent(name: str, why: str) -> None:
    assert refusal(compact(HEADER, without(CLAIMS, name), key=ec_key("token"))) == why


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"typ": "JWT"}, "typ"),
        ({"typ": "application/at+jwt"}, "typ"),
        ({"alg": "none"}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": "PS256"}, "alg"),
        ({"kid": "t9"}, "kid"),
        ({"kid": "r1"}, "signature"),
        ({"kid": "t0"}, "signature"),
        ({"jwk": {}}, "header-member"),
    ],
)
def test_headers(header: dict[str, object], why: str) -> None:
    assert refusal(token(header=header)) == why


def test_other_faults() -> None:
    assert refusal("") == "segments"
    assert refusal(token(pad="x" * 4096)) == "too-long"
    assert refusal(token(key="partner")) == "signature"
    assert refusal(compact(without(HEADER, "kid"), CLAIMS, key=ec_key("token"))) == "kid"
    assert refusal(compact(HEADER | {"alg": "PS256", "kid": "r1"}, CLAIMS, key=rsa_key())) == "alg"


FAULTS: dict[str, dict[str, object]] = {
    "signature": {"key": "partner"},
    "iss": {"iss": ""},
    "aud": {"aud": ""},
    "iat": {"iat": None},
    "exp": {"exp": 0},
    "client-id": {"sub": ""},
    "cnf": {"cnf": {}},
    "details": {"authorization_details": []},
}


@pytest.mark.parametrize(("first", "second"), list(combinations(FAULTS, 2)))
def test_of_two_faults_the_earlier_check_answers(first: str, second: str) -> None:
    faults = FAULTS[second] | FAULTS[first]
    key = str(faults.pop("key", "token"))
    assert refusal(compact(HEADER, CLAIMS | faults, key=ec_key(key))) == first


def test_no_token_is_issued_that_the_resource_would_not_read() -> None:
    many = Detail(
        coop="c", purpose="p", agreement="a", fields=tuple(f"a_rather_long_field_name_{i}" for i in range(200))
    )
    with pytest.raises(OAuthError) as caught:
        issued(many)
    assert (caught.value.error, caught.value.reason) == ("invalid_authorization_details", "details:too-many")


NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)


@given(
    st.builds(
        Detail,
        coop=NAME,
        purpose=NAME,
        agreement=NAME,
        fields=st.sets(st.sampled_from("abcdefgh"), min_size=1).map(tuple),
        product=st.none() | NAME,
    ),
    st.integers(0, 2**33),
)
def test_any_detail_is_read_back(detail: Detail, now: int) -> None:
    assert read(issued(detail, now=now), now=now).detail == detail


@given(st.text(max_size=200))
def test_random_tokens_raise_nothing_but_a_refusal(text: str) -> None:
    assert refusal(text)


@given(st.dictionaries(st.sampled_from(list(CLAIMS)), st.none() | st.booleans() | st.integers(0, 2**40) | st.text()))
def test_random_claims_raise_nothing_but_a_refusal(change: dict[str, object]) -> None:
    with contextlib.suppress(OAuthError):
        assert read(compact(HEADER, CLAIMS | change, key=ec_key("token"))).client_id == "jccu"
